"""``python -m guichet_contacts`` serves contacts until it is told to stop."""

from guichet_kit.http import serve
from guichet_kit.settings import load_settings
from guichet_kit.telemetry import begin_tracing

from guichet_contacts.app import build
from guichet_contacts.settings import Settings


def main() -> None:
    """Read the settings, build the parts, serve."""
    settings = load_settings(Settings)
    begin_tracing(settings.otlp_endpoint, "contacts")
    serve(build(settings), "contacts", settings)


if __name__ == "__main__":
    main()
