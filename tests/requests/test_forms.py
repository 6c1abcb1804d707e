"""Web forms: kept by administrators, filled in by anybody, a request each."""

import asyncio
from typing import Any

import aio_pika
import httpx2
import pytest
from guichet_contracts.attachments import File, Owner
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.tokens import InvalidToken, Tokens
from guichet_local.testing.events import events_of
from guichet_local.testing.signing import SIGNING
from guichet_requests.file.store import FileStore
from guichet_requests.form.form import Field, Form, Misfilled, check
from guichet_requests.form.public_api import AT_ONCE

from .conftest import Service, Signed

FIELDS = [
    {"name": "order", "kind": "text", "label": "N° de commande", "required": True, "options": []},
    {"name": "about", "kind": "select", "label": "Sujet", "required": False, "options": ["Livraison", "Retour"]},
]
TYPED = {
    "name": "Ada Lovelace",
    "email": "ada@example.org",
    "subject": "Colis abîmé",
    "message": "Bonjour,\nle carton",
}


def problem(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def wrong_fields(answer: httpx2.Response) -> set[str]:
    assert problem(answer) == (422, "validation_failed")
    return {error["field"] for error in answer.json()["errors"]}


@pytest.fixture
async def admin(service: Service) -> Signed:
    return await service.signed_in("Ida Admin", "admin")


@pytest.fixture(scope="session")
def senders() -> Tokens:
    """Signs and reads what files are uploaded with."""
    return SIGNING.tokens("forms")


@pytest.fixture(scope="session")
def visitors() -> Tokens:
    """Signs as chat does for its visitors."""
    return SIGNING.tokens("visitors")


async def made(by: Signed, **body: Any) -> Any:
    """A form with a key of its own."""
    key = new_id()
    answer = await by.call("POST", "/forms", json={"key": key, "name": "Contact", "language": "fr", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def filled(service: Service, form: Any, *, token: str | None = None, **body: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    typed = TYPED | {"email": f"{new_id()}@example.org"} | body  # an address is confirmed to only so often
    return await service.client.post(f"/api/v1/forms/{form['key']}", json=typed, headers=headers)


async def request_of(by: Signed, answer: httpx2.Response) -> Any:
    assert answer.status_code == 202, answer.text
    [request] = (await by.get("/requests", q=str(answer.json()["number"])))["items"]
    return request


class TestTheRules:
    FORM = Form(
        id="f",
        position=0,
        key="contact",
        name="Contact",
        language="fr",
        fields=(
            Field("order", "text", "Commande", required=True),
            Field("about", "select", "Sujet", options=("Livraison", "Retour")),
            Field("phone", "tel", "Téléphone"),
            Field("more", "textarea", "Détails"),
        ),
    )

    def test_answers_come_in_the_forms_order_without_the_empty_ones(self) -> None:
        given = {"more": "a\nb", "about": " ", "order": " A-1 ", "phone": "+33 1 23 45"}
        assert check(self.FORM, given) == [("Commande", "A-1"), ("Téléphone", "+33 1 23 45"), ("Détails", "a\nb")]

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({}, "order"),
            ({"order": "x" * 201}, "order"),
            ({"order": "two\nlines"}, "order"),
            ({"order": "1", "about": "Autre"}, "about"),
            ({"order": "1", "phone": "call me"}, "phone"),
            ({"order": "1", "more": "x" * 10_001}, "more"),
            ({"order": "1", "unheard_of": "x"}, "unheard_of"),
        ],
    )
    def test_what_is_wrong_is_named(self, given: dict[str, str], field: str) -> None:
        with pytest.raises(Misfilled) as refused:
            check(self.FORM, given)
        assert list(refused.value.errors) == [f"fields.{field}"]


class TestKeepingForms:
    async def test_a_form_is_kept_as_it_was_given(self, admin: Signed) -> None:
        given = {
            "fields": FIELDS,
            "origins": ["https://shop.example", "https://*.shop.example:8443"],
            "color": "#1f4d3a",
            "priority": "medium",
            "confirmation": False,
        }
        form = await made(admin, **given)
        assert {name: form[name] for name in given} == given
        assert form in (await admin.get("/forms", limit=200))["items"]

    async def test_changes_leave_the_rest_and_null_takes_colour_and_reason_away(self, admin: Signed) -> None:
        form = await made(admin, color="#123456", fields=FIELDS)
        answer = await admin.call("PATCH", f"/forms/{form['id']}", json={"color": None, "name": "Autre", "key": None})
        assert answer.json() == form | {"color": None, "name": "Autre", "version": 2}
        stale = await admin.call("PATCH", f"/forms/{form['id']}", json={"name": "x"}, headers={"If-Match": '"1"'})
        assert problem(stale) == (412, "stale_version")
        assert stale.json()["current"] == answer.json()

    async def test_a_key_is_one_forms_and_a_repeat_answers_the_first(self, admin: Signed) -> None:
        form, other = await made(admin, id=new_id()), await made(admin)
        again = await admin.call("POST", "/forms", json={"name": "x", "language": "en", **_pick(form, "id", "key")})
        assert (again.status_code, again.json()) == (201, form)
        taken = await admin.call("POST", "/forms", json={"name": "x", "language": "en", **_pick(form, "key")})
        assert problem(taken) == (409, "form_exists")
        moved = await admin.call("PATCH", f"/forms/{other['id']}", json=_pick(form, "key"))
        assert problem(moved) == (409, "form_exists")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"origins": ["https://shop.example; script-src *"]}, "origins.0"),
            ({"origins": ["https://shop.example/path"]}, "origins.0"),
            ({"key": "a/b"}, "key"),
            ({"fields": [{"name": "Bad", "kind": "text", "label": "x"}]}, "fields.0.name"),
            ({"fields": [{"name": "one", "kind": "select", "label": "x"}]}, "fields.0"),
            ({"fields": [{"name": "one", "kind": "text", "label": "x"}] * 2}, "fields"),
            ({"reason_id": "none such"}, "reason_id"),
        ],
    )
    async def test_what_makes_no_form_is_refused_by_its_field(
        self, admin: Signed, body: dict[str, Any], field: str
    ) -> None:
        base = {"key": new_id(), "name": "Contact", "language": "fr"}
        assert wrong_fields(await admin.call("POST", "/forms", json=base | body)) == {field}

    async def test_agents_may_look_but_not_touch(self, service: Service, admin: Signed) -> None:
        form, caro = await made(admin), await service.signed_in()
        assert form in (await caro.get("/forms", limit=200))["items"]
        for method, path in (("POST", "/forms"), ("PATCH", f"/forms/{form['id']}"), ("DELETE", f"/forms/{form['id']}")):
            body = None if method == "DELETE" else {"key": "x", "name": "x", "language": "fr"}
            assert (await caro.call(method, path, json=body)).status_code == 403

    async def test_a_form_that_is_deleted_or_not_active_cannot_be_filled_in(
        self, service: Service, admin: Signed
    ) -> None:
        form, gone = await made(admin, active=False), await made(admin)
        assert (await admin.call("DELETE", f"/forms/{gone['id']}")).status_code == 204
        for one in (form, gone):
            assert problem(await filled(service, one)) == (404, "not_found")
            assert problem(await service.client.get(f"/api/v1/forms/{one['key']}")) == (404, "not_found")


