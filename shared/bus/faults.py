"""The ways in which a record can be no event of this system, each with its stable code, and the strict reading of JSON."""

from __future__ import annotations

from enum import StrEnum

import jiter

from shared.errors import RejectedError


class Fault(StrEnum):
    """The stable codes of a record that cannot be decoded."""

    MISSING_HEADER = "missing_header"
    BAD_HEADER = "bad_header"
    DUPLICATE_HEADER = "duplicate_header"
    BAD_SPECVERSION = "bad_specversion"
    BAD_CONTENT_TYPE = "bad_content_type"
    MISSING_KEY = "missing_key"
    BAD_KEY = "bad_key"
    KEY_MISMATCH = "key_mismatch"
    BAD_ID = "bad_id"
    BAD_TYPE = "bad_type"
    BAD_SOURCE = "bad_source"
    BAD_TIME = "bad_time"
    BAD_SEQUENCE = "bad_sequence"
    UNKNOWN_TYPE = "unknown_type"
    FOREIGN_TYPE = "foreign_type"
    FOREIGN_SOURCE = "foreign_source"
    FOREIGN_TOPIC = "foreign_topic"
    NULL_VALUE = "null_value"
    INVALID_JSON = "invalid_json"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    TOO_DEEP = "too_deep"
    SCHEMA = "schema"


class DecodeError(RejectedError):
    """A record is no event that this system knows; ``code`` says in which way. The detail never repeats the record's content."""

    code = "undecodable"

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail, code=fault.value)
        self.fault = fault


def strict_json(value: bytes) -> object:
    """Parse so that every reader of these bytes sees the same: no repeated keys, no NaN, bounded depth. Raises DecodeError."""
    try:
        return jiter.from_json(value, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError as error:
        text = str(error)
        if text.startswith("Detected duplicate key"):
            raise DecodeError(Fault.DUPLICATE_KEY, "a key stands more than once in one object") from error
        if "recursion limit" in text:
            raise DecodeError(Fault.TOO_DEEP, "the body is nested too deeply") from error
        if _names_no_number(value):
            raise DecodeError(Fault.NOT_A_NUMBER, "NaN and Infinity are no JSON numbers") from error
        raise DecodeError(Fault.INVALID_JSON, "the body is not JSON") from error


def _names_no_number(value: bytes) -> bool:
    """Return whether only the words NaN and Infinity keep the bytes from being JSON."""
    try:
        jiter.from_json(value, allow_inf_nan=True)
    except ValueError:
        return False
    return True
