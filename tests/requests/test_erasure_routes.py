"""How far an erasure is, and who else claims the address, as whoever erases sees it."""

from datetime import timedelta
from typing import Any

import pytest
from guichet_contracts import contacts as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_requests.request import usecases

from .conftest import Service, Visitor
from .test_erasure import CARO


async def make_contact(service: Service, email: str, **more: Any) -> str:
    """A contact, as contacts tells of it."""
    contact_id = new_id()
    shown = contract.Contact(
        id=contact_id, name="Élodie Marchand", email=email, created_at=now(), updated_at=now(), version=1, **more
    )  # fmt: skip
    data = contract.ContactChangedData(contact=shown)
    await service.world.hear(contract.ContactChanged(id=new_id(), time=now(), subject=contact_id, data=data))
    return contact_id


async def erase(service: Service, contact_id: str) -> None:
    data = contract.ContactErasedData(contact_id=contact_id, version=2, erased_at=now())
    await service.world.hear(contract.ContactErased(id=new_id(), time=now(), subject=contact_id, data=data))


async def chat(service: Service, email: str | None) -> Visitor:
    """A visitor who wrote, and gave that address."""
    visitor = Visitor("Élodie", begun=now() - timedelta(minutes=1), email=email)
    await service.world.hear(visitor.writes("Bonjour"))
    return visitor


class TestProgress:
    async def test_it_runs_until_every_service_is_done(self, service: Service) -> None:
        boss = await service.signed_in(role="supervisor")
        contact_id = await make_contact(service, f"{new_id()}@example.com")
        visitor = await chat(service, None)
        request = await service.world.requests.current_of(visitor.id)
        assert request is not None
        world = service.world
        await usecases.link(
            world.requests, world.contacts, world.guard, request.id, contact_id, by=CARO, expected=None
        )  # fmt: skip
        assert (await boss.call("GET", f"/erasures/{contact_id}")).status_code == 404
        await erase(service, contact_id)
        shown = await boss.get(f"/erasures/{contact_id}")
        assert (shown["state"], shown["requests"]) == ("running", 1)
        others = {name: at for name, at in shown["services"].items() if name != "requests"}
        assert (shown["services"]["requests"] is not None, others) == (
            True,
            {"chat": None, "attachments": None, "mailer": None},
        )
        for name in others:
            assert (await boss.get(f"/erasures/{contact_id}"))["state"] == "running"
            await world.erasures.done(contact_id, name, now())
        assert (await boss.get(f"/erasures/{contact_id}"))["state"] == "done"

    async def test_the_newest_come_first_and_no_more_than_asked_for(self, service: Service) -> None:
        boss = await service.signed_in(role="admin")
        erased = [await make_contact(service, f"{new_id()}@example.com") for _ in range(3)]
        for contact_id in erased:
            await erase(service, contact_id)
        listed = await boss.get("/erasures", limit=2)
        assert [one["contact_id"] for one in listed["items"]] == [erased[2], erased[1]]
        assert (await boss.call("GET", "/erasures", params={"limit": 201})).status_code == 422

    @pytest.mark.parametrize("path", ["/erasures", "/erasures/claims?contact_id=c", "/erasures/c"])
    async def test_they_are_not_for_agents(self, service: Service, path: str) -> None:
        agent = await service.signed_in()
        assert (await agent.call("GET", path)).status_code == 403
        assert (await service.client.get(f"/api/v1{path}")).status_code == 401


class TestClaims:
    async def test_who_gave_an_address_of_the_contact_is_shown_and_nobody_else(self, service: Service) -> None:
        boss = await service.signed_in(role="supervisor")
        email, other = f"elodie.{new_id()}@example.com", f"e.{new_id()}@example.com"
        contact_id = await make_contact(service, email, other_emails=(other,))
        same, second = await chat(service, email.upper()), await chat(service, other)
        await chat(service, f"x{email}")
        await chat(service, None)
        shown = (await boss.get("/erasures/claims", contact_id=contact_id))["items"]
        assert [one["visitor_id"] for one in shown] == [second.id, same.id]
        assert (shown[1]["name"], shown[1]["email"].lower()) == ("Élodie", email)
        request = await service.world.requests.current_of(same.id)
        assert request is not None
        assert (shown[1]["request_ids"], shown[1]["numbers"]) == ([request.id], [request.number])

    async def test_a_contact_that_nobody_knows_has_none(self, service: Service) -> None:
        boss = await service.signed_in(role="supervisor")
        assert (await boss.get("/erasures/claims", contact_id=new_id()))["items"] == []
        assert (await boss.call("GET", "/erasures/claims")).status_code == 422
