"""``python -m guichet_attachments``: start the service."""

from guichet_kit.http import serve
from guichet_kit.settings import load_settings
from guichet_kit.telemetry import begin_tracing

from guichet_attachments.app import build
from guichet_attachments.settings import Settings


def main() -> None:
    """Read the settings, build, serve."""
    settings = load_settings(Settings)
    begin_tracing(settings.otlp_endpoint, "attachments")
    serve(build(settings), "attachments", settings)


if __name__ == "__main__":
    main()
