"""Start; nothing else."""

from guichet_kit.http import serve
from guichet_kit.settings import load_settings
from guichet_kit.telemetry import begin_tracing

from guichet_requests.app import build
from guichet_requests.settings import RequestsSettings

if __name__ == "__main__":
    settings = load_settings(RequestsSettings)
    begin_tracing(settings.otlp_endpoint, "requests")
    serve(build(settings), "requests", settings)
