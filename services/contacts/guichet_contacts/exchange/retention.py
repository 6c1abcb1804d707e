"""Reports of imports go by age; one that goes on stays."""

from guichet_kit.retention import Rule

from guichet_contacts.exchange.store import ImportStore
from guichet_contacts.settings import Settings


def rules(settings: Settings, imports: ImportStore) -> list[Rule]:
    """The rules, as they are set."""
    days = settings.imports_retention_days
    return [Rule("import reports", "GUICHET_IMPORTS_RETENTION_DAYS", days, imports.ended_before, imports.drop_ended)]
