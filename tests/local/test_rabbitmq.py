"""What operators ask the broker itself, as docs/operations.md says."""

import json
import os
import re

from guichet_local.servers import rabbitmq
from guichet_local.testing import RabbitMQServer


class TestStatus:
    async def test_it_tells_the_version_4_where_that_was_laid_into_a_folder(
        self, rabbitmq_server: RabbitMQServer
    ) -> None:
        """As `make rabbitmq4-test` does; elsewhere it is whichever the system has."""
        version = json.loads(await rabbitmq_server.control("status", "--formatter", "json"))["rabbitmq_version"]
        assert version.split(".")[0] in (["4"] if os.environ.get(rabbitmq.ROOT) else ["3", "4"])

    async def test_it_names_an_alarm_while_there_is_one(self, rabbitmq_server: RabbitMQServer) -> None:
        assert "(none)" in _alarms(await rabbitmq_server.control("status"))
        await rabbitmq_server.takes_nothing(alarm=True)
        try:
            assert "Memory alarm on node" in _alarms(await rabbitmq_server.control("status"))
        finally:
            await rabbitmq_server.takes_nothing(alarm=False)
        assert "(none)" in _alarms(await rabbitmq_server.control("status"))


def _alarms(status: str) -> str:
    """The section *Alarms*."""
    plain = re.sub(r"\x1b\[\d+m", "", status)
    return plain.partition("\nAlarms\n")[2].partition("\nTags\n")[0]
