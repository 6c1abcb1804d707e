"""What the service can be told."""

from guichet_kit.settings import ServiceSettings
from pydantic import Field, SecretStr, field_validator


class Settings(ServiceSettings):
    """The settings of ``mailer``; the README lists them all."""

    s3_endpoint: str = Field(description="http:// or https:// address of the object store, without a path")
    s3_access_key: str
    s3_secret_key: SecretStr
    s3_region: str = "us-east-1"
    mail_bucket: str = Field(default="guichet-mail", pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")

    @property
    def database(self) -> str:
        """The name of this service's own database."""
        return f"{self.database_prefix}mailer"

    @field_validator("s3_endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        scheme, separator, host = value.rstrip("/").partition("://")
        if scheme not in ("http", "https") or not separator or not host or "/" in host:
            raise ValueError("must be http://HOST[:PORT] or https://HOST[:PORT]")
        return f"{scheme}://{host}"
