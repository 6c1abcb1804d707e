"""What the service can be told."""

import phonenumbers
from guichet_kit.settings import ServiceSettings
from pydantic import Field, field_validator


class Settings(ServiceSettings):
    """The settings of ``contacts``; the README lists them all."""

    service = "contacts"

    phone_region: str = Field(default="FR", description="Region (ISO 3166-1) of phone numbers written without a +")
    import_max_bytes: int = Field(default=20 << 20, ge=1 << 10, le=200 << 20, description="Size of an imported file")

    imports_retention_days: int = Field(
        default=0, ge=0, description="Days that the report of an import is kept; 0: for good"
    )

    @property
    def database(self) -> str:
        """The name of this service's own database."""
        return f"{self.database_prefix}contacts"

    @field_validator("phone_region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        region = value.upper()
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be a two-letter region code, such as FR")
        return region
