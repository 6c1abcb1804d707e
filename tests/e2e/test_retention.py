"""A request that was closed long ago goes on running services, from all of them; a younger one stays whole."""

from datetime import timedelta

import httpx2
from guichet_kit.clock import now
from guichet_kit.manage import LeftToTheSweep
from guichet_kit.mongo import open_client
from guichet_local.testing.stack import Stack
from guichet_requests.retention.store import ExpiredStore
from guichet_requests.retention.usecases import let_go

from .everywhere import places_of
from .known_people import Desk, Person, until

ON_REQUESTS = ("chat", "filename", "filebytes", "note", "mailsubject", "mailbody", "mailfile", "raw", "answer")


async def close_all_of(desk: Desk, person: Person) -> list[str]:
    """Close the person's conversation and requests; their ids."""
    conversation = person.chat_request["conversation"]["id"]
    closed = await desk.http.post(f"/api/v1/conversations/{conversation}/close", json={"request_status": "closed"})
    assert closed.status_code == 200, closed.text
    mail = f"/api/v1/requests/{person.mail_request['id']}"
    assert (await desk.http.patch(mail, json={"status": "closed"})).status_code == 200
    ids = [person.chat_request["id"], person.mail_request["id"]]

    async def settled() -> bool:
        shown = [(await desk.http.get(f"/api/v1/requests/{one}")).json() for one in ids]
        return all(one["status"] == "closed" for one in shown)

    await until(settled)
    return ids


async def test_an_old_request_goes_from_every_service_and_a_younger_one_stays(stack: Stack) -> None:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60, headers={"Origin": stack.gateway}) as http:
        desk = Desk(stack, http)
        await desk.sign_in()
        grace, otto = await desk.met("Grace"), await desk.met("Otto")
        for person in (grace, otto):
            await desk.chat(person)
            await desk.mail(person)
        old, _ = await close_all_of(desk, grace), await close_all_of(desk, otto)
        theirs, others = ([person.words[where] for where in ON_REQUESTS] for person in (grace, otto))
        before = {place.partition(" ")[0] for place in await places_of(stack, *theirs)}
        assert {"guichet_chat.entries", "guichet_requests.timeline", "guichet_mailer.received"} <= before

        mongo = open_client(stack.mongodb_url, "pymongo", "tests")
        try:
            database = mongo.database("guichet_requests")
            then = now() - timedelta(days=31)
            aged = {"$set": {"closed_at": then, "last_activity_at": then}}
            expired = ExpiredStore(database, LeftToTheSweep())

            async def gone() -> bool:
                # What they still have to tell is told first.
                await database["requests"].update_many({"_id": {"$in": old}, "status": "closed"}, aged)
                await let_go(expired, "all", now() - timedelta(days=30))
                return not await places_of(stack, *theirs)

            await until(gone, 120)
        finally:
            await mongo.close()
        for one in old:
            assert (await http.get(f"/api/v1/requests/{one}")).status_code == 404
        # The contact is nobody's request; and Otto's words are all there.
        assert (await http.get(f"/api/v1/contacts/{grace.contact_id}")).status_code == 200
        left = await places_of(stack, *others)
        assert {word for word in others if any(word in place for place in left)} >= {otto.words["chat"]}
        for where in ("filebytes", "raw", "mailbody", "note"):
            assert await places_of(stack, otto.words[where]), where
