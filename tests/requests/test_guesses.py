"""Wrong guesses: bounded for whoever guesses, and no hindrance for whoever knows the password."""

import httpx2
import pytest
from guichet_kit.clock import now
from guichet_requests.agent.guesses import WINDOW

from .conftest import PASSWORD, Service

STRANGER, OFFICE = "203.0.113.7", "198.51.100.20"


async def login(
    service: Service, email: str, password: str, address: str, device: str | None = None
) -> httpx2.Response:  # fmt: skip
    headers = {"X-Forwarded-For": address} | ({"Cookie": f"__Host-guichet_device={device}"} if device else {})
    body = {"email": email, "password": password}
    answer = await service.client.post("/api/v1/auth/login", json=body, headers=headers)
    service.client.cookies.clear()
    return answer


def device_of(answer: httpx2.Response) -> str:
    given = [one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-guichet_device=")]
    return given[0].split(";")[0].partition("=")[2]


async def guess(service: Service, email: str, address: str, times: int = 11) -> list[int]:
    """The statuses of wrong guesses, one after the other."""
    return [(await login(service, email, "a wrong guess", address)).status_code for _ in range(times)]


class TestWrongGuesses:
    async def test_ten_by_a_stranger_do_not_keep_the_right_password_out_at_another_address(
        self, service: Service
    ) -> None:
        agent = await service.agent()
        assert await guess(service, agent.email, STRANGER) == [401] * 10 + [429]
        assert (await login(service, agent.email, PASSWORD, OFFICE)).status_code == 200
        # Whoever guesses does not get in by guessing right in the end.
        assert (await login(service, agent.email, PASSWORD, STRANGER)).status_code == 429

    async def test_a_browser_that_signed_in_before_gets_in_from_the_very_address_that_guesses_come_from(
        self, service: Service
    ) -> None:
        agent, other = await service.agent(), await service.agent()
        device = device_of(await login(service, agent.email, PASSWORD, OFFICE))
        await guess(service, agent.email, OFFICE)
        assert (await login(service, agent.email, PASSWORD, OFFICE)).status_code == 429
        known = await login(service, agent.email, PASSWORD, OFFICE, device)
        assert known.status_code == 200
        # It is known for its own agent only, until the other one has signed in from it, too.
        await guess(service, other.email, OFFICE)
        assert (await login(service, other.email, PASSWORD, OFFICE, device)).status_code == 429

    async def test_right_passwords_do_not_count(self, service: Service) -> None:
        agent = await service.agent()
        answers = [(await login(service, agent.email, PASSWORD, OFFICE)).status_code for _ in range(12)]
        assert answers == [200] * 12

    @pytest.mark.parametrize("device", ["nonsense", "a.b.c"])
    async def test_a_forged_device_is_as_good_as_none(self, service: Service, device: str) -> None:
        agent = await service.agent()
        await guess(service, agent.email, STRANGER, 10)
        assert (await login(service, agent.email, PASSWORD, STRANGER, device)).status_code == 429

    async def test_a_thousand_addresses_guess_no_more_than_ten_times_as_much(self, service: Service) -> None:
        agent = await service.agent()
        for _ in range(100):
            await service.world.agents.attempt(f"account {agent.email}", now(), WINDOW, 100)
        assert await guess(service, agent.email, STRANGER, 1) == [429]
