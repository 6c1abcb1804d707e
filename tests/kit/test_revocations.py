"""Tokens that are good no more before their time."""

import pytest
from guichet_contracts.requests import AGENTS_REVOKED
from guichet_kit.revocations import REMEMBERED_SECONDS, Revocations
from guichet_kit.tokens import InvalidToken
from guichet_local.testing.signing import SIGNING


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("token", "refused"),
        [
            (("caro", {"ver": 3, "sid": "a"}), True),
            (("caro", {"sid": "a"}), True),
            (("caro", {"ver": "4", "sid": "a"}), True),
            (("caro", {"ver": 4, "sid": "a"}), False),
            (("caro", {"ver": 5, "sid": "ended"}), True),
            (("ida", {"ver": 1, "sid": "b"}), False),
            (("mailer", {"role": "agent"}), False),
        ],
    )
    def test_an_older_version_and_an_ended_session_are_and_no_other(
        self, token: tuple[str, dict[str, object]], refused: bool
    ) -> None:
        revocations = Revocations()
        tokens = SIGNING.tokens("agents", refuse=revocations.refuse)
        issued = tokens.issue(token[0], 900, **token[1])
        assert tokens.verify(issued).subject == token[0]

        revocations.hear({"caro": 4}, ["ended"])

        if refused:
            with pytest.raises(InvalidToken):
                tokens.verify(issued)
        else:
            assert tokens.verify(issued).subject == token[0]

    def test_one_that_is_remembered_as_verified_is_refused_all_the_same(self) -> None:
        revocations = Revocations()
        tokens = SIGNING.tokens("agents", remembered=10, refuse=revocations.refuse)
        issued = tokens.issue("caro", 900, ver=1)
        assert tokens.verify(issued).subject == "caro"
        revocations.hear({"caro": 2}, [])
        with pytest.raises(InvalidToken):
            tokens.verify(issued)

    def test_states_that_come_late_or_twice_take_nothing_back(self) -> None:
        revocations = Revocations()
        tokens = SIGNING.tokens("agents", refuse=revocations.refuse)
        issued = tokens.issue("caro", 900, ver=4)
        for version in (5, 3):
            event = {"data": {"agents": {"caro": version}, "sessions": []}}
            revocations.on_events(AGENTS_REVOKED, [event])
        revocations.on_events("requests.request.changed.v1", [{"data": {}}])
        with pytest.raises(InvalidToken):
            tokens.verify(issued)

    def test_what_no_token_can_outlive_is_forgotten_and_news_is_told_once(self) -> None:
        clock, told = Clock(), []
        revocations = Revocations(clock)
        revocations.when_heard(lambda: told.append(clock.now))
        revocations.hear({"caro": 2}, ["a"])
        revocations.hear({"caro": 2}, ["a"])
        assert told == [0.0]
        clock.now = REMEMBERED_SECONDS + 1
        revocations.hear({}, [])
        assert (revocations._versions, revocations._sessions) == ({}, {})
