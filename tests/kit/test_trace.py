"""W3C Trace Context: joined when it is well-formed, begun anew when not."""

import contextvars

import pytest
from guichet_kit import trace

INCOMING = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture(autouse=True)
def clean() -> None:
    trace.traceparent.set(None)


class TestAValidTraceparent:
    def test_the_trace_and_its_flags_are_kept_and_the_span_is_our_own(self) -> None:
        version, trace_id, span, flags = trace.continue_trace(INCOMING).split("-")
        assert (version, trace_id, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "00")
        assert len(span) == 16
        assert span != "00f067aa0ba902b7"

    def test_the_trace_id_is_known_from_then_on(self) -> None:
        trace.continue_trace(INCOMING)
        assert trace.trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736"

    def test_another_context_does_not_see_it(self) -> None:
        contextvars.copy_context().run(trace.continue_trace, INCOMING)
        assert trace.trace_id() is None


class TestNoValidTraceparent:
    @pytest.mark.parametrize(
        "incoming",
        [
            None,
            "",
            "nonsense",
            INCOMING.upper(),
            INCOMING + "\n",
            INCOMING + "-00",
            INCOMING.replace("00-4", "ff-4", 1),
            f"00-{'0' * 32}-00f067aa0ba902b7-01",
            f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
            INCOMING[:-1],
        ],
    )
    def test_a_new_trace_begins(self, incoming: str | None) -> None:
        version, trace_id, span, flags = trace.continue_trace(incoming).split("-")
        assert (version, flags) == ("00", "01")
        assert (len(trace_id), len(span)) == (32, 16)
        assert trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"

    def test_each_one_is_another(self) -> None:
        assert trace.continue_trace(None) != trace.continue_trace(None)
