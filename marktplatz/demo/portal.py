"""A federated portal beside the marketplace: the portal kit as a program of its own, which knows the topics and nothing else."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from marktplatz.demo.programs import Ended, installed, run

PROGRAM = "efa-portal"


class Portal:
    """Follows the catalog into a file of its own, whenever it runs. ``program`` is the kit's command, if it lies elsewhere."""

    def __init__(self, name: str, bootstrap: str, folder: Path, program: Path | None = None) -> None:
        self.name = name
        self.store = folder / f"{name}.sqlite"
        self._bootstrap = bootstrap
        self._program = program

    async def follow(self) -> Ended:
        """Run until the portal is in step, verified by a checkpoint, then end."""
        return await self._run("follow", "--bootstrap", self._bootstrap, "--portal", self.name, "--once", "--timeout", "90")

    async def verify(self) -> Ended:
        """Audit the stored catalog without a broker."""
        return await self._run("verify")

    async def digest(self, topic: str) -> str | None:
        """Return the digest of the catalog that the portal shows, None while it shows none."""
        shown = await self._run("status", "--json")
        status: dict[str, Any] = json.loads(shown.text)
        return next((str(it["sha256"]) for it in status["topics"] if it["topic"] == topic), None)

    async def offers(self) -> dict[str, dict[str, Any]]:
        """Return the offers that the portal shows, by id."""
        exported = await self._run("export")
        offers = [json.loads(line) for line in exported.text.splitlines() if line.startswith("{")]
        return {offer["id"]: offer for offer in offers}

    def change_one_byte(self) -> None:
        """Change a byte of a stored offer behind the back of the kit, as a failing disk would."""
        with sqlite3.connect(self.store) as connection:
            place, value = connection.execute("SELECT rowid, value FROM entry WHERE topic LIKE '%offering%' LIMIT 1").fetchone()
            damaged = bytearray(value)
            damaged[len(damaged) // 2] ^= 1
            connection.execute("UPDATE entry SET value = ? WHERE rowid = ?", (bytes(damaged), place))
        connection.close()

    async def _run(self, command: str, *arguments: str) -> Ended:
        return await run(self._program or installed(PROGRAM, "portal"), command, "--store", str(self.store), *arguments)
