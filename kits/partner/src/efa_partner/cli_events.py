"""Subcommands about events and receipts."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from efa_partner import keys
from efa_partner.commands import Command, command_from
from efa_partner.connection import Connection
from efa_partner.errors import Exit, JournalError, ReceiptMissingError, SettingsError
from efa_partner.journal import EventState, Journal
from efa_partner.jwks import Jwks
from efa_partner.options import partner_id, settings
from efa_partner.output import entry_document, entry_text, receipt_document, receipt_text, show
from efa_partner.partner import AsyncPartner, PartnerSettings, sign_and_store
from efa_partner.receipt import Receipt


def sign(options: argparse.Namespace) -> int:
    """Sign a command and print the JWS. Returns the exit code."""
    command = _command(options)
    partner = partner_id(options)
    key = keys.read(options.signing_key, options.kid)
    unused = Connection("localhost:9092")
    given = PartnerSettings(unused, partner, key, options.journal, Jwks("-"), options.audience, options.lifetime)
    with contextlib.closing(Journal(options.journal, partner)) as journal:
        event = sign_and_store(given, journal, command, options.jti)
    jws = event.jws.decode("ascii")
    show(
        {"jti": event.jti, "type": event.type, "expires_at": event.expires_at.isoformat(), "jws": jws}, jws, as_json=options.json
    )
    return Exit.WELL


def send(options: argparse.Namespace) -> int:
    """Send a command, or what the journal holds without a receipt. Returns the exit code."""
    if options.pending == (options.type is not None):
        raise SettingsError("give either --type with --data, or --pending", code="command_missing")
    command = None if options.pending else _command(options)
    return asyncio.run(_send(options, settings(options), command))


async def _send(options: argparse.Namespace, given: PartnerSettings, command: Command | None) -> int:
    async with AsyncPartner(given) as partner:
        if command is None:
            jtis = [entry.event.jti for entry in partner.journal.unanswered()]
        else:
            jtis = [partner.sign(command, options.jti).jti]
        for jti in jtis:
            entry = await partner.send(jti)
            if options.no_wait:
                show(entry_document(entry), entry_text(entry), as_json=options.json)
        if options.no_wait:
            return Exit.WELL
        codes = [await _shown(partner, jti, options) for jti in jtis]
    return max(codes, default=Exit.WELL)


async def _shown(partner: AsyncPartner, jti: str, options: argparse.Namespace) -> int:
    receipt = await partner.await_receipt(jti, options.timeout)
    _show_receipt(receipt, options)
    return Exit.WELL if receipt.accepted else Exit.REFUSED


def receipts(options: argparse.Namespace) -> int:
    """Show receipts. Returns the exit code."""
    return asyncio.run(_receipts(options, settings(options)))


async def _receipts(options: argparse.Namespace, given: PartnerSettings) -> int:
    async with AsyncPartner(given) as partner:
        if options.jti is not None:
            return await _shown(partner, options.jti, options)
        async for receipt in partner.receipts(whole=True, follow=options.follow):
            _show_receipt(receipt, options)
        waiting = [entry.event.jti for entry in partner.journal.unanswered() if entry.places]
    if waiting:
        raise ReceiptMissingError(f"sent, but not answered yet: {', '.join(waiting)}", code="receipt_missing")
    return Exit.WELL


def status(options: argparse.Namespace) -> int:
    """Show the journal. Returns the exit code."""
    if not options.journal.exists():
        raise JournalError(f"there is no journal {options.journal}; sign or send makes it", code="journal_missing")
    with contextlib.closing(Journal(options.journal, partner_id(options))) as journal:
        entries = journal.entries()
    counts = Counter(entry.state for entry in entries)
    numbers = {state.value: counts[state] for state in EventState}
    document = {"events": len(entries), **numbers, "open": [entry_document(it) for it in entries if it.receipt is None]}
    lines = [*(entry_text(entry) for entry in entries), ", ".join(f"{count} {name}" for name, count in numbers.items())]
    show(document, "\n".join(lines), as_json=options.json)
    return Exit.WELL if not document["open"] else Exit.WAITING


def _show_receipt(receipt: Receipt, options: argparse.Namespace) -> None:
    show(receipt_document(receipt), receipt_text(receipt), as_json=options.json)


def _command(options: argparse.Namespace) -> Command:
    if options.type is None or options.data is None:
        raise SettingsError("give --type and --data", code="command_missing")
    return command_from(options.type, _fields(options.data))


def _fields(source: str) -> Mapping[str, Any]:
    try:
        content = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source} cannot be read: {error}", code="data_unreadable") from error
    try:
        found = json.loads(content)
    except ValueError as error:
        raise SettingsError(f"{source} is no JSON: {error}", code="data_unreadable") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{source} holds no JSON object", code="data_unreadable")
    return found
