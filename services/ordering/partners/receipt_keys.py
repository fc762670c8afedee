"""The keys that sign our receipts: one Ed25519 key per file of a folder, such as a mounted secret; the newest begun one signs.

A key begins at its ``nbf`` (a member that other programs pass over: RFC 7517, section 4), so that those who check receipts learn
of it before. A key that has a successor stays published as long as receipts of it may be checked.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import structlog
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from shared.errors import RetryableError
from shared.private_file import create_private_file

ALGORITHM = "EdDSA"
LOOK_EVERY_SECONDS = 10.0
NOTICE = timedelta(days=1)
"""How long before its beginning a successor is published, unless an operator says otherwise."""

# RFC 9864 has named the algorithm Ed25519; what partners have installed knows the name of RFC 8037.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)

log = structlog.get_logger()


class ReceiptKeyMissingError(RetryableError):
    """There is no key that could sign a receipt now (HTTP 503): mount the folder of ``ORDERING_RECEIPT_KEYS``."""

    code = "receipt_key_missing"


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """One key: its id is its thumbprint (RFC 7638)."""

    kid: str
    begins_at: datetime
    key: OKPKey

    def public(self) -> dict[str, Any]:
        """Return what is published of the key (RFC 7517, RFC 8037)."""
        members = self.key.as_dict(private=False)
        return {"kty": "OKP", "crv": "Ed25519", "x": members["x"], "kid": self.kid, "use": "sig", "alg": ALGORITHM}


class ReceiptKeys:
    """The keys in a folder, looked at again every ten seconds. None: there are none.

    A file that holds no key is passed over and logged; while the folder cannot be read the keys that are known go on serving.
    """

    def __init__(
        self,
        folder: Path | None,
        clock: Callable[[], datetime],
        overlap: timedelta,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._overlap = overlap
        self._steady = steady
        self._keys: Sequence[ReceiptKey] = ()
        self._next_look = float("-inf")

    def sign(self, payload: bytes, typ: str = "JOSE") -> str:
        """Return the payload as a compact JWS: the same for the same key. Raises ReceiptKeyMissingError."""
        key = self.signing()
        header = {"alg": ALGORITHM, "kid": key.kid, "typ": typ}
        return jws.serialize_compact(header, payload, key.key, algorithms=[ALGORITHM])

    def signing(self) -> ReceiptKey:
        """Return the key that signs now. Raises ReceiptKeyMissingError."""
        now = self._clock()
        begun = [key for key in self._known() if key.begins_at <= now]
        if not begun:
            raise ReceiptKeyMissingError("There is no key that signs receipts now (ORDERING_RECEIPT_KEYS).")
        return begun[-1]

    def published(self) -> list[dict[str, Any]]:
        """Return the public keys that receipts are checked with, those of the future too, oldest first."""
        keys = self._known()
        ends = [key.begins_at + self._overlap for key in keys[1:]]
        now = self._clock()
        return [key.public() for key, end in zip(keys, [*ends, None], strict=False) if end is None or end > now]

    def _known(self) -> Sequence[ReceiptKey]:
        if self._folder is not None and self._steady() >= self._next_look:
            self._next_look = self._steady() + LOOK_EVERY_SECONDS
            try:
                self._keys = read_keys(self._folder)
            except OSError as error:
                log.warning("receipt_keys_not_read", reason=type(error).__name__)
        return self._keys


def read_keys(folder: Path) -> list[ReceiptKey]:
    """Return the keys of a folder in the order of their beginning. Raises OSError if it cannot be listed."""
    found: dict[str, ReceiptKey] = {}
    for file in sorted(folder.iterdir()):
        # A mounted secret holds its files twice: as links, and in a hidden folder that the links lead to.
        if file.suffix != ".json" or file.name.startswith(".."):
            continue
        try:
            members = orjson.loads(file.read_bytes())
            begins_at = datetime.fromtimestamp(int(members.pop("nbf")), UTC)
            key = OKPKey.import_key(members)
            if key.curve_name != "Ed25519" or not key.is_private:
                raise ValueError("no private Ed25519 key")  # noqa: TRY301 - passed over like any other file that is none
        except Exception as error:  # noqa: BLE001 - whatever an importer raises for a foreign file, the other keys must go on serving
            log.error("receipt_key_unreadable", file=file.name, reason=type(error).__name__)  # noqa: TRY400 - the text may repeat the key
            continue
        kid = key.thumbprint()
        found[kid] = ReceiptKey(kid, begins_at, key)
    return sorted(found.values(), key=lambda it: (it.begins_at, it.kid))


def make_key(folder: Path, begins_at: datetime) -> ReceiptKey:
    """Write a new key into a folder, for its owner only, and return it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = OKPKey.generate_key("Ed25519")
    kid = key.thumbprint()
    members = {**key.as_dict(private=True), "kid": kid, "nbf": int(begins_at.timestamp())}
    create_private_file(folder / f"{kid}.json", orjson.dumps(members))
    return ReceiptKey(kid, begins_at, key)


def ensure_key(folder: Path, at: datetime) -> None:
    """Write a first key that signs from now on, unless the folder holds one. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not read_keys(folder):
        make_key(folder, at)
