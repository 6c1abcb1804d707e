"""What can be set, beside what every service has."""

from urllib.parse import urlsplit

from guichet_kit.settings import ServiceSettings
from pydantic import Field, field_validator


class Settings(ServiceSettings):
    """The settings of ``attachments``; each is the environment variable ``GUICHET_<NAME>``."""

    s3_endpoint: str = Field(description="http:// or https:// address of the object store")
    s3_access_key: str = Field(min_length=1)
    s3_secret_key: str = Field(min_length=1)
    attachments_bucket: str = Field(default="guichet-attachments", pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")

    @field_validator("s3_endpoint")
    @classmethod
    def _http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
            raise ValueError("must be http:// or https://, a host and perhaps a port, and no path")
        return value
