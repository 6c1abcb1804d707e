"""The data folder and its secrets."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guichet_local.data import DataFolder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestTheDataFolder:
    def test_only_its_owner_can_look_into_it(self, tmp_path: Path) -> None:
        data = DataFolder(tmp_path / "data").create()
        assert {mode(folder) for folder in (data.root, data.logs, data.run, data.keys, data.of("mongodb"))} == {0o700}

    def test_the_secrets_are_private_files(self, tmp_path: Path) -> None:
        data = DataFolder(tmp_path / "data").create()
        data.secrets()
        assert {mode(file) for file in data.keys.iterdir()} == {0o600}
        assert len(data.secret_key_file.read_bytes()) >= 32

    def test_the_secrets_are_made_once(self, tmp_path: Path) -> None:
        first = DataFolder(tmp_path / "data").create()
        secrets, key = first.secrets(), first.secret_key_file.read_bytes()
        again = DataFolder(tmp_path / "data").create()
        assert (again.secrets(), again.secret_key_file.read_bytes()) == (secrets, key)

    def test_a_folder_of_before_gets_signing_keys_and_its_sessions_go_on_for_a_month(self, tmp_path: Path) -> None:
        before, new = (DataFolder(tmp_path / name).create() for name in ("before", "new"))
        before.secret_key_file.write_bytes(b"k" * 48)
        for data in (before, new, before):
            data.secrets()
        assert before.tokens_of_before_until == datetime.now(UTC).date() + timedelta(days=30)
        assert before.secret_key_file.read_bytes() == b"k" * 48
        assert new.tokens_of_before_until is None
        assert {data.signing.public_file.exists() for data in (before, new)} == {True}

    def test_two_folders_have_different_secrets(self, tmp_path: Path) -> None:
        one, other = (DataFolder(tmp_path / name).create().secrets() for name in ("a", "b"))
        assert one.rabbitmq_password != other.rabbitmq_password
        assert one.s3_secret_key != other.s3_secret_key
