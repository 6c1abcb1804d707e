"""Where the servers of the tests keep their data."""

import os
from pathlib import Path

import pytest
from guichet_local.testing import folders


@pytest.fixture(autouse=True)
def on_a_machine_with_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(folders.SETTING, raising=False)
    monkeypatch.setattr(folders, "ENOUGH", 0)


def test_a_run_has_one_folder_for_all_its_servers_and_leaves_nothing(tmp_path: Path) -> None:
    run = folders.begin(tmp_path)
    assert [folders.make("mongodb").parent, folders.make("rabbitmq").parent] == [run, run]
    folders.end(run)
    assert list(tmp_path.iterdir()) == []
    assert folders.SETTING not in os.environ


def test_a_worker_and_an_operator_who_chose_are_not_overruled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(folders.SETTING, str(tmp_path / "chosen"))
    assert folders.begin(tmp_path) is None
    assert os.environ[folders.SETTING] == str(tmp_path / "chosen")


@pytest.mark.parametrize("which", ["_room", "_free_memory"])
def test_too_little_memory_or_room_leaves_them_on_disk(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "ENOUGH", 1 << 20)
    for name in ("_room", "_free_memory"):
        monkeypatch.setattr(folders, name, lambda *_, short=name == which: (1 << 19) if short else (1 << 21))
    assert folders.begin(tmp_path) is None
    assert folders.SETTING not in os.environ


def test_what_a_killed_run_left_goes_and_what_a_running_one_uses_stays(tmp_path: Path) -> None:
    for pid in (1, 1 << 30):  # no process has the second number
        (tmp_path / f"guichet-tests-{pid}" / "data").mkdir(parents=True)
    folders.end(folders.begin(tmp_path))
    assert [folder.name for folder in tmp_path.iterdir()] == ["guichet-tests-1"]
