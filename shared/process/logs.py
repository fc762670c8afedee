"""Logs: one JSON object per line on standard output, with correlation id and trace id, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TextIO
from zoneinfo import ZoneInfo

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.tracing import context

_TAKEN_OVER = ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream", "faststream.access", "aiokafka", "asyncio", "pymongo")
_QUIET = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "uvicorn.access": logging.WARNING, "pymongo": logging.WARNING}
_SECRET_NAME = re.compile(r"authorization|token|secret|passw|cookie|credential|private_key|api_key", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]+"
    r"|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|(?<=://)[^\s/@\"\\]+:[^\s/@\"\\]+(?=@)"
)
HIDDEN = "[hidden]"


def configure_logs(level: str = "INFO", time_zone: str = "UTC", stream: TextIO | None = None) -> None:
    """Send the logs of this process, also those of libraries, to ``stream`` (default: standard output).

    Safe to call again. Raises ValueError for an unknown level, ZoneInfoNotFoundError for an unknown time zone.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"'{level}' is no log level")
    out = stream or sys.stdout
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _add_context,
        _timestamp(ZoneInfo(time_zone)),
    ]
    ending: list[Processor] = [structlog.processors.format_exc_info, _hide_named, _render]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(allow=())],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _TAKEN_OVER:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(number, quiet))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.get_logger().critical("uncaught", exc_info=(kind, error, traceback))


def _add_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    correlation, trace = context.correlation_id.get(), context.trace_id()
    if correlation is not None:
        event.setdefault("correlation_id", correlation)
    if trace is not None:
        event.setdefault("trace_id", trace)
    return event


def _timestamp(zone: ZoneInfo) -> Processor:
    def stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["time"] = datetime.now(zone).isoformat(timespec="milliseconds")
        return event

    return stamp


def _hide_named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if name != "event" and value is not None and _SECRET_NAME.search(name):
            event[name] = HIDDEN
    return event


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    ordered = {"time": event.pop("time", None), "level": event.pop("level", None), "event": event.pop("event", ""), **event}
    line = orjson.dumps(ordered, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
    return _SECRET_TEXT.sub(HIDDEN, line)


_plain: Callable[[object], str] = repr