class TestFillingIn:
    async def test_it_makes_a_request_of_the_forms_channel_priority_and_reason(
        self, service: Service, admin: Signed
    ) -> None:
        label = {"fr": "Livraison", "en": "Delivery"}
        reason = (await admin.call("POST", "/reasons", json={"label": label})).json()
        form = await made(admin, fields=FIELDS, priority="high", reason_id=reason["id"])
        answer = await filled(service, form, email="ada@example.org", fields={"about": "Retour", "order": "A-17"})
        request = await request_of(admin, answer)
        assert _pick(request, "channel", "status", "priority", "reason_id", "subject", "unread") == {
            "channel": "web_form",
            "status": "new",
            "priority": "high",
            "reason_id": reason["id"],
            "subject": "Colis abîmé",
            "unread": 1,
        }
        assert request["preview"].startswith("Bonjour, le carton")
        assert _pick(request["visitor"], "name", "email") == {"name": "Ada Lovelace", "email": "ada@example.org"}
        [item, _confirmation] = (await admin.get(f"/requests/{request['id']}/timeline"))["items"]
        assert _pick(item, "kind", "channel", "direction", "text") == {
            "kind": "message",
            "channel": "web_form",
            "direction": "inbound",
            "text": "Bonjour,\nle carton\nN° de commande : A-17\nSujet : Retour",
        }
        assert item["author"] == {"kind": "contact", "id": "", "name": "Ada Lovelace"}
        read = await admin.call("PUT", f"/requests/{request['id']}/read", json={"timeline_id": item["id"]})
        assert read.json()["unread"] == 0

    async def test_a_repeat_with_the_same_id_answers_the_first_number_also_at_the_same_moment(
        self, service: Service, admin: Signed
    ) -> None:
        form, other, form_id = await made(admin), await made(admin), new_id()
        answers = await asyncio.gather(*(filled(service, form, id=form_id) for _ in range(4)))
        assert len({answer.json()["number"] for answer in answers}) == 1
        request = await request_of(admin, answers[0])
        kinds = [item["kind"] for item in (await admin.get(f"/requests/{request['id']}/timeline"))["items"]]
        assert kinds == ["message", "email"]
        # The id counts within its form only: nobody can meet another's request with it.
        assert (await filled(service, other, id=form_id)).json() != answers[0].json()

    async def test_a_machine_that_fills_in_the_hidden_field_is_refused_by_its_name(
        self, service: Service, admin: Signed
    ) -> None:
        answer = await filled(service, await made(admin), website="https://pills.example")
        assert wrong_fields(answer) == {"website"}

    async def test_what_is_wrong_is_told_by_field(self, service: Service, admin: Signed) -> None:
        form = await made(admin, fields=FIELDS)
        answer = await filled(service, form, name=" ", email="ada@", subject="", message="\n")
        assert wrong_fields(answer) == {"name", "email", "subject", "message"}
        answer = await filled(service, form, fields={"about": "Autre", "other": "x"})
        assert wrong_fields(answer) == {"fields.order", "fields.about", "fields.other"}

    @pytest.mark.parametrize("nothing", ["\u200b\u200c", "\u3164", "\u202e\u202c \u2800"])
    async def test_what_shows_nothing_counts_as_not_filled_in(
        self, service: Service, admin: Signed, nothing: str
    ) -> None:
        form = await made(admin, fields=FIELDS)
        typed = dict.fromkeys(("name", "subject", "message"), nothing)

        answer = await filled(service, form, **typed, fields={"order": "7"})
        assert wrong_fields(answer) == {"name", "subject", "message"}
        answer = await filled(service, form, fields={"order": nothing})
        assert wrong_fields(answer) == {"fields.order"}

    async def test_the_confirmation_tells_the_number_and_nothing_that_was_typed(
        self, service: Service, admin: Signed
    ) -> None:
        answer = await filled(service, await made(admin, language="en"))
        request = await request_of(admin, answer)
        mail = (await admin.get(f"/requests/{request['id']}/timeline"))["items"][1]
        assert (mail["kind"], mail["author"]["kind"], mail["delivery"]["state"]) == ("email", "system", "queued")
        assert (mail["email"]["purpose"], mail["email"]["automatic"]) == ("confirmation", True)
        assert mail["email"]["to"] == [{"email": request["visitor"]["email"], "name": ""}]
        assert mail["email"]["subject"] == f"Your request no. {request['number']}"
        assert str(request["number"]) in mail["text"]
        assert not any(typed in mail["text"] for typed in ("Ada", "Colis", "carton"))

    async def test_a_form_may_go_without_a_confirmation(self, service: Service, admin: Signed) -> None:
        request = await request_of(admin, await filled(service, await made(admin, confirmation=False)))
        assert len((await admin.get(f"/requests/{request['id']}/timeline"))["items"]) == 1

    async def test_the_rest_of_guichet_is_told_whose_contact_is_wanted_and_what_to_send(
        self, service: Service, admin: Signed, rabbitmq_url: str
    ) -> None:
        async with await aio_pika.connect(rabbitmq_url) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(exclusive=True)
            for key in ("requests.contact.wanted.v1", "requests.form.submitted.v1", "requests.email.submitted.v1"):
                await queue.bind(EVENTS_EXCHANGE, key)
            request = await request_of(admin, await filled(service, await made(admin), email="ada@example.org"))
            told: dict[str, Any] = {}
            async with asyncio.timeout(30), queue.iterator(no_ack=True) as messages:
                async for message in messages:
                    for event in events_of(message.body):
                        if request["id"] in str(event):
                            told[event["type"]] = event["data"]
                    if len(told) == 3:
                        break
        wanted = {"request_id": request["id"], "email": "ada@example.org", "name": "Ada Lovelace"}
        assert told["requests.contact.wanted.v1"].pop("received_at") <= request["created_at"]
        assert told["requests.contact.wanted.v1"] == wanted
        submitted = {"request_id": request["id"], "item_id": f"{request['id']}:form", "attachment_ids": []}
        assert told["requests.form.submitted.v1"] == submitted
        assert told["requests.email.submitted.v1"]["email"]["automatic"] is True


