"""Log lines are JSON, carry their context and the time of the chosen zone, and hide what is secret."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest
import structlog

from shared.process.logs import HIDDEN, configure_logs
from shared.tracing import context


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)  # a command of a kit, run by another test, has silenced it for good
    yield io.StringIO()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_time_level_event_and_the_work_it_belongs_to(stream: io.StringIO) -> None:
    configure_logs("INFO", "Asia/Kathmandu", stream)
    correlation = context.correlation_id.set("order-17")
    trace = context.traceparent.set(f"00-{'a' * 32}-{'b' * 16}-01")
    structlog.get_logger().info("order_placed", cents=12, at=datetime(2026, 1, 1))  # noqa: DTZ001 - any value must pass
    context.correlation_id.reset(correlation)
    context.traceparent.reset(trace)
    (line,) = lines(stream)
    assert list(line)[:3] == ["time", "level", "event"]
    assert (line["level"], line["event"], line["cents"]) == ("info", "order_placed", 12)
    assert (line["correlation_id"], line["trace_id"]) == ("order-17", "a" * 32)
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(hours=5, minutes=45)


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "faststream", "aiokafka", "asyncio", "anything.else"])
def test_loggers_of_libraries_write_the_same_lines_once(stream: io.StringIO, name: str) -> None:
    if name in {"uvicorn", "faststream"}:
        logging.getLogger(name).addHandler(logging.StreamHandler(stream))
        logging.getLogger(name).propagate = False
    configure_logs("INFO", "UTC", stream)
    configure_logs("INFO", "UTC", stream)
    logging.getLogger(name).warning("lost %s", "partition 3")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("lost partition 3", "warning", name)


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    configure_logs("WARNING", "UTC", stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("aiokafka").info("quiet")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "name", ["token", "access_token", "Authorization", "smtp_password", "client_secret", "set-cookie", "api_key"]
)
def test_a_value_with_a_secret_name_is_hidden(stream: io.StringIO, name: str) -> None:
    configure_logs("INFO", "UTC", stream)
    structlog.get_logger().info("x", **{name: "geheim"})
    (line,) = lines(stream)
    assert line[name] == HIDDEN


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer geheim",
        "bearer  geheim.abc",
        "token eyJgeheim.eyJgeheim.c2lnbmF0dXJl",
        "mongodb://nutzer:geheim@mongo-0:27017/db",
        "https://x:geheim@host/path",
    ],
)
def test_a_secret_inside_a_text_is_hidden_wherever_it_stands(stream: io.StringIO, text: str) -> None:
    configure_logs("INFO", "UTC", stream)
    structlog.get_logger().info(text, deep={"list": [text]})
    logging.getLogger("aiokafka").error("%s", text)
    structlog.get_logger().error("failed", exc_info=ValueError(text))
    assert "geheim" not in stream.getvalue()
    assert len(lines(stream)) == 3


def test_a_line_break_in_a_value_makes_no_second_line(stream: io.StringIO) -> None:
    configure_logs("INFO", "UTC", stream)
    structlog.get_logger().info('a\n{"event":"forged"}')
    assert len(lines(stream)) == 1


def test_a_value_that_is_no_json_is_written_as_text(stream: io.StringIO) -> None:
    configure_logs("INFO", "UTC", stream)
    structlog.get_logger().info("x", span=timedelta(seconds=1), kinds={1})
    (line,) = lines(stream)
    assert "seconds=1" in line["span"]


def test_an_uncaught_error_is_a_line_too(stream: io.StringIO) -> None:
    configure_logs("INFO", "UTC", stream)
    sys.excepthook(RuntimeError, RuntimeError("ende"), None)
    (line,) = lines(stream)
    assert (line["level"], "ende" in line["exception"]) == ("critical", True)


def test_an_unknown_level_or_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no log level"):
        configure_logs("LOUD")
    with pytest.raises(ZoneInfoNotFoundError):
        configure_logs("INFO", "Europe/Atlantis")
