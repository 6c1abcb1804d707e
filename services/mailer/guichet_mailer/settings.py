"""What the service can be told."""

from pathlib import Path
from typing import Self

from guichet_kit.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator, model_validator

from guichet_mailer.mailbox import Mailbox


class Settings(ServiceSettings):
    """The settings of ``mailer``; the README lists them all."""

    s3_endpoint: str = Field(description="http:// or https:// address of the object store, without a path")
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    mail_bucket: str = Field(default="guichet-mail", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")

    mailboxes: tuple[Mailbox, ...] = ()
    smtp_url: SecretStr | None = Field(default=None, description="For mailboxes that name no server of their own")
    attachments_url: str = "http://127.0.0.1:18031"

    mail_inbound: SecretStr | None = Field(default=None, description="Secret of POST /api/v1/mail/inbound")
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(default=2525, ge=0, le=65535)
    lmtp_port: int = Field(default=2424, ge=0, le=65535)
    mail_connections: int = Field(default=20, ge=1, description="To SMTP and LMTP at once")
    mail_connections_per_address: int = Field(default=5, ge=1, description="Of them from one address")
    mail_tls_cert_file: Path | None = Field(default=None, description="PEM, for STARTTLS where mail comes in")
    mail_tls_key_file: Path | None = None
    mail_authserv_ids: tuple[str, ...] = Field(
        default=(), description="Of the servers whose Authentication-Results are believed (RFC 8601)"
    )
    mail_size_limit: int = Field(default=50_000_000, ge=1_000)
    mail_recipients_limit: int = Field(default=100, ge=1)
    imap_poll: float = Field(
        default=60, gt=0, le=1500, description="Seconds until the next look, unless IDLE tells before"
    )

    parse_timeout: float = Field(default=30, gt=0)
    process_lease: float = Field(default=180, gt=0, description="Seconds until a mail left by a crash is taken up")
    filed_within: float = Field(
        default=30, gt=0, description="Seconds until a mail is told of again of which nobody said where it was filed"
    )
    send_timeout: float = Field(default=60, gt=0, description="Seconds that a server may take for one mail")
    send_retries: tuple[float, ...] = (60, 300, 900, 3600, 3600, 7200, 14400, 28800, 28800, 43200)
    automatic_per_hour: int = Field(default=5, ge=0, description="Automatic mails to one address")

    quarantine_retention_days: int = Field(
        default=0, ge=0, description="Days that a mail is kept in quarantine; 0: for good"
    )

    @property
    def database(self) -> str:
        """The name of this service's own database."""
        return f"{self.database_prefix}mailer"

    @field_validator("s3_endpoint", "attachments_url")
    @classmethod
    def _address(cls, value: str) -> str:
        scheme, separator, host = value.rstrip("/").partition("://")
        if scheme not in ("http", "https") or not separator or not host or "/" in host:
            raise ValueError("must be http://HOST[:PORT] or https://HOST[:PORT]")
        return f"{scheme}://{host}"

    @field_validator("mailboxes")
    @classmethod
    def _ids_once(cls, value: tuple[Mailbox, ...]) -> tuple[Mailbox, ...]:
        if len({mailbox.id for mailbox in value}) != len(value):
            raise ValueError("two mailboxes have the same id")
        return value

    @model_validator(mode="after")
    def _certificate_is_whole(self) -> Self:
        if (self.mail_tls_cert_file is None) != (self.mail_tls_key_file is None):
            raise ValueError("GUICHET_MAIL_TLS_CERT_FILE and GUICHET_MAIL_TLS_KEY_FILE go together")
        return self
