"""What this service can be told, besides what all can."""

from pathlib import Path

from guichet_kit.settings import ServiceSettings
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class Site(BaseModel):
    """A web site that carries the widget."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="What the script tag names")
    name: str = Field(min_length=1, max_length=80)
    origins: tuple[str, ...] = Field(min_length=1, description="Origins of the pages that may carry the widget")
    color: str | None = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")
    position: str = Field(default="right", pattern=r"^(left|right)$")
    identity_secret: SecretStr | None = Field(
        default=None, min_length=32, description="Shared with the site's server, which signs who its visitors are"
    )

    @field_validator("origins")
    @classmethod
    def _no_injection(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # They go into a Content-Security-Policy header.
        for origin in value:
            if not origin.startswith(("http://", "https://")) or any(c in origin for c in " ;,'\"\r\n"):
                raise ValueError(f"{origin!r} is not an origin such as https://shop.example")
        return value


class ChatSettings(ServiceSettings):
    """Settings of ``chat``."""

    service = "chat"

    widget_sites: tuple[Site, ...] = Field(default=(), description="JSON list of the sites that carry the widget")
    widget_dir: Path = Field(
        default=Path(__file__).parents[3] / "web" / "widget" / "dist", description="The widget's built files"
    )

    transcripts_recipient: int = Field(default=3, ge=0, description="Transcripts an hour to one address; 0: no limit")
    transcripts_address: int = Field(default=30, ge=0, description="From one network address; above it, work is asked")
    transcripts_site: int = Field(default=300, ge=0, description="Of one site's visitors; above it, work is asked")
    transcripts_installation: int = Field(default=1000, ge=0, description="Of all visitors; above it, work is asked")

    visitors_retention_days: int = Field(
        default=0, ge=0, description="Days that a visitor is kept of whom no conversation is left; 0: for good"
    )

    @property
    def transcripts(self) -> dict[str, int]:
        """How many transcripts visitors may ask for in an hour, by whom it is counted; 0 is no limit."""
        return {
            "recipient": self.transcripts_recipient,
            "address": self.transcripts_address,
            "site": self.transcripts_site,
            "installation": self.transcripts_installation,
        }

    def site(self, key: str) -> Site | None:
        """The site of a widget key, or None."""
        return next((site for site in self.widget_sites if site.key == key), None)
