"""``python -m deploy.compatibility``: compare the messages of this tree with the last release; read the examples of every one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from deploy.compatibility.contract import RELEASED, current, releases
from deploy.compatibility.gate import breaks, unread
from shared.messages.base import message_types
from shared.messages.partner import PARTNER_EVENTS, RECEIPT_TYPE, ReceiptData


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit code: 1 if something breaks."""
    parser = argparse.ArgumentParser(prog="python -m deploy.compatibility", description=__doc__)
    parser.add_argument("--released", type=Path, default=RELEASED, metavar="FOLDER", help="folder with a folder for each release")
    known, now = releases(parser.parse_args(arguments).released), current()
    found = breaks(known[-1], now)
    models: dict[str, type[BaseModel]] = {**message_types(), **PARTNER_EVENTS, RECEIPT_TYPE: ReceiptData}
    for release in known:
        found += unread(release, models)
    for finding in sorted(set(found)):
        sys.stdout.write(f"{finding}\n")
    new = len(now.schemas.keys() - known[-1].schemas.keys())
    sys.stdout.write(
        f"{len(known[-1].schemas)} types compared with {known[-1].version}, {new} new; examples of {len(known)} releases read: "
        f"{len(set(found))} breaking changes\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
