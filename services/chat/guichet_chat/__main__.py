"""``python -m guichet_chat``: start; nothing else."""

from guichet_kit.http import serve
from guichet_kit.settings import load_settings

from guichet_chat.app import build
from guichet_chat.settings import ChatSettings

if __name__ == "__main__":
    settings = load_settings(ChatSettings)
    serve(build(settings), "chat", settings)
