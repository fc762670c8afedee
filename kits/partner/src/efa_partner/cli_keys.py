"""Subcommands about the signing key."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from efa_partner import keys, registration
from efa_partner.errors import Exit, KeyFileError
from efa_partner.keys import Algorithm, KeyFormat, SigningKey
from efa_partner.options import partner_id
from efa_partner.output import show

Command: TypeAlias = Callable[[argparse.Namespace], int]


def keygen(options: argparse.Namespace) -> int:
    """Make a key and show what the operator registers. Returns the exit code."""
    key = _made(options)
    document = registration.registration(key)
    lines = [f"The private key {key.kid} is in {options.out}; keep it secret.", "Have the operator register its public part:"]
    show(document, "\n".join([*lines, _pretty(document)]), as_json=options.json)
    return Exit.WELL


def public_key(options: argparse.Namespace) -> int:
    """Show what the operator registers. Returns the exit code."""
    document = registration.registration(keys.read(options.signing_key, options.kid))
    show(document, _pretty(document), as_json=options.json)
    return Exit.WELL


def rotate(options: argparse.Namespace) -> int:
    """Make the next key and the signed request for it. Returns the exit code."""
    partner = partner_id(options)
    old = keys.read(options.signing_key, options.kid)
    if options.request.exists():
        raise KeyFileError(f"{options.request} is there already; name another file", code="request_exists")
    new = _made(options)
    request = registration.rotation_request(partner, options.audience, old, new)
    _write(options.request, request)
    document = {"old_kid": old.kid, "request": str(options.request), "jwk": registration.registration(new)}
    text = "\n".join(
        [
            f"The new private key {new.kid} is in {options.out}; go on signing with {old.kid} until the new one is registered.",
            f"Send {options.request} within 12 hours: POST /v1/partners/{partner}/key-rotations, or hand it to the operator.",
            "Both keys are valid during the overlap; then sign with the new one and delete the old file.",
        ]
    )
    show(document, text, as_json=options.json)
    return Exit.WELL


def _made(options: argparse.Namespace) -> SigningKey:
    key = keys.generate(Algorithm(options.algorithm), options.new_kid, bits=options.bits)
    keys.write(options.out, key.private_text(KeyFormat(options.format)))
    return key


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        path.write_text(f"{_pretty(document)}\n", encoding="utf-8")
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror or error}", code="request_unwritable") from error


def _pretty(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
