"""``python -m guichet_local.demo.accounts`` makes the demo's agents, who all have the demo's password.

Each is invited as any agent is, and sets it by their link. Who is there already stays as they are.
"""

import asyncio
from typing import cast

from guichet_kit.clock import now
from guichet_kit.mongo import open_client
from guichet_requests.agent import usecases
from guichet_requests.agent.agent import Role, welcome_key
from guichet_requests.agent.passwords import Passwords
from guichet_requests.agent.store import AgentStore
from guichet_requests.manage import REQUESTS
from guichet_requests.settings import DatabaseSettings

from guichet_local.demo import ACCOUNTS, PASSWORD


async def make() -> None:
    """Make them in the database that the environment names."""
    settings = DatabaseSettings()
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-demo")
    try:
        agents = AgentStore(mongo.database(REQUESTS.database(settings)))
        await agents.prepare()
        password_hash = await Passwords().hash(PASSWORD)
        for account in ACCOUNTS:
            if await agents.credentials(account.email) is None:
                role = cast("Role", account.role)
                _, token = await usecases.invite(agents, name=account.name, email=account.email, role=role)
                await agents.accept(welcome_key(token or ""), now(), password_hash)
    finally:
        await mongo.close()


if __name__ == "__main__":
    asyncio.run(make())
