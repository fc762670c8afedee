"""What the command prints: lines for people, or one JSON document a line."""

from __future__ import annotations

import json
from typing import Any

from efa_partner.journal import Entry
from efa_partner.receipt import Receipt


def show(document: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print a document for programs, or the text for people."""
    print(json.dumps(document, ensure_ascii=False) if as_json else text, flush=True)


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as the marketplace states it, with the signed bytes beside it as proof."""
    return receipt.model_dump(mode="json", exclude={"raw"}) | {"jws": receipt.raw.decode("ascii", "replace")}


def receipt_text(receipt: Receipt) -> str:
    """Return a receipt for people."""
    head = f"{receipt.status.value}: {receipt.event.jti or f'record {receipt.event.partition}-{receipt.event.offset}'}"
    lines = [head]
    if receipt.order is not None:
        lines.append(
            f"  order {receipt.order.number} ({receipt.order.id}): {receipt.order.state}, revision {receipt.order.revision}"
        )
    if receipt.code is not None:
        lines.append(f"  code: {receipt.code}")
    for name, words in (("reason", receipt.detail), ("remedy", receipt.remedy)):
        if words is not None:
            lines.append(f"  {name}: {words.de}\n          {words.en}")
    if receipt.reference is not None:
        lines.append(f"  quarantine: {receipt.reference} (stored for 90 days)")
    return "\n".join(lines)


def entry_document(entry: Entry) -> dict[str, Any]:
    """Return an event of the journal."""
    receipt = entry.receipt
    return {
        "jti": entry.event.jti,
        "type": entry.event.type,
        "state": entry.state.value,
        "signed_at": entry.signed_at.isoformat(),
        "expires_at": entry.event.expires_at.isoformat(),
        "records": [{"partition": partition, "offset": offset} for partition, offset in sorted(entry.places)],
        "receipt": None if receipt is None else receipt.model_dump(mode="json", exclude={"raw"}),
    }


def entry_text(entry: Entry) -> str:
    """Return an event of the journal in a line."""
    code = "" if entry.receipt is None or entry.receipt.code is None else f" ({entry.receipt.code})"
    return f"{entry.state.value:<12} {entry.event.jti}  {entry.event.type}{code}"
