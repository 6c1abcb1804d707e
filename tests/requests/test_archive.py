"""A person's archive is asked for by a contact's id, which stands in paths that others are asked for."""

import pytest
from guichet_requests.archive.others import Others, PersonUnknown
from guichet_requests.archive.person import gather

from .conftest import World


@pytest.mark.parametrize("driver", ["pymongo"])
@pytest.mark.parametrize("contact_id", ["0", "..", "a?b=c", "a\x15", "%2e%2e", "ada/../bob", "\ud800", "é" * 40])
async def test_no_one_is_known_by_what_is_no_id(world: World, contact_id: str) -> None:
    others = Others("http://127.0.0.1:1")  # nobody is asked
    try:
        with pytest.raises(PersonUnknown):
            await gather(world.requests, world.items, others, contact_id, "Bearer x")
    finally:
        await others.close()
