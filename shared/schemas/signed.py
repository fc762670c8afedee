"""Schemas of what travels signed: order events of partners and their receipts, CloudEvents in JSON inside a compact JWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

from shared.messages.dataschema import dataschema_of
from shared.messages.partner import PARTNER_EVENTS, RECEIPT_TYPE, PartnerEvent, ReceiptData
from shared.schemas.examples import example_of
from shared.schemas.jsonschema import PERSONAL, STRICT, Schema, opened, strict_schema

EVENTS = tuple(PARTNER_EVENTS)
"""Types that partners write."""
TYPES = (*EVENTS, RECEIPT_TYPE)
TOPICS: Mapping[str, str] = {
    **dict.fromkeys(EVENTS, "partner.{partner}.orders.v1"),
    RECEIPT_TYPE: "partner.{partner}.receipts.v1",
}
KEY = OKPKey.import_key(
    {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
)
"""The example key of RFC 8037, appendix A, which everybody has: it signs the examples and nothing else."""


def strict_event(name: str) -> Schema:
    """Return the strict schema of the CloudEvent inside the JWS of a type. Raises KeyError for a type that is not signed."""
    envelope = _receipt_envelope() if name == RECEIPT_TYPE else strict_schema(PartnerEvent, "")
    data = strict_schema(ReceiptData if name == RECEIPT_TYPE else PARTNER_EVENTS[name], "")
    title = data["title"]
    fields = dict(envelope["properties"])
    fields["type"] = {"type": "string", "const": name, "description": "Which event. Not personal.", PERSONAL: False}
    fields["data"] = {"$ref": f"#/$defs/{title}", "description": "What the event states. Not personal.", PERSONAL: False}
    if name != RECEIPT_TYPE:
        del fields["subject"], fields["dataschema"], fields["traceparent"]
    return {
        "$schema": envelope["$schema"],
        "$id": dataschema_of(name) + STRICT,
        "title": title.removesuffix("Data") + "CloudEvent",
        "description": data["description"],
        "type": "object",
        "required": envelope["required"],
        "properties": fields,
        "additionalProperties": False,
        "$defs": {
            **data.get("$defs", {}),
            title: {key: value for key, value in data.items() if not key.startswith("$")},
        },
    }


def reader_event(name: str) -> Schema:
    """Return the schema of the CloudEvent as a reader takes it: unknown fields pass."""
    return opened(strict_event(name)) | {"$id": dataschema_of(name)}


def example_event(name: str) -> dict[str, Any]:
    """Return an example of the CloudEvent of a type. Fields that only some receipts have are those of an accepted one."""
    example = example_of(strict_event(name))
    if name == RECEIPT_TYPE:
        receipt = example["data"]["receipt"]
        receipt.update(dict.fromkeys(("code", "detail", "remedy", "reference")))
    return example


def signed_example(name: str) -> str:
    """Return the example as the compact JWS that stands in a record, signed with the key of RFC 8037."""
    payload = json.dumps(example_event(name), ensure_ascii=False, separators=(",", ":")).encode()
    header = {"alg": "Ed25519", "kid": KEY.thumbprint(), "typ": "JOSE"}
    return jws.serialize_compact(header, payload, KEY, algorithms=["Ed25519"])


def _receipt_envelope() -> Schema:
    envelope = strict_schema(PartnerEvent, "")
    names = ("specversion", "id", "source", "type", "time", "datacontenttype", "aud", "data")
    fields = {name: dict(envelope["properties"][name]) for name in names}
    receipt = strict_schema(ReceiptData, "")["$defs"]["Receipt"]["properties"]
    fields["id"] = receipt["id"]
    fields["source"] = {"type": "string", "const": "/ordering", "description": "The writer. Not personal.", PERSONAL: False}
    fields["time"] |= {"description": "When it was decided on, in UTC. Not personal."}
    fields["aud"] = receipt["partner"]
    return envelope | {"properties": fields, "required": list(names)}
