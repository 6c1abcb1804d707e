"""All that is known here of a person's mails: what came in, what went out, and what is in quarantine."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from guichet_kit.clock import now, to_wire
from guichet_kit.objects import ObjectMissing, ObjectStore

from guichet_mailer.inbound.received import Received
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.outbound.store import DeliveryStore

_HEAD_BYTES = 64 << 10
_PAGE = 100
_ADDRESS = re.compile(r"[^\s<>,;:\"'()\[\]@]{1,64}@[^\s<>,;:\"'()\[\]@]{1,255}")


async def whole(
    received: ReceivedStore,
    deliveries: DeliveryStore,
    objects: ObjectStore,
    email_ids: Sequence[str],
    item_ids: Sequence[str],
    addresses: Iterable[str],
) -> dict[str, Any]:
    """The received mails with these ids, the deliveries of these items, and the mails in quarantine that name them."""
    mails = [mail for one in email_ids if (mail := await received.get(one))]
    sent = [delivery for one in item_ids if (delivery := await deliveries.get(one))]
    wanted = {address.casefold() for address in addresses}
    return {
        "mails": [_shown(mail) for mail in mails],
        "deliveries": [
            {
                "id": one.id,
                "state": one.state,
                "at": to_wire(one.at),
                "to": [address.email for address in one.email.to],
                "cc": [address.email for address in one.email.cc],
                "subject": one.email.subject,
            }
            for one in sent
        ],
        "quarantine": [_shown(mail) for mail in await _quarantined(received, objects, wanted)],
    }


async def addresses_in(objects: ObjectStore, mail: Received) -> set[str]:
    """The addresses that stand in the first lines of a mail, or that it came from."""
    head = b""
    try:
        if mail.object is not None:
            async with objects.open(mail.object) as chunks:
                async for chunk in chunks:
                    head += chunk
                    if len(head) >= _HEAD_BYTES:
                        break
    except ObjectMissing:
        pass  # its sender may be known all the same
    text = head[:_HEAD_BYTES].decode("utf-8", "replace")
    return {*_ADDRESS.findall(text), *((mail.sender,) if mail.sender else ())}


async def _quarantined(received: ReceivedStore, objects: ObjectStore, wanted: set[str]) -> list[Received]:
    found, after = list[Received](), ""
    while wanted and (held := await received.quarantined_until(now(), after, _PAGE)):
        for mail in held:
            if wanted & {one.casefold() for one in await addresses_in(objects, mail)}:
                found.append(mail)
        after = held[-1].id
    return found


def _shown(mail: Received) -> dict[str, Any]:
    return {
        "id": mail.id,
        "state": mail.state,
        "source": mail.envelope.source,
        "sender": mail.sender,
        "subject": mail.subject,
        "size": mail.size,
        "received_at": to_wire(mail.received_at),
    }
