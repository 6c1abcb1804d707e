"""The bare path's front: a socket, a confirmed publish to a quorum queue, the answer back over the socket.

As little as the same servers allow with the same libraries and options as Guichet's: uvicorn, aio-pika, no framework.
``python -m tests.bench.bare.front PORT AMQP_URL``
"""

import json
import sys
from typing import Any

import aio_pika
import uvicorn

QUEUE = "bare.messages"
QUORUM = {"x-queue-type": "quorum"}


class Front:
    """One process of the front."""

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url
        self._waiting: dict[str, Any] = {}
        self._connection: Any = None
        self._exchange: Any = None
        self._replies: Any = None

    async def start(self) -> None:
        """Connect, declare the queue, hear the answers."""
        self._connection = await aio_pika.connect_robust(self._url)
        publishing = await self._connection.channel(publisher_confirms=True)
        await publishing.declare_queue(QUEUE, durable=True, arguments=QUORUM)
        self._exchange = publishing.default_exchange
        hearing = await self._connection.channel()
        self._replies = await hearing.declare_queue(exclusive=True, auto_delete=True)
        await self._replies.consume(self._answered, no_ack=True)

    async def _answered(self, message: Any) -> None:
        send = self._waiting.pop(message.correlation_id, None)
        if send is not None:
            await send({"type": "websocket.send", "text": message.body.decode()})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection (ASGI)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await self._converse(receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._connection.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _converse(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            frame = json.loads(message["text"])
            self._waiting[frame["id"]] = send
            await self._exchange.publish(
                aio_pika.Message(
                    message["text"].encode(),
                    delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                    correlation_id=frame["id"],
                    reply_to=self._replies.name,
                ),
                QUEUE,
            )


def main() -> None:
    """Serve, with the options of `guichet_kit.http.serve`."""
    uvicorn.run(
        Front(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        lifespan="on",
    )


if __name__ == "__main__":
    main()
