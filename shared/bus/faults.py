"""The ways in which a record can be no event of this system, each with its stable code."""

from __future__ import annotations

from enum import StrEnum

from shared import strict_json
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
    VALUE_OF_TOMBSTONE = "value_of_tombstone"
    INVALID_JSON = "invalid_json"
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"
    TOO_DEEP = "too_deep"
    SCHEMA = "schema"


class DecodeError(RejectedError):
    """A record is no event that this system knows; ``code`` names the fault. The detail never repeats the record's content."""

    code = "undecodable"

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail, code=fault.value)
        self.fault = fault


def parse_json(value: bytes) -> object:
    """Return the value of a body that has one meaning (``shared.strict_json``). Raises DecodeError."""
    try:
        return strict_json.parse(value)
    except strict_json.StrictJsonError as error:
        raise DecodeError(Fault(error.fault.value), error.detail) from error
