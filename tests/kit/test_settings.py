"""Bad settings stop the start, each with one line that names it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from guichet_kit.settings import ServiceSettings, load_settings
from guichet_local.testing.signing import SIGNING

Load = Callable[[Mapping[str, str]], ServiceSettings]
Refuse = Callable[[Mapping[str, str]], list[str]]


class WithSites(ServiceSettings):
    """A service with a setting of its own, whose text is JSON."""

    service = "chat"
    sites: tuple[str, ...] = ()


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "secret.key"
    secret.write_bytes(b"k" * 32)
    return {
        "GUICHET_HTTP_PORT": "8000",
        "GUICHET_RABBITMQ_URL": "amqp://guest:guest@localhost/",
        "GUICHET_MONGODB_URL": "mongodb://localhost/?replicaSet=rs0",
        "GUICHET_SECRET_KEY_FILE": str(secret),
        "GUICHET_PUBLIC_KEYS_FILE": SIGNING.environment("chat")["GUICHET_PUBLIC_KEYS_FILE"],
    }


@pytest.fixture
def load(good: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load good settings, but for the changes; an empty value takes a setting away."""

    def with_changes(changes: Mapping[str, str]) -> WithSites:
        for name, value in (good | dict(changes)).items():
            monkeypatch.setenv(name, value)
        return load_settings(WithSites)

    return with_changes


