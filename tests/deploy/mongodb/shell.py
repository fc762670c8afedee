"""The real mongosh, fetched once by npm from the committed lock and stored in the user's cache, and the start script run in it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.mongodb.replica_set import Servers
from tests.deploy.mongodb.wire import listening
from tests.deploy.npm import installed

HERE = Path(__file__).parent
SCRIPT = HERE.parents[2] / "deploy" / "components" / "mongodb" / "init.js"
_RUN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the script ended, and all that it printed."""

    code: int
    said: str


def mongosh() -> Path:
    """Return the shell's program, fetching it if need be. Raises RuntimeError if npm is missing or fails."""
    return installed(HERE, "mongosh") / "mongosh" / "bin" / "mongosh.js"


def start(servers: Servers, folder: Path, environment: Mapping[str, str], tries: int = 60) -> Ended:
    """Run the script as the container of a member does. ``tries`` is how often it repeats a step, once a second."""
    text = SCRIPT.read_text(encoding="utf-8")
    script = folder / "init.js"
    script.write_text(text.replace("TRIES = 600;", f"TRIES = {tries};"), encoding="utf-8")
    assert script.read_text(encoding="utf-8") != text
    with listening(servers) as ports:
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HOSTNAME": "mongodb-0",
            "MEMBERS": str(len(servers.members)),
            **environment,
            "MEMBER_PORTS": json.dumps(ports),
            "NODE_OPTIONS": f"--require={HERE / 'redirect.cjs'}",
        }
        command = ["node", str(mongosh()), "--quiet", "--nodb", str(script)]
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False)
    return Ended(done.returncode, done.stdout + done.stderr)