class TestFiles:
    async def copy_of(self, service: Service, owner_id: str, scope: str = "visitor") -> str:
        """A file that ``attachments`` told of."""
        owner = Owner(kind="visitor", id=owner_id)
        file = File(
            id=new_id(),
            name="Photo.jpg",
            media_type="image/jpeg",
            size=9,
            sha256="0" * 64,
            scope=scope,
            owner=owner,
            created_at=now(),
        )
        await FileStore(service.database).keep(file)
        return file.id

    async def test_those_of_the_forms_token_go_onto_the_request(
        self, service: Service, admin: Signed, senders: Tokens
    ) -> None:
        form = await made(admin)
        token = (await service.client.get(f"/api/v1/forms/{form['key']}")).json()["token"]
        sender_id = senders.verify(token).subject
        file_id = await self.copy_of(service, sender_id)
        answer = await filled(service, form, token=token, attachment_ids=[file_id])
        request = await request_of(admin, answer)
        assert request["visitor"]["id"] == sender_id
        item = (await admin.get(f"/requests/{request['id']}/timeline"))["items"][0]
        assert [_pick(file, "id", "name") for file in item["attachments"]] == [{"id": file_id, "name": "Photo.jpg"}]

    async def test_others_are_refused(self, service: Service, admin: Signed, senders: Tokens, visitors: Tokens) -> None:
        form, token = await made(admin), senders.issue("form-mine", 60)
        own = await self.copy_of(service, "form-mine")
        elsewhere = await self.copy_of(service, "form-mine", "request:1")
        for strange in (await self.copy_of(service, "form-other"), elsewhere):
            answer = await filled(service, form, token=token, attachment_ids=[own, strange])
            assert wrong_fields(answer) == {"attachment_ids.1"}
        unknown = await filled(service, form, token=token, attachment_ids=[new_id()])
        assert problem(unknown) == (409, "attachment_not_known_yet")
        for bad in (None, "forged", visitors.issue("form-mine", 60)):
            assert (await filled(service, form, token=bad, attachment_ids=[own])).status_code == 401

    async def test_the_forms_token_opens_nothing_of_a_chat_visitors(
        self, service: Service, admin: Signed, visitors: Tokens
    ) -> None:
        form = await made(admin)
        token = (await service.client.get(f"/api/v1/forms/{form['key']}")).json()["token"]
        with pytest.raises(InvalidToken):
            visitors.verify(token)


