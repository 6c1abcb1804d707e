"""Bytes of visitors, an hour and a day."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from guichet_attachments.allowance import Allowance, AllowanceUsed, counts, exhausted
from guichet_attachments.attachment import Person
from guichet_attachments.usage import Allowances
from guichet_kit.limits import network_of
from guichet_local.testing.databases import Databases

NOW = datetime(2026, 1, 1, 12, 40, tzinfo=UTC)
ADA, BOB = Person("visitor", "ada", site="shop"), Person("visitor", "bob", site="shop")


class TestRules:
    def test_the_hour_and_the_day_are_counted_apart(self) -> None:
        sums = counts({"visitor:ada": Allowance(10, 20)}, NOW)
        assert [(count.key, count.most) for count in sums] == [
            ("visitor:ada/2026-01-01T12", 10),
            ("visitor:ada/2026-01-01", 20),
        ]

    def test_what_is_used_up_comes_back_when_its_time_is_over(self) -> None:
        sums = counts({"visitor:ada": Allowance(10, 20)}, NOW)
        hourly, daily = (count.key for count in sums)
        assert exhausted(sums, {}, 10, NOW) is None
        refusal = exhausted(sums, {hourly: 5, daily: 5}, 6, NOW)
        assert refusal is not None
        assert refusal.retry_after == 20 * 60
        refusal = exhausted(sums, {hourly: 5, daily: 15}, 6, NOW)
        assert refusal is not None
        assert refusal.retry_after == (11 * 60 + 20) * 60

    def test_no_limit_is_none(self) -> None:
        assert counts({"installation": Allowance(0, 0)}, NOW) == []

    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
            ("testclient", "testclient"),
        ],
    )
    def test_a_household_is_one_address(self, address: str, network: str) -> None:
        assert network_of(address) == network


@pytest.mark.parametrize("driver", ["pymongo", "motor"])
class TestCounting:
    async def counted(self, databases: Databases, driver: str, **allowed: Allowance) -> Allowances:
        allowances = Allowances(await databases.empty("attachments", driver), b"k" * 32, allowed)
        await allowances.ensure_indexes()
        return allowances

    async def test_each_of_the_four_is_a_limit_of_its_own(self, databases: Databases, driver: str) -> None:
        for kind, other, address in (
            ("visitor", ADA, "192.0.2.9"),
            ("address", BOB, "192.0.2.1"),
            ("site", BOB, "192.0.2.9"),
            ("installation", Person("visitor", "cid", site="blog"), "192.0.2.9"),
        ):
            allowances = await self.counted(databases, driver, **{kind: Allowance(100, 1000)})
            await allowances.count(ADA, "192.0.2.1", 60, NOW)
            with pytest.raises(AllowanceUsed):
                await allowances.require(other, address, 60, NOW)
            await allowances.require(other, address, 60, NOW + timedelta(hours=1))
            if kind != "installation":
                await allowances.require(Person("visitor", "eve", site="blog"), "192.0.2.8", 60, NOW)

    async def test_agents_and_mails_are_not_counted(self, databases: Databases, driver: str) -> None:
        allowances = await self.counted(databases, driver, installation=Allowance(1, 1))
        agent = Person("agent", "caro")
        await allowances.count(agent, "192.0.2.1", 60, NOW)
        await allowances.require(agent, "192.0.2.1", 60, NOW)

    async def test_files_at_the_same_moment_are_all_counted_and_no_address_is_kept(
        self, databases: Databases, driver: str
    ) -> None:
        database = await databases.empty("attachments", driver)
        allowances = Allowances(database, b"k" * 32, {"address": Allowance(100, 1000)})
        await asyncio.gather(*(allowances.count(ADA, "192.0.2.1", 10, NOW) for _ in range(10)))
        documents = await database["allowances"].find().to_list(None)
        assert [document["bytes"] for document in documents] == [100, 100]
        assert "192.0.2.1" not in str(documents)
