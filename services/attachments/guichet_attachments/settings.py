"""What can be set, beside what every service has."""

import re
from typing import Literal
from urllib.parse import urlsplit

from guichet_kit.settings import ServiceSettings
from pydantic import Field, ValidationInfo, field_validator

from guichet_attachments.allowance import Allowance

_ALLOWANCE = re.compile(r"(\d{1,15})/(\d{1,15})")


class Settings(ServiceSettings):
    """The settings of ``attachments``; each is the environment variable ``GUICHET_<NAME>``."""

    service = "attachments"

    s3_endpoint: str = Field(description="http:// or https:// address of the object store")
    s3_access_key: str = Field(min_length=1)
    s3_secret_key: str = Field(min_length=1)
    attachments_bucket: str = Field(default="guichet-attachments", pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")

    upload_limit: int = Field(default=25_000_000, ge=1, le=1_000_000_000, description="Bytes of the largest file")
    upload_timeout: float = Field(default=600, gt=0, description="Seconds that receiving one file may take")
    orphans_after: int = Field(default=86_400, ge=1, description="Seconds until a file that no message names goes")
    receipt_lifetime: int = Field(default=43_200, ge=1, description="Seconds that a receipt is good for")
    sweep_every: float = Field(default=3_600, gt=0, description="Seconds between two sweeps")
    unlisted_files: Literal["refuse", "keep"] = Field(
        default="refuse", description="Files that are not on the list or could run: refuse, or keep for download only"
    )
    examinations: int = Field(default=1, ge=1, le=64, description="Files examined at a time in each of the four lanes")
    allowance_visitor: str = Field(default="250000000/1000000000", description="Bytes of one visitor an hour/a day")
    allowance_address: str = Field(default="1000000000/5000000000", description="Bytes from one address an hour/a day")
    allowance_site: str = Field(default="10000000000/50000000000", description="Bytes of a site's visitors")
    allowance_installation: str = Field(default="20000000000/100000000000", description="Bytes of all visitors")
    clamd: str | None = Field(default=None, description="tcp://host:port or unix:///path of ClamAV's daemon")

    @field_validator("receipt_lifetime")
    @classmethod
    def _shorter_than_orphans(cls, value: int, info: ValidationInfo) -> int:
        # A receipt that outlives its file would be accepted by the chat and lead to nothing.
        if value >= info.data.get("orphans_after", value + 1):
            raise ValueError("must be shorter than GUICHET_ORPHANS_AFTER")
        return value

    @field_validator("allowance_visitor", "allowance_address", "allowance_site", "allowance_installation")
    @classmethod
    def _hour_and_day(cls, value: str) -> str:
        if not _ALLOWANCE.fullmatch(value):
            raise ValueError("must be two numbers of bytes, an hour and a day, as 250000000/1000000000; 0 is no limit")
        return value

    @property
    def allowances(self) -> dict[str, Allowance]:
        """What visitors may send, by whom it is counted."""
        named = {
            "visitor": self.allowance_visitor,
            "address": self.allowance_address,
            "site": self.allowance_site,
            "installation": self.allowance_installation,
        }
        return {name: Allowance(*(int(part) for part in value.split("/"))) for name, value in named.items()}

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
