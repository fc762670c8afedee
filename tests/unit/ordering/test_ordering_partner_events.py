"""A partner's record is verified by the published vectors, and by nothing else."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ordering.domain.partner.partner import Partner
from services.ordering.inbound.findings import QUARANTINE_CODES, REFUSAL_CODES, QuarantinedError
from services.ordering.inbound.verify import Examined, examine
from services.ordering.partners.quarantine import Original
from shared.messages.ordering_partners import PartnerKey, Represented
from tests.support.partner_vectors import FILE, Maker
from tests.support.partners import PartnerSystem

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
VECTORS = DOCUMENT["vectors"]


def sender(document: dict[str, Any]) -> Partner:
    """Return the partner of the file, with all of its keys: one of them is too short to be registered."""
    keys = tuple(PartnerKey.model_validate({**row, "jwk": row["jwk"]}, extra="ignore") for row in document["keys"])
    organisations = tuple(Represented.model_validate(row) for row in document["organisations"])
    registered = PartnerSystem(document["partner"], organisations).registered(LONG_AGO)
    return registered.model_copy(update={"keys": keys})


def value_of(vector: dict[str, Any]) -> bytes:
    if "value_repeat" in vector:
        text, times = vector["value_repeat"]
        return bytes(text * times, "ascii")
    return base64.b64decode(vector["value_base64"]) if "value_base64" in vector else bytes(vector["value"], "ascii")


def examined(vector: dict[str, Any], document: dict[str, Any] = DOCUMENT) -> Examined:
    value = value_of(vector)
    at = datetime.fromisoformat(vector["appended_at"])
    record = Original(f"partner.{document['partner']}.orders.v1", 0, 1, at, None, value)
    return examine(record, sender(document), document["audience"])


def outcome(found: Examined) -> tuple[str, str | None, str | None]:
    if found.error is None:
        assert found.command is not None
        assert found.identity is not None
        return "verified", None, found.jti
    result = "quarantined" if isinstance(found.error, QuarantinedError) else "refused"
    assert found.command is None
    assert result == "quarantined" or found.identity is not None, "only who is identified can be refused"
    return result, found.error.code, found.jti


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_each_published_vector_comes_to_its_result(vector: dict[str, Any]) -> None:
    assert outcome(examined(vector)) == (vector["result"], vector["code"], vector["jti"])


def test_the_vectors_hold_every_code_that_a_value_can_lead_to() -> None:
    of_records = {"null_value", "undecodable_batch", "record_unprocessable", "event_id_reused"}
    assert {vector["code"] for vector in VECTORS} - {None} == (QUARANTINE_CODES.keys() | REFUSAL_CODES.keys()) - of_records


def test_the_published_vectors_are_those_that_are_made() -> None:
    made = [(vector.name, vector.result, vector.code, vector.jti) for vector in Maker().vectors()]
    assert made == [(vector["name"], vector["result"], vector["code"], vector["jti"]) for vector in VECTORS]


def test_a_record_without_a_value_is_quarantined() -> None:
    at = datetime.fromisoformat(VECTORS[0]["appended_at"])
    found = examine(Original("partner.x.orders.v1", 0, 1, at, None, None), sender(DOCUMENT), DOCUMENT["audience"])
    assert outcome(found) == ("quarantined", "null_value", None)


def test_the_same_event_in_other_bytes_is_the_same_event() -> None:
    maker = Maker()
    document = maker.document()
    event = maker.event(jti="same")
    shuffled = dict(sorted(event.items(), reverse=True))
    at = document["vectors"][0]["appended_at"]
    values = (
        maker.signed(event),
        maker.signed(json.dumps(shuffled, indent=4).encode()),
        maker.signed(event, {"alg": "ES256", "kid": "ec-2027"}, maker.ec, "ES256"),
        maker.signed(event, {"alg": "ES256", "kid": "ec-2027"}, maker.ec, "ES256"),
    )
    identities = {examined({"value": value.decode(), "appended_at": at}, document).identity for value in values}
    assert len(set(values)) == 4
    assert len(identities) == 1
    assert None not in identities
    other = examined({"value": maker.signed({**event, "exp": event["exp"] - 1}).decode(), "appended_at": at}, document)
    assert other.identity is not None
    assert other.identity not in identities