class TestTheConfirmation:
    async def test_an_address_is_told_of_three_an_hour_and_every_request_is_taken_in(
        self, service: Service, admin: Signed
    ) -> None:
        form, victim = await made(admin), f"{new_id()}@example.org"
        answers = []
        for number, written in enumerate((victim, victim.upper(), victim, victim)):
            headers = {"X-Forwarded-For": f"198.51.100.{number}"}
            body = TYPED | {"email": written, "subject": "Buy pills"}
            answers.append(await service.client.post(f"/api/v1/forms/{form['key']}", json=body, headers=headers))
        assert [answer.status_code for answer in answers] == [202] * 4
        assert [answer.json()["confirmed"] for answer in answers] == [True, True, True, False]
        assert (await filled(service, form, email=f"{new_id()}@example.org")).json()["confirmed"]
        mails = [
            item
            for answer in answers
            for item in (await admin.get(f"/requests/{(await request_of(admin, answer))['id']}/timeline"))["items"]
            if item["kind"] == "email"
        ]
        assert len(mails) == 3
        assert [mail for mail in mails if "pills" in f"{mail['email']['subject']} {mail['text']}"] == []

    async def test_a_repeat_is_told_the_same_and_counts_once(self, service: Service, admin: Signed) -> None:
        form, email = await made(admin), f"{new_id()}@example.org"
        body = {"id": new_id(), "email": email}
        answers = [(await filled(service, form, **body)).json() for _ in range(4)]
        assert answers == [answers[0]] * 4
        assert answers[0]["confirmed"]
        assert (await filled(service, form, email=email)).json()["confirmed"]


