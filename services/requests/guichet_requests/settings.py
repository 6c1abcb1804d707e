"""What this service can be told: what all can."""

from typing import Literal

from guichet_kit.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RequestsSettings(ServiceSettings):
    """The settings of ``requests``."""


class DatabaseSettings(BaseSettings):
    """Those of them that the management command needs."""

    model_config = SettingsConfigDict(env_prefix="GUICHET_", extra="ignore", frozen=True, env_ignore_empty=True)

    mongodb_url: str = Field(pattern=r"^mongodb(\+srv)?://")
    mongo_driver: Literal["pymongo", "motor"] = "pymongo"
    database_prefix: str = Field(default="guichet_", pattern=r"^[a-z0-9_]{1,40}$")
