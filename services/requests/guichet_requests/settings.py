"""What this service can be told, besides what all can."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from guichet_kit.settings import EnvironmentSettings, ServiceSettings
from pydantic import Field


class RequestsSettings(ServiceSettings):
    """The settings of ``requests``."""

    service = "requests"

    mail_domain: str = Field(default="", pattern=r"^[A-Za-z0-9.-]*$", description="The right side of Message-IDs")
    sign_in_attempts: int = Field(
        default=10, ge=1, description="Wrong guesses at one account from one address or known browser, in a minute"
    )
    second_factor: Literal["nobody", "administrators", "managers", "everybody"] = Field(
        default="nobody", description="Of whom a second factor is asked; managers are supervisors and administrators"
    )
    reopen_within_days: int = Field(default=30, ge=0, description="How long a closed request is opened again by e-mail")

    confirmations_recipient: int = Field(default=3, ge=0, description="Forms an hour confirmed to an address; 0: all")
    confirmations_address: int = Field(default=60, ge=0, description="The same, of those from one network address")
    confirmations_site: int = Field(default=600, ge=0, description="The same, of one form")
    confirmations_installation: int = Field(default=2000, ge=0, description="The same, of all forms")

    @property
    def confirmations(self) -> dict[str, int]:
        """How many forms are confirmed by mail in an hour, by whom it is counted; 0 is no limit."""
        return {
            "recipient": self.confirmations_recipient,
            "address": self.confirmations_address,
            "site": self.confirmations_site,
            "installation": self.confirmations_installation,
        }

    requests_retention_days: int = Field(
        default=0, ge=0, description="Days that a closed request is kept, with all that is on it; 0: for good"
    )
    retention_days: int = Field(
        default=0, ge=0, description="Days that the files of a closed request are kept; 0: for good"
    )
    raw_mail_retention_days: int = Field(
        default=0, ge=0, description="Days that the mails of a closed request are kept as they came; 0: for good"
    )
    audit_retention_days: int = Field(default=0, ge=0, description="Days that the audit trail is kept; 0: for good")

    gateway_url: str = Field(
        default="http://127.0.0.1:8080",
        pattern=r"^https?://[^/]+$",
        description="Where the gateway is reached from here: a person's archive is gathered through it",
    )

    language: Literal["fr", "en"] = Field(default="fr", description="Of what is sent to somebody whose own is unknown")
    form_dir: Path = Field(
        default=Path(__file__).parents[3] / "web" / "form" / "dist", description="The built page of web forms"
    )

    @property
    def message_id_domain(self) -> str:
        """The domain of Message-IDs: the desk's own host where no other is set."""
        return self.mail_domain or urlsplit(self.public_url).hostname or "localhost"


class DatabaseSettings(EnvironmentSettings):
    """Those of them that the management command needs."""

    mongodb_url: str = Field(pattern=r"^mongodb(\+srv)?://")
    mongo_driver: Literal["pymongo", "motor"] = "pymongo"
    database_prefix: str = Field(default="guichet_", pattern=r"^[a-z0-9_]{1,40}$")


class LinkSettings(DatabaseSettings):
    """The same, and where the links that it gives lead to."""

    public_url: str = Field(default="http://localhost:8080", pattern=r"^https?://[^/]+/?$")
