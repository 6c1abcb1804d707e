"""``python -m guichet_chat``: start; nothing else."""

from guichet_kit.http import serve
from guichet_kit.settings import load_settings
from guichet_kit.telemetry import begin_tracing

from guichet_chat.app import build
from guichet_chat.settings import ChatSettings

if __name__ == "__main__":
    settings = load_settings(ChatSettings)
    begin_tracing(settings.otlp_endpoint, "chat")
    serve(build(settings), "chat", settings)
