"""Signing in, staying signed in, signing out."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_requests.agent.guesses import WINDOW
from guichet_requests.agent.session import GRACE

from .conftest import NOON, PASSWORD, PUBLIC_URL, Service, World

COOKIE = "__Host-guichet_refresh"


async def post(service: Service, path: str, cookie: str | None = None, **options: Any) -> httpx2.Response:
    """A call as a browser makes it that has only this cookie."""
    service.client.cookies.clear()
    headers = options.pop("headers", {}) | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {})
    answer = await service.client.post(f"/api/v1/auth/{path}", headers=headers, **options)
    service.client.cookies.clear()
    return answer


async def login(service: Service, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await post(service, "login", json={"email": email, "password": password})


def cookie_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    given = [value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{COOKIE}=")]
    return given[0].split(";")[0].partition("=")[2]


async def signed_in(service: Service) -> str:
    return cookie_of(await login(service, (await service.agent()).email))


def is_refused(answer: httpx2.Response) -> bool:
    assert answer.headers["content-type"] == "application/problem+json"
    return (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


async def age_rotation(service: Service, by: timedelta) -> None:
    """As if all refresh tokens had been given so long ago."""
    sessions = service.database["sessions"]
    async for session in sessions.find({}):
        await sessions.update_one({"_id": session["_id"]}, {"$set": {"rotated_at": session["rotated_at"] - by}})


class TestSignIn:
    async def test_a_right_password_gives_a_token_and_a_cookie_that_pages_cannot_read(self, service: Service) -> None:
        agent = await service.agent("Caro Agent", "supervisor")
        answer = await login(service, agent.email.upper())

        body = answer.json()
        assert body["expires_in"] == 900
        assert body["agent"] == {
            "id": agent.id,
            "name": "Caro Agent",
            "initials": "CA",
            "email": agent.email,
            "role": "supervisor",
            "active": True,
            "available": True,
        }
        cookie = answer.headers["set-cookie"].lower()
        for attribute in ("httponly", "samesite=strict", "path=/;", "secure", "max-age=1209600"):
            assert attribute in cookie
        me = await service.client.get("/api/v1/agents/me", headers={"Authorization": f"Bearer {body['access_token']}"})
        assert me.json() == body["agent"] | {"signature": ""}

    async def test_a_wrong_password_and_an_unknown_account_are_refused_alike_and_as_slowly(
        self, service: Service
    ) -> None:
        agent = await service.agent()
        answers, quickest = [], []
        for email in (agent.email, f"{new_id()}@example.com"):
            seconds = []
            for _ in range(4):
                begun = time.perf_counter()
                answers.append(await login(service, email, "a wrong password"))
                seconds.append(time.perf_counter() - begun)
            quickest.append(min(seconds))

        assert all(map(is_refused, answers))
        assert all(answer.json() == answers[0].json() for answer in answers)
        # Argon2 is most of the time; without it the answer would come in a tenth of it.
        assert min(quickest) > max(quickest) / 4

    async def test_the_eleventh_guess_within_a_minute_is_told_to_wait_whoever_it_is(self, service: Service) -> None:
        agent = await service.agent()
        for email in (agent.email, f"{new_id()}@example.com"):
            for _ in range(10):
                await service.world.agents.attempt(f"guess 127.0.0.1 {email}", now(), WINDOW, 10)

            answer = await login(service, email.upper(), "a wrong password")

            assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
            assert 1 <= int(answer.headers["retry-after"]) <= 60

    @pytest.mark.parametrize(
        ("content", "field"),
        [
            (b"{", "body"),
            (b'{"email": "a@b.example"}', "password"),
            (b'{"email": 1, "password": "x"}', "email"),
            (b'{"email": "a@b.example", "password": "x", "admin": true}', "admin"),
            (b'["a"]', "body"),
            (b'{"email": "\\ud800", "password": "x"}', "email"),
        ],
    )
    async def test_bad_bodies_are_told_by_field(self, service: Service, content: bytes, field: str) -> None:
        answer = await post(service, "login", content=content, headers={"Content-Type": "application/json"})
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
        assert field in [error["field"].split(".")[0] for error in answer.json()["errors"]] or field == "body"


class TestAttempts:
    async def test_ten_in_any_minute_are_counted_and_the_refused_ones_are_not(self, world: World) -> None:
        async def attempt(second: int) -> int:
            return len(await world.agents.attempt("Caro@example.com", NOON + timedelta(seconds=second), WINDOW, 10))

        assert [await attempt(second) for second in range(12)] == [*range(10), 10, 10]
        assert await attempt(60) == 9
        assert await attempt(61) == 9
        assert await attempt(61) == 10

    async def test_of_many_at_once_ten_pass(self, world: World) -> None:
        found = await asyncio.gather(*(world.agents.attempt("caro@example.com", NOON, WINDOW, 10) for _ in range(30)))
        assert sorted(map(len, found)) == [*range(10), *[10] * 20]


class TestStayingSignedIn:
    async def test_each_refresh_gives_a_new_cookie(self, service: Service) -> None:
        first = await signed_in(service)
        second = cookie_of(await post(service, "refresh", first))
        third = cookie_of(await post(service, "refresh", second))
        assert len({first, second, third}) == 3

    async def test_two_tabs_that_refresh_at_once_both_stay_signed_in(self, service: Service) -> None:
        first = await signed_in(service)
        answers = await asyncio.gather(*(post(service, "refresh", first) for _ in range(2)))
        for cookie in map(cookie_of, answers):
            assert (await post(service, "refresh", cookie)).status_code == 200

    async def test_a_replaced_cookie_used_later_ends_the_whole_session(self, service: Service) -> None:
        first = await signed_in(service)
        second = cookie_of(await post(service, "refresh", first))
        await age_rotation(service, GRACE + timedelta(seconds=1))

        assert is_refused(await post(service, "refresh", first))
        assert is_refused(await post(service, "refresh", second))

    async def test_a_cookie_two_generations_old_has_no_grace(self, service: Service) -> None:
        first = await signed_in(service)
        third = cookie_of(await post(service, "refresh", cookie_of(await post(service, "refresh", first))))
        assert is_refused(await post(service, "refresh", first))
        assert is_refused(await post(service, "refresh", third))

    async def test_signing_out_ends_the_session_and_takes_the_cookie(self, service: Service) -> None:
        cookie = await signed_in(service)
        answer = await post(service, "logout", cookie)
        assert answer.status_code == 204
        assert any(value.startswith(f'{COOKIE}="";') for value in answer.headers.get_list("set-cookie"))
        assert is_refused(await post(service, "refresh", cookie))
        assert (await post(service, "logout")).status_code == 204

    @pytest.mark.parametrize("cookie", [None, "nonsense", "a.b.c"])
    async def test_no_cookie_and_a_forged_one_are_refused(self, service: Service, cookie: str | None) -> None:
        assert is_refused(await post(service, "refresh", cookie))

    async def test_an_access_token_is_no_refresh_token_nor_the_reverse(self, service: Service) -> None:
        answer = await login(service, (await service.agent()).email)
        assert is_refused(await post(service, "refresh", answer.json()["access_token"]))
        headers = {"Authorization": f"Bearer {cookie_of(answer)}"}
        assert (await service.client.get("/api/v1/agents/me", headers=headers)).status_code == 401

    @pytest.mark.parametrize("path", ["login", "refresh", "logout"])
    async def test_a_page_of_another_origin_is_refused_and_our_own_is_not(self, service: Service, path: str) -> None:
        cookie = await signed_in(service)
        body = {"email": "a@b.example", "password": "wrong"}
        for origin in ("https://evil.example", "null", f"{PUBLIC_URL}.evil.example"):
            answer = await post(service, path, cookie, json=body, headers={"Origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        own = await post(service, path, cookie, json=body, headers={"Origin": PUBLIC_URL})
        assert own.status_code in (200, 204, 401)


class TestWithdrawnAccess:
    async def test_an_inactive_agent_neither_signs_in_nor_refreshes(self, service: Service) -> None:
        admin, agent = await service.signed_in("Ida Admin", "admin"), await service.agent()
        cookie = cookie_of(await login(service, agent.email))
        changed = await admin.call("PATCH", f"/agents/{agent.id}", json={"active": False})
        assert changed.json()["active"] is False

        assert is_refused(await login(service, agent.email))
        assert is_refused(await post(service, "refresh", cookie))

    async def test_a_link_for_a_new_password_ends_the_sessions_and_the_old_password(self, service: Service) -> None:
        admin, agent = await service.signed_in("Ida Admin", "admin"), await service.agent()
        cookie = cookie_of(await login(service, agent.email))
        given = await admin.call("POST", f"/agents/{agent.id}/password-link")
        token = given.json()["link"].rpartition("/")[2]

        assert is_refused(await post(service, "refresh", cookie))
        assert is_refused(await login(service, agent.email))
        body = {"token": token, "password": "another password"}
        assert (await service.client.post("/api/v1/auth/welcome", json=body)).status_code == 200
        service.client.cookies.clear()
        assert (await login(service, agent.email, "another password")).status_code == 200


class TestSecrets:
    async def test_no_password_and_no_hash_is_in_any_answer_or_log(self, service: Service) -> None:
        admin = await service.signed_in("Ida Admin", "admin")
        email = f"{new_id()}@example.com"
        added = await admin.call("POST", "/agents", json={"name": "Alex Martin", "email": email})
        body = {"token": added.json()["link"].rpartition("/")[2], "password": "hunter2hunter2"}
        answers = [
            added,
            await service.client.post("/api/v1/auth/welcome", json=body),
            await login(service, email, "hunter2hunter2"),
            await admin.call("GET", "/agents", params={"limit": 200}),
            await service.client.post("/api/v1/auth/welcome", json=body),
        ]
        texts = [answer.text for answer in answers] + [service.process.log.read_text()]
        assert not any("argon2" in text or "hunter2" in text or "password_hash" in text for text in texts)
