"""Settings: environment variables with the prefix ``GUICHET_``, typed, checked once at start.

Each may be given as a file instead: ``GUICHET_MONGODB_URL_FILE`` names the file that holds ``GUICHET_MONGODB_URL``, as
container engines and Kubernetes hand out secrets.
"""

import os
import re
import sys
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from guichet_contracts.claims import SIGNING
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from guichet_kit.keys import Keys, private_key
from guichet_kit.tokens import OfBefore

SECRET_MIN_BYTES = 32
PREFIX = "GUICHET_"
FILE_SUFFIX = "_FILE"


class UnreadableSetting(Exception):
    """A setting that was to be read from a file could not be; the text names the variable and says why."""


class _EnvironmentAndFiles(EnvSettingsSource):
    """The environment, where ``<NAME>_FILE`` stands for a ``<NAME>`` whose value is what the file holds."""

    def __init__(self, settings_class: type[BaseSettings]) -> None:
        super().__init__(settings_class)
        names = {f"{PREFIX}{field.upper()}" for field in settings_class.model_fields}
        read = {name.lower(): value for name in names if (value := _from_file(name, names)) is not None}
        self.env_vars = {**self.env_vars, **read}


def _from_file(name: str, names: set[str]) -> str | None:
    variable = f"{name}{FILE_SUFFIX}"
    path = os.environ.get(variable)
    # SECRET_KEY_FILE is a setting itself: its value is the path.
    if not path or variable in names:
        return None
    if os.environ.get(name):
        raise UnreadableSetting(f"{variable}: {name} is set too; one of the two must go")
    try:
        value = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise UnreadableSetting(f"{variable}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnreadableSetting(f"{variable}: the file is not UTF-8 text") from None
    return value or None


class EnvironmentSettings(BaseSettings):
    """Settings from the environment and from the files that it names; see this module's text."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the code says, then the environment."""
        return init_settings, _EnvironmentAndFiles(settings_cls)


def _with_scheme(value: str, *schemes: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.netloc:
        raise ValueError(f"must be a URL that begins with {' or '.join(f'{s}://' for s in schemes)}")
    return value


def _amqp(value: str) -> str:
    for host in urlsplit(_with_scheme(value, "amqp", "amqps")).netloc.rpartition("@")[2].split(","):
        one = urlsplit(f"//{host}")
        try:
            usable = one.hostname and one.port != 0
        except ValueError:
            usable = False
        if not usable:
            # Without what was read: a slash in a password makes a part of it stand where the host should.
            raise ValueError("must name a host, with or without a port; several have commas between them")
    return value


AmqpUrl = Annotated[str, AfterValidator(_amqp)]
"""URL of RabbitMQ. Several nodes of a cluster stand with commas between them, each with its port."""


class ServiceSettings(EnvironmentSettings):
    """What every service can be told; a service adds its own in its ``settings.py``, and its name."""

    service: ClassVar[str]

    http_host: str = "127.0.0.1"
    http_port: int = Field(ge=1, le=65535)
    public_url: str = Field(
        default="http://localhost:8080",
        description="Where browsers reach the gateway: scheme and host, no path",
    )
    rabbitmq_url: AmqpUrl = Field(description="amqp:// or amqps:// URL of RabbitMQ; the nodes of a cluster with commas")
    mongodb_url: str = Field(description="mongodb:// or mongodb+srv:// URL of a replica set")
    mongo_driver: Literal["pymongo", "motor"] = "pymongo"
    database_prefix: str = Field(default="guichet_", pattern=r"^[a-z0-9_]{1,40}$")
    secret_key_file: Path = Field(description="File of at least 32 random bytes, the same for every service")
    signing_key_file: Path | None = Field(
        default=None, description="The service's own private key (PEM); `contacts` needs none, it signs nothing"
    )
    public_keys_file: Path = Field(description="The public keys of all services (JSON Web Key Set)")
    tokens_of_before_until: date | None = Field(
        default=None, description="After an upgrade: symmetric tokens of sessions are good before this day"
    )
    start_timeout: float = Field(default=60, gt=0, description="Seconds to wait for the servers at start")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str | None = Field(default=None, description="http:// or https:// URL that takes traces (OTLP/HTTP)")

    @field_validator("mongodb_url")
    @classmethod
    def _mongodb(cls, value: str) -> str:
        return _with_scheme(value, "mongodb", "mongodb+srv")

    @field_validator("otlp_endpoint")
    @classmethod
    def _otlp(cls, value: str | None) -> str | None:
        return None if value is None else _with_scheme(value, "http", "https")

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        value = _with_scheme(value, "http", "https").rstrip("/")
        if urlsplit(value).path:
            raise ValueError("must have no path")
        return value

    @field_validator("secret_key_file")
    @classmethod
    def _readable_secret(cls, value: Path) -> Path:
        try:
            with value.open("rb") as file:
                size = len(file.read(SECRET_MIN_BYTES))
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from None
        if size < SECRET_MIN_BYTES:
            raise ValueError(f"must hold at least {SECRET_MIN_BYTES} bytes")
        return value

    @field_validator("signing_key_file")
    @classmethod
    def _readable_key(cls, value: Path | None) -> Path | None:
        try:
            if value is not None:
                private_key(value.read_bytes())
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from None
        return value

    @field_validator("public_keys_file")
    @classmethod
    def _readable_keys(cls, value: Path, info: ValidationInfo) -> Path:
        try:
            Keys(cls.service, value, info.data.get("signing_key_file"))
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from None
        return value

    def require_signing_key(self) -> None:
        """End the program (status 2) where the service signs and was told no key. Commands need none."""
        if self.service in SIGNING and self.signing_key_file is None:
            _say("GUICHET_SIGNING_KEY_FILE: Field required")
            raise SystemExit(2)

    @cached_property
    def keys(self) -> Keys:
        """What the service signs and verifies tokens with."""
        return Keys(self.service, self.public_keys_file, self.signing_key_file)

    @cached_property
    def of_before(self) -> OfBefore | None:
        """Tokens of before an upgrade, while they are good."""
        until = self.tokens_of_before_until
        return None if until is None else OfBefore(self.secret_key, until)

    @cached_property
    def secret_key(self) -> bytes:
        """The installation's secret, from which hashes and seals of what is kept derive a key for each purpose."""
        return self.secret_key_file.read_bytes()


Settings = TypeVar("Settings", bound=BaseSettings)


def load_settings(kind: type[Settings]) -> Settings:
    """Read and check the settings, or end the program (status 2) with one line for each bad one, by its name."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            field = "_".join(str(part) for part in problem["loc"][:1]).upper()
            where = ".".join(str(part) for part in problem["loc"][1:])
            _say(f"GUICHET_{field}{f' ({where})' if where else ''}: {problem['msg']}")
        raise SystemExit(2) from None
    except UnreadableSetting as error:
        _say(str(error))
        raise SystemExit(2) from None
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))  # it says so in its text only
        _say(f"GUICHET_{named[1].upper()}: is not valid JSON" if named else str(error))
        raise SystemExit(2) from None


def _say(line: str) -> None:
    sys.stderr.write(f"bad setting: {line}\n")
