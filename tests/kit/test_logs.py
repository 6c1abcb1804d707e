"""One JSON object a line, whoever logs."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from guichet_kit import logs, trace

Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _set_back() -> Iterator[None]:
    """Logging is set up once a process; give it back as it was."""
    root, before = logging.getLogger(), {name: logging.getLogger(name).level for name in logs._QUIET}
    handlers, level, defaults = root.handlers, root.level, structlog.get_config()
    trace.traceparent.set(None)
    trace.correlation_id.set(None)
    yield
    structlog.configure(**defaults)
    root.handlers = handlers
    root.setLevel(level)
    for name, quiet in before.items():
        logging.getLogger(name).setLevel(quiet)


@pytest.fixture
def log() -> structlog.stdlib.BoundLogger:
    """A logger that was made before logging was set up, as those of modules are."""
    return logs.get_logger("early.bird")


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Logged:
    """The lines that were written."""
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def configure() -> None:
    logs.configure("chat", "INFO", "json")


class TestJsonLines:
    def test_a_line_has_the_event_its_fields_and_where_it_comes_from(
        self, log: structlog.stdlib.BoundLogger, logged: Logged
    ) -> None:
        configure()
        log.info("message_posted", seq=7)
        (line,) = logged()
        assert line.pop("timestamp").endswith("Z")
        assert line == {"event": "message_posted", "seq": 7, "level": "info", "logger": "early.bird", "service": "chat"}

    def test_the_trace_and_the_request_id_are_added_where_there_are_any(
        self, log: structlog.stdlib.BoundLogger, logged: Logged
    ) -> None:
        configure()
        trace.continue_trace(None)
        trace.correlation_id.set("request-1")
        log.info("message_posted")
        (line,) = logged()
        assert (line["trace_id"], line["correlation_id"]) == (trace.trace_id(), "request-1")

    def test_loggers_of_the_standard_library_go_through_the_same_formatter(self, logged: Logged) -> None:
        configure()
        trace.correlation_id.set("request-1")
        logging.getLogger("a.library").warning("%s of %s", 1, "two")
        (line,) = logged()
        assert (line["event"], line["level"], line["logger"]) == ("1 of two", "warning", "a.library")
        assert (line["service"], line["correlation_id"]) == ("chat", "request-1")

    def test_an_exception_is_one_line_with_its_traceback_in_a_field(
        self, log: structlog.stdlib.BoundLogger, logged: Logged
    ) -> None:
        configure()
        try:
            int("deep within")
        except ValueError:
            log.exception("crash")
            logging.getLogger("a.library").exception("crash")
        lines = logged()
        assert len(lines) == 2
        for line in lines:
            assert line["exception"].startswith("Traceback")
            assert line["exception"].endswith("'deep within'")

    def test_what_json_cannot_hold_is_told_all_the_same(
        self, log: structlog.stdlib.BoundLogger, logged: Logged
    ) -> None:
        configure()
        log.info("odd", error=ValueError("no"))
        (line,) = logged()
        assert line["error"] == "ValueError('no')"

    def test_a_line_break_in_a_value_does_not_forge_a_line(
        self, log: structlog.stdlib.BoundLogger, logged: Logged
    ) -> None:
        configure()
        log.info("odd", text='a\n{"event": "forged"}')
        (line,) = logged()
        assert line["event"] == "odd"


class TestLevels:
    def test_lines_below_the_level_are_left_out(self, log: structlog.stdlib.BoundLogger, logged: Logged) -> None:
        configure()
        log.debug("quiet")
        logging.getLogger("a.library").debug("quiet")
        log.info("loud")
        assert [line["event"] for line in logged()] == ["loud"]

    def test_chatty_libraries_are_heard_from_warning_on(self, logged: Logged) -> None:
        configure()
        logging.getLogger("aio_pika").info("chat")
        logging.getLogger("aio_pika").warning("word")
        assert [line["event"] for line in logged()] == ["word"]


class TestTheConsole:
    def test_lines_are_for_people(self, log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]) -> None:
        logs.configure("chat", "INFO", "console")
        log.info("message_posted", seq=7)
        (line,) = capsys.readouterr().out.splitlines()
        assert not line.startswith("{")
        assert "message_posted" in line
        assert "seq=7" in line

    def test_a_traceback_does_not_show_the_values_of_variables(
        self, log: structlog.stdlib.BoundLogger, capsys: pytest.CaptureFixture[str]
    ) -> None:
        logs.configure("chat", "INFO", "console")
        password = "hunter" + str(2)
        try:
            int("x", base=len(password))
        except ValueError:
            log.exception("crash")
        shown = capsys.readouterr().out
        assert "ValueError" in shown
        assert "hunter2" not in shown