@pytest.fixture
def refuse(load: Load, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Load bad settings; the lines of the refusal."""

    def lines(changes: Mapping[str, str]) -> list[str]:
        with pytest.raises(SystemExit) as refused:
            load(changes)
        assert refused.value.code == 2
        return capsys.readouterr().err.splitlines()

    return lines


class TestGoodSettings:
    def test_five_settings_are_enough_and_the_others_have_defaults(self, load: Load) -> None:
        settings = load({})
        assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8000)
        assert settings.public_url == "http://localhost:8080"
        assert (settings.mongo_driver, settings.database_prefix) == ("pymongo", "guichet_")
        assert (settings.log_level, settings.log_format) == ("INFO", "json")

    def test_the_secret_key_is_what_the_file_holds(self, load: Load) -> None:
        assert load({}).secret_key == b"k" * 32

    def test_the_public_url_loses_its_last_slash(self, load: Load) -> None:
        assert load({"GUICHET_PUBLIC_URL": "https://desk.example/"}).public_url == "https://desk.example"

    @pytest.mark.parametrize(
        "url",
        [
            "amqps://broker.example/desk",
            "amqp://localhost",
            "amqp://me:p%40s%2Cs@one:5672,two:5673,three/",
            "amqp://[::1]:5672,10.0.0.2:5672",
        ],
    )
    def test_both_amqp_schemes_are_taken_and_the_nodes_of_a_cluster(self, load: Load, url: str) -> None:
        assert load({"GUICHET_RABBITMQ_URL": url}).rabbitmq_url == url

    def test_an_empty_value_counts_as_absent(self, load: Load) -> None:
        assert load({"GUICHET_LOG_LEVEL": ""}).log_level == "INFO"

    def test_unknown_settings_of_the_prefix_are_no_error(self, load: Load) -> None:
        assert load({"GUICHET_OF_ANOTHER_SERVICE": "x"}).http_port == 8000


class TestSettingsFromFiles:
    @pytest.fixture
    def secret(self, tmp_path: Path) -> Callable[[str, str | bytes], str]:
        """Write a file as Kubernetes mounts it; its path."""

        def write(name: str, text: str | bytes) -> str:
            file = tmp_path / name
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            return str(file)

        return write

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_a_url_is_what_the_named_file_holds_without_the_end_of_its_line(
        self, load: Load, secret: Callable[[str, str], str], end: str
    ) -> None:
        path = secret("rabbitmq-url", f"amqps://me:p%40ss@broker.example/desk{end}")
        settings = load({"GUICHET_RABBITMQ_URL": "", "GUICHET_RABBITMQ_URL_FILE": path})
        assert settings.rabbitmq_url == "amqps://me:p%40ss@broker.example/desk"

    def test_a_setting_of_a_service_of_its_own_may_be_a_file_of_json(
        self, load: Load, secret: Callable[[str, str], str]
    ) -> None:
        settings = load({"GUICHET_SITES_FILE": secret("sites", '["a", "b"]\n')})
        assert isinstance(settings, WithSites)
        assert settings.sites == ("a", "b")

    def test_an_empty_file_counts_as_absent(self, load: Load, secret: Callable[[str, str], str]) -> None:
        assert load({"GUICHET_LOG_LEVEL_FILE": secret("level", "\n")}).log_level == "INFO"

    def test_the_secret_key_s_file_stays_the_path_of_a_file_of_bytes(
        self, load: Load, secret: Callable[[str, bytes], str]
    ) -> None:
        assert load({"GUICHET_SECRET_KEY_FILE": secret("key", b"\xff" * 40)}).secret_key == b"\xff" * 40

    def test_a_file_that_is_not_there_is_told_in_one_line(self, refuse: Refuse) -> None:
        (line,) = refuse({"GUICHET_MONGODB_URL": "", "GUICHET_MONGODB_URL_FILE": "/nowhere/url"})
        assert line == "bad setting: GUICHET_MONGODB_URL_FILE: cannot be read: No such file or directory"

    def test_a_file_that_is_no_text_is_told_in_one_line(
        self, refuse: Refuse, secret: Callable[[str, bytes], str]
    ) -> None:
        (line,) = refuse({"GUICHET_MONGODB_URL": "", "GUICHET_MONGODB_URL_FILE": secret("url", b"\xff\xfe")})
        assert line == "bad setting: GUICHET_MONGODB_URL_FILE: the file is not UTF-8 text"

    def test_a_setting_given_twice_is_refused_since_nobody_knows_which_is_meant(
        self, refuse: Refuse, secret: Callable[[str, str], str]
    ) -> None:
        (line,) = refuse({"GUICHET_MONGODB_URL_FILE": secret("url", "mongodb://elsewhere")})
        assert line.startswith("bad setting: GUICHET_MONGODB_URL_FILE: GUICHET_MONGODB_URL is set too")

    def test_a_bad_value_in_a_file_is_told_by_the_setting_s_name_and_not_shown(
        self, refuse: Refuse, secret: Callable[[str, str], str]
    ) -> None:
        path = secret("url", "http://me:hunter2@localhost")
        (line,) = refuse({"GUICHET_MONGODB_URL": "", "GUICHET_MONGODB_URL_FILE": path})
        assert line.startswith("bad setting: GUICHET_MONGODB_URL: ")
        assert "hunter2" not in line


class TestBadSettings:
    @pytest.mark.parametrize(
        "name", ["GUICHET_HTTP_PORT", "GUICHET_RABBITMQ_URL", "GUICHET_MONGODB_URL", "GUICHET_SECRET_KEY_FILE"]
    )
    def test_a_missing_one_is_named(self, refuse: Refuse, name: str) -> None:
        assert refuse({name: ""}) == [f"bad setting: {name}: Field required"]

    @pytest.mark.parametrize(
        ("name", "value", "why"),
        [
            ("GUICHET_HTTP_PORT", "none", "valid integer"),
            ("GUICHET_HTTP_PORT", "0", "greater than or equal to 1"),
            ("GUICHET_HTTP_PORT", "65536", "less than or equal to 65535"),
            ("GUICHET_RABBITMQ_URL", "http://localhost", "begins with amqp:// or amqps://"),
            ("GUICHET_RABBITMQ_URL", "amqp:localhost", "begins with amqp:// or amqps://"),
            ("GUICHET_RABBITMQ_URL", "amqp://[::1", "Invalid IPv6 URL"),
            ("GUICHET_RABBITMQ_URL", "amqp://me:secret@one:5672,,two/", "must name a host"),
            ("GUICHET_RABBITMQ_URL", "amqp://me:secret@one,two:many/", "must name a host"),
            ("GUICHET_RABBITMQ_URL", "amqp://me:secret@one,two:0/", "must name a host"),
            ("GUICHET_RABBITMQ_URL", "amqp://me:sec/ret@one/", "must name a host"),
            ("GUICHET_MONGODB_URL", "amqp://localhost", "begins with mongodb:// or mongodb+srv://"),
            ("GUICHET_PUBLIC_URL", "desk.example", "begins with http:// or https://"),
            ("GUICHET_PUBLIC_URL", "https://desk.example/path", "must have no path"),
            ("GUICHET_MONGO_DRIVER", "mongoengine", "'pymongo' or 'motor'"),
            ("GUICHET_DATABASE_PREFIX", "Ünsafe$", "match pattern"),
            ("GUICHET_START_TIMEOUT", "0", "greater than 0"),
            ("GUICHET_LOG_LEVEL", "LOUD", "'DEBUG', 'INFO'"),
            ("GUICHET_LOG_FORMAT", "xml", "'json' or 'console'"),
            ("GUICHET_SECRET_KEY_FILE", "/nowhere/secret.key", "No such file"),
        ],
    )
    def test_a_bad_value_is_told_in_one_line(self, refuse: Refuse, name: str, value: str, why: str) -> None:
        (line,) = refuse({name: value})
        assert line.startswith(f"bad setting: {name}: ")
        assert why in line

    def test_a_secret_shorter_than_32_bytes_is_refused(self, refuse: Refuse, tmp_path: Path) -> None:
        short = tmp_path / "short.key"
        short.write_bytes(b"k" * 31)
        (line,) = refuse({"GUICHET_SECRET_KEY_FILE": str(short)})
        assert line.startswith("bad setting: GUICHET_SECRET_KEY_FILE: ")
        assert line.endswith("must hold at least 32 bytes")

    def test_a_missing_set_of_public_keys_is_named(self, refuse: Refuse) -> None:
        assert refuse({"GUICHET_PUBLIC_KEYS_FILE": ""}) == ["bad setting: GUICHET_PUBLIC_KEYS_FILE: Field required"]
        (line,) = refuse({"GUICHET_PUBLIC_KEYS_FILE": "/nowhere/public-keys"})
        assert line.startswith("bad setting: GUICHET_PUBLIC_KEYS_FILE: ")
        assert line.endswith("cannot be read: No such file or directory")

    def test_a_private_key_of_another_service_is_refused(self, refuse: Refuse) -> None:
        (line,) = refuse({"GUICHET_SIGNING_KEY_FILE": SIGNING.environment("requests")["GUICHET_SIGNING_KEY_FILE"]})
        assert line.startswith("bad setting: GUICHET_PUBLIC_KEYS_FILE: ")
        assert line.endswith("the public key of requests-signing-key is not among those of chat")

    def test_what_is_no_private_key_is_refused(self, refuse: Refuse, good: dict[str, str]) -> None:
        lines = refuse({"GUICHET_SIGNING_KEY_FILE": good["GUICHET_SECRET_KEY_FILE"]})
        assert lines[0].startswith("bad setting: GUICHET_SIGNING_KEY_FILE: ")
        assert lines[0].endswith("must hold a private Ed25519 key (PEM, PKCS #8)")

    def test_a_service_that_signs_does_not_serve_without_its_key_though_its_commands_run(
        self, load: Load, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings = load({})
        with pytest.raises(SystemExit) as refused:
            settings.require_signing_key()
        assert refused.value.code == 2
        assert capsys.readouterr().err == "bad setting: GUICHET_SIGNING_KEY_FILE: Field required\n"

    def test_a_folder_is_no_secret_file(self, refuse: Refuse, tmp_path: Path) -> None:
        (line,) = refuse({"GUICHET_SECRET_KEY_FILE": str(tmp_path)})
        assert line.startswith("bad setting: GUICHET_SECRET_KEY_FILE: ")

    def test_a_value_that_should_be_json_is_named_too(self, refuse: Refuse) -> None:
        (line,) = refuse({"GUICHET_SITES": "[not json"})
        assert line.startswith("bad setting: GUICHET_SITES")

    def test_the_place_within_a_json_value_is_told(self, refuse: Refuse) -> None:
        (line,) = refuse({"GUICHET_SITES": '["a", 7]'})
        assert line.startswith("bad setting: GUICHET_SITES (1): ")

    def test_each_of_several_has_its_own_line(self, refuse: Refuse) -> None:
        lines = refuse({"GUICHET_HTTP_PORT": "x", "GUICHET_LOG_LEVEL": "x"})
        assert [line.split(": ")[1] for line in lines] == ["GUICHET_HTTP_PORT", "GUICHET_LOG_LEVEL"]

    def test_the_value_itself_is_not_shown_since_it_may_hold_a_password(self, refuse: Refuse) -> None:
        (line,) = refuse({"GUICHET_MONGODB_URL": "http://me:hunter2@localhost"})
        assert "hunter2" not in line