class TestTheLimit:
    async def test_it_is_for_each_form_and_address_and_says_when_to_come_again(
        self, service: Service, admin: Signed
    ) -> None:
        form, other = await made(admin, confirmation=False), await made(admin, confirmation=False)
        answers = [await filled(service, form) for _ in range(AT_ONCE + 1)]
        assert [answer.status_code for answer in answers] == [202] * AT_ONCE + [429]
        assert (problem(answers[-1]), answers[-1].headers["retry-after"]) == ((429, "rate_limited"), "30")
        assert (await filled(service, other)).status_code == 202
        path, elsewhere = f"/api/v1/forms/{form['key']}", {"X-Forwarded-For": "198.51.100.7"}
        assert (await service.client.post(path, json=TYPED, headers=elsewhere)).status_code == 202


class TestThePage:
    async def test_only_the_forms_sites_may_frame_it(self, service: Service, admin: Signed) -> None:
        form = await made(admin, origins=["https://shop.example"])
        answer = await service.client.get(f"/forms/{form['key']}")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'self' https://shop.example" in policy.split("; ")
        assert {"default-src 'none'", "script-src 'self'", "form-action 'none'"} < set(policy.split("; "))

    async def test_its_files_are_kept_by_browsers_and_nothing_else_is_given_out(self, service: Service) -> None:
        script = await service.client.get("/forms/assets/form-abc.js")
        assert (script.status_code, script.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
        for path in ("/forms/unknown", "/forms/assets/none.js", "/forms/assets/%2e%2e/form.html"):
            assert (await service.client.get(path)).status_code == 404

    async def test_what_the_page_needs_to_know_is_public(self, service: Service, admin: Signed) -> None:
        form = await made(admin, fields=FIELDS, color="#1f4d3a")
        answer = await service.client.get(f"/api/v1/forms/{form['key']}")
        shown = answer.json()
        assert shown.pop("token")
        assert shown == _pick(form, "key", "name", "language", "fields", "color", "confirmation")
        assert answer.headers["cache-control"] == "no-store"


def _pick(source: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: source[name] for name in names}
