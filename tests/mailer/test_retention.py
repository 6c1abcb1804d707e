"""The mails of a request that is too old go, whole or as they came; those of other requests stay."""

import asyncio
from typing import Literal

from guichet_contracts import requests as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database
from guichet_kit.objects import ObjectStore

from .conftest import Desk, Ear, MailServer, eventually, mark
from .test_erasure import bucket, database, eventually_gone, has_bytes, knows
from .test_inbound import mail
from .test_outbound import address

__all__ = ["bucket", "database"]  # fixtures


async def expire(
    ear: Ear, what: Literal["all", "files", "raw_mail"], request_id: str, email_ids: tuple[str, ...] = ()
) -> None:
    data = contract.RequestExpiredData(request_id=request_id, what=what, email_ids=email_ids)
    await ear.say(contract.RequestExpired(id=new_id(), time=now(), subject=request_id, data=data))


async def test_a_whole_request_takes_its_mails_along_and_no_other(
    desk: Desk, ear: Ear, database: Database, bucket: ObjectStore, mail_server: MailServer
) -> None:
    person, other = mark(), mark()
    raw, others = mail(person, From=f"{person}@example.net"), mail(other, From=f"{other}@example.net")
    email_id = (await desk.received(raw))["email"]["id"]
    stays = (await desk.received(others))["email"]["id"]
    sent = await desk.submit(f"{person}@example.net", text=person)
    kept = await desk.submit(address(), text=other)
    await eventually(lambda: "sent" in ear.states(sent.item_id) and "sent" in ear.states(kept.item_id))
    for _ in range(2):  # the event comes more than once; the sent mail is known by its request
        await expire(ear, "all", sent.request_id, (email_id,))
        await desk.ends(email_id, "erased")
    await eventually_gone(bucket, raw)
    async with asyncio.timeout(30):
        while await knows(database, person):
            await asyncio.sleep(0.05)
    assert await has_bytes(bucket, others)
    assert (await desk.state(stays))["state"] == "processed"
    assert await knows(database, other)


async def test_raw_mails_go_and_what_is_known_of_them_stays(
    desk: Desk, ear: Ear, bucket: ObjectStore
) -> None:  # fmt: skip
    subject = mark()
    raw, others = mail(subject), mail(mark())
    email_id = (await desk.received(raw))["email"]["id"]
    copy = b"Received: from another server\r\n" + raw
    await desk.ends((await desk.inbound(copy)).json()["id"], "duplicate")
    await desk.received(others)
    for _ in range(2):
        await expire(ear, "raw_mail", new_id(), (email_id,))
        await eventually_gone(bucket, raw, copy)
    shown = await desk.state(email_id)
    assert (shown["state"], shown["subject"]) == ("processed", subject)
    path = f"/api/v1/mail/received/{email_id}/raw"
    assert (await desk.http.get(path, headers=desk.headers("supervisor"))).status_code == 404
    assert await has_bytes(bucket, others)
