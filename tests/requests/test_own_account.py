"""What agents do with their own password, sessions and second factor."""

import time
from datetime import UTC, datetime

import httpx2
import pyotp
import pytest
from guichet_kit.ids import new_id
from guichet_requests.agent.agent import Agent
from guichet_requests.agent.passwords import CommonPassword, refuse_common
from guichet_requests.agent.second_factor import STEP_SECONDS, SecondFactors

from .conftest import PASSWORD, Service, Signed

NEW = "seven green bicycles"
AGENT = Agent(id="1", name="Caro Agent", email="caro@example.com", role="admin")


def fields(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["field"] for error in answer.json()["errors"]]


async def login(service: Service, agent: Agent, password: str, **more: str) -> httpx2.Response:
    answer = await service.client.post("/api/v1/auth/login", json={"email": agent.email, "password": password} | more)
    service.client.cookies.clear()
    return answer


class TestCommonPasswords:
    @pytest.mark.parametrize(
        "password",
        [
            "password",
            "Password1",
            "PASSWORD2026!",
            "azertyuiop",
            "motdepasse",
            "12345678",
            "iloveyou!!",
            "aaaaaaaaaa",
            "caro@example.com",
            "CaroAgent",
            "caro agent 26",
            "guichet123",
        ],
    )
    def test_the_most_common_ones_and_one_s_own_name_and_address_are_refused(self, password: str) -> None:
        with pytest.raises(CommonPassword):
            refuse_common(password, AGENT.name, AGENT.email)

    @pytest.mark.parametrize(
        "password", [PASSWORD, NEW, "guichet-demo", "correct horse battery staple", "password of caro 1987", "xK4#pQ9z"]
    )
    def test_others_are_taken(self, password: str) -> None:
        refuse_common(password, AGENT.name, AGENT.email)

    async def test_every_way_to_set_one_refuses_them(self, service: Service) -> None:
        admin, agent = await service.signed_in("Ida Admin", "admin"), await service.signed_in()
        added = await admin.call("POST", "/agents", json={"name": "Alex", "email": f"{new_id()}@example.com"})
        token = added.json()["link"].rpartition("/")[2]
        weak = {"password": "password1"}
        for answer in (
            await agent.call("POST", "/auth/password", json={"current_password": PASSWORD} | weak),
            await service.client.post("/api/v1/auth/welcome", json={"token": token} | weak),
        ):
            assert fields(answer) == ["password"]
        # The link is still good: nothing was set by it.
        set_now = await service.client.post("/api/v1/auth/welcome", json={"token": token, "password": NEW})
        service.client.cookies.clear()
        assert set_now.status_code == 200


class TestOnesOwnPassword:
    async def test_it_is_changed_with_the_present_one_and_every_other_session_ends(self, service: Service) -> None:
        caro = await service.signed_in()
        elsewhere = await service.sign_in(caro.agent)
        body = {"current_password": PASSWORD, "password": NEW}

        changed = await caro.call("POST", "/auth/password", json=body)
        service.client.cookies.clear()

        assert changed.status_code == 200
        for dead in (caro, elsewhere):
            assert (await dead.call("GET", "/agents/me")).status_code == 401
        going_on = Signed(service.client, caro.agent, changed.json()["access_token"])
        assert (await going_on.call("GET", "/agents/me")).status_code == 200
        assert (await login(service, caro.agent, PASSWORD)).status_code == 401
        assert (await login(service, caro.agent, NEW)).status_code == 200

    async def test_a_wrong_present_one_is_told_and_counts_as_a_guess(self, service: Service) -> None:
        caro = await service.signed_in()
        body = {"current_password": "a wrong guess", "password": NEW}
        answers = [await caro.call("POST", "/auth/password", json=body) for _ in range(11)]
        assert all(fields(answer) == ["current_password"] for answer in answers[:10])
        assert answers[10].status_code == 429


class TestOnesOwnSessions:
    async def test_they_are_seen_and_ended_one_by_one_and_nobody_else_s_are(self, service: Service) -> None:
        caro, ida = await service.signed_in(), await service.signed_in("Ida")
        elsewhere = await service.sign_in(caro.agent)
        seen = (await caro.get("/auth/sessions"))["items"]
        assert sorted(session["current"] for session in seen) == [False, True]
        other = next(session["id"] for session in seen if not session["current"])
        assert (await ida.call("DELETE", f"/auth/sessions/{other}")).status_code == 404

        assert (await caro.call("DELETE", f"/auth/sessions/{other}")).status_code == 204

        assert (await elsewhere.call("GET", "/agents/me")).status_code == 401
        assert [session["current"] for session in (await caro.get("/auth/sessions"))["items"]] == [True]
        third = await service.sign_in(caro.agent)
        assert (await caro.call("DELETE", "/auth/sessions")).status_code == 204
        assert (await third.call("GET", "/agents/me")).status_code == 401
        assert (await caro.call("GET", "/agents/me")).headers["cache-control"] == "no-store"


class TestTheSecondFactor:
    def test_codes_are_those_of_the_rfc_and_good_once(self) -> None:
        factors = SecondFactors(b"x" * 32)
        factor = factors.new()
        secret = factors.offer(factor, AGENT).secret
        at = datetime(2026, 1, 31, 12, tzinfo=UTC)
        step = int(at.timestamp()) // STEP_SECONDS
        codes = {offset: pyotp.TOTP(secret).generate_otp(step + offset) for offset in (-2, -1, 0, 1, 2)}
        assert [factors.step_of(factor, codes[offset], at) for offset in (-1, 0, 1)] == [step - 1, step, step + 1]
        assert [factors.step_of(factor, codes[offset], at) for offset in (-2, 2)] == [None, None]
        used = type(factor)(factor.sealed, step)
        assert factors.step_of(used, codes[0], at) is None
        assert factors.step_of(used, codes[1], at) == step + 1

    async def test_once_it_is_confirmed_a_password_alone_does_not_sign_in(self, service: Service) -> None:
        caro = await service.signed_in()
        offer = (await caro.call("POST", "/auth/second-factor", json={"password": PASSWORD})).json()
        totp, now = pyotp.TOTP(offer["secret"]), int(time.time())
        assert fields(await caro.call("POST", "/auth/second-factor/confirm", json={"code": "000000"})) == ["code"]
        code = totp.at(now - STEP_SECONDS)
        assert (await caro.call("POST", "/auth/second-factor/confirm", json={"code": code})).status_code == 204
        assert await caro.get("/auth/second-factor") == {"active": True, "required": False}

        alone = await login(service, caro.agent, PASSWORD)
        assert (alone.status_code, alone.json()["code"]) == (401, "second_factor_wanted")
        used = await login(service, caro.agent, PASSWORD, code=code)
        assert (used.status_code, used.json()["code"]) == (401, "invalid_credentials")
        fresh = totp.at(int(time.time()) + STEP_SECONDS)
        wrong = await login(service, caro.agent, "a wrong guess", code=fresh)
        assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
        assert (await login(service, caro.agent, PASSWORD, code=fresh)).status_code == 200

        removed = await caro.call("POST", "/auth/second-factor/remove", json={"password": PASSWORD})
        assert removed.status_code == 204
        assert (await login(service, caro.agent, PASSWORD)).status_code == 200
