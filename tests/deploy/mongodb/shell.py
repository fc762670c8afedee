"""The real mongosh, fetched once by npm from the committed lock and stored in the user's cache, and the start script run in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.mongodb.replica_set import Servers
from tests.deploy.mongodb.wire import listening

HERE = Path(__file__).parent
SCRIPT = HERE.parents[2] / "deploy" / "components" / "mongodb" / "init.js"
RECIPE = ("package.json", "package-lock.json")
_FETCH_SECONDS = 600
_RUN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the script ended, and all that it printed."""

    code: int
    said: str


def mongosh() -> Path:
    """Return the shell's program, fetching it if need be. Raises RuntimeError if npm is missing or fails."""
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "efa-marktplatz"
    folder = base / f"mongosh-{digest}"
    program = folder / "node_modules" / "mongosh" / "bin" / "mongosh.js"
    if not program.is_file():
        base.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".mongosh-", dir=base) as name:
            work = Path(name) / "shell"
            _fetch(work)
            try:
                work.rename(folder)
            except OSError:  # another run was first
                if not program.is_file():
                    raise
    return program


def _fetch(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("mongosh is fetched by npm, which is not installed (Debian: npm; Node 20 or newer)")
    folder.mkdir()
    for name in RECIPE:
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"npm could not fetch mongosh: {done.stderr.strip()[-2000:]}")


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
