"""What can be set, beside what every service has."""

from urllib.parse import urlsplit

from guichet_kit.settings import ServiceSettings
from pydantic import Field, ValidationInfo, field_validator


class Settings(ServiceSettings):
    """The settings of ``attachments``; each is the environment variable ``GUICHET_<NAME>``."""

    s3_endpoint: str = Field(description="http:// or https:// address of the object store")
    s3_access_key: str = Field(min_length=1)
    s3_secret_key: str = Field(min_length=1)
    attachments_bucket: str = Field(default="guichet-attachments", pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")

    upload_limit: int = Field(default=25_000_000, ge=1, le=1_000_000_000, description="Bytes of the largest file")
    upload_timeout: float = Field(default=600, gt=0, description="Seconds that receiving one file may take")
    orphans_after: int = Field(default=86_400, ge=1, description="Seconds until a file that no message names goes")
    receipt_lifetime: int = Field(default=43_200, ge=1, description="Seconds that a receipt is good for")
    retention_days: int = Field(default=0, ge=0, description="Days that a file of a message is kept; 0: for good")
    sweep_every: float = Field(default=3_600, gt=0, description="Seconds between two sweeps")
    clamd: str | None = Field(default=None, description="tcp://host:port or unix:///path of ClamAV's daemon")

    @field_validator("receipt_lifetime")
    @classmethod
    def _shorter_than_orphans(cls, value: int, info: ValidationInfo) -> int:
        # A receipt that outlives its file would be accepted by the chat and lead to nothing.
        if value >= info.data.get("orphans_after", value + 1):
            raise ValueError("must be shorter than GUICHET_ORPHANS_AFTER")
        return value

    @field_validator("clamd")
    @classmethod
    def _socket(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        tcp = parts.scheme == "tcp" and parts.hostname and parts.port
        if value is not None and not tcp and not (parts.scheme == "unix" and parts.path):
            raise ValueError("must be tcp://host:port or unix:///path")
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
            raise ValueError("must be http:// or https://, a host and perhaps a port, and no path")
        return value
