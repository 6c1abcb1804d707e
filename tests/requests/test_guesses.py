"""Wrong guesses: bounded for whoever guesses, and no hindrance for whoever knows the password."""

import asyncio

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

    async def test_a_new_browser_gets_in_from_the_very_address_from_which_guesses_rain(self, service: Service) -> None:
        agent = await service.agent()
        assert await guess(service, agent.email, OFFICE) == [401] * 10 + [429]

        async def rain() -> None:
            while True:
                assert (await login(service, agent.email, "a wrong guess", OFFICE)).status_code == 429

        rains = [asyncio.create_task(rain()) for _ in range(3)]
        async with asyncio.timeout(60):
            while (answer := await login(service, agent.email, PASSWORD, OFFICE)).status_code == 429:
                pass
        assert answer.status_code == 200
        for one in rains:
            assert not one.done()
            one.cancel()
        await asyncio.wait(rains)

    async def test_those_at_many_accounts_keep_nobody_out_at_that_address_either(self, service: Service) -> None:
        agent = await service.agent()
        for _ in range(100):
            await service.world.agents.attempt(f"address {OFFICE}", now(), WINDOW, 100)
        assert await guess(service, f"{agent.id}@example.com", OFFICE, 1) == [429]
        assert (await login(service, agent.email, PASSWORD, OFFICE)).status_code == 200

    async def test_many_at_once_are_not_looked_at_faster_and_do_not_pile_up(self, service: Service) -> None:
        agent = await service.agent()
        await guess(service, agent.email, OFFICE, 10)
        answers = await asyncio.gather(*(login(service, agent.email, "a wrong guess", OFFICE) for _ in range(40)))
        assert {answer.status_code for answer in answers} == {429}
        # Told to try again at once: those whose place somebody newer got, or who lost their patience.
        assert sum(answer.headers["retry-after"] == "1" for answer in answers) >= 40 - 8 - 12

    async def test_a_browser_that_signed_in_before_gets_in_from_the_very_address_that_guesses_come_from(
        self, service: Service
    ) -> None:
        agent, other = await service.agent(), await service.agent()
        device = device_of(await login(service, agent.email, PASSWORD, OFFICE))
        await guess(service, agent.email, OFFICE)
        wrong = [(await login(service, agent.email, "a wrong guess", OFFICE, device)).status_code for _ in range(2)]
        assert wrong == [401] * 2  # by a count of its own
        assert (await login(service, agent.email, PASSWORD, OFFICE, device)).status_code == 200
        # It is known for its own agent only, until the other one has signed in from it, too.
        await guess(service, other.email, OFFICE)
        assert (await login(service, other.email, "a wrong guess", OFFICE, device)).status_code == 429

    async def test_right_passwords_do_not_count(self, service: Service) -> None:
        agent = await service.agent()
        answers = [(await login(service, agent.email, PASSWORD, OFFICE)).status_code for _ in range(12)]
        assert answers == [200] * 12

    @pytest.mark.parametrize("device", ["nonsense", "a.b.c"])
    async def test_a_forged_device_is_as_good_as_none(self, service: Service, device: str) -> None:
        agent = await service.agent()
        await guess(service, agent.email, STRANGER, 10)
        assert (await login(service, agent.email, "a wrong guess", STRANGER, device)).status_code == 429

    async def test_a_thousand_addresses_guess_no_more_than_ten_times_as_much(self, service: Service) -> None:
        agent = await service.agent()
        for _ in range(100):
            await service.world.agents.attempt(f"account {agent.email}", now(), WINDOW, 100)
        assert await guess(service, agent.email, STRANGER, 1) == [429]
        assert (await login(service, agent.email, PASSWORD, STRANGER)).status_code == 200
