"""Distribution keys: which one is effective, how it is written, and whether it is well formed."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

from services.contracts.pricing.given import CombinedKey, DirectKey, Item, Key, KoenigsteinKey, PlainKey

DAY_KEYS: Final = frozenset({"EINWOHNER", "ZIELGRUPPE", "GLEICH", "KOENIGSTEIN"})
"""Keys whose base is known on every day."""
OWN_KEYS: Final = frozenset({"FEST", "DIREKT"})
"""Keys that distribute nothing."""
WHOLE: Final = 10_000
"""The whole in basis points."""
_BY_USES: Final = PlainKey(type="NUTZUNG")

Refuse = Callable[[str], Exception]


def effective_key(item: Item) -> Key:
    """Return the key that counts: without a unanimous decision it is NUTZUNG, unless the key is an own one (2021/24)."""
    return _BY_USES if item.decision == "NOT_UNANIMOUS" and item.key.type not in OWN_KEYS else item.key


def written(key: Key) -> str:
    """Return a key as text, such as ``KOENIGSTEIN:KS2019`` or ``KOMBINATION:6000*EINWOHNER+4000*NUTZUNG``."""
    match key:
        case KoenigsteinKey():
            return f"{key.type}:{key.table}"
        case DirectKey():
            return f"{key.type}:{key.participant}"
        case CombinedKey():
            return f"{key.type}:" + "+".join(f"{part.share_bp}*{written(part.key)}" for part in key.parts)
        case PlainKey():
            return key.type


def check_key(key: Key, tables: Container[str], refuse: Refuse) -> None:
    """Check one key. Raises what ``refuse`` makes of KEY_NOT_ALLOWED (of a part), KEY_WEIGHTS_INVALID or TABLE_UNKNOWN."""
    if isinstance(key, KoenigsteinKey) and key.table not in tables:
        raise refuse("TABLE_UNKNOWN")
    if not isinstance(key, CombinedKey):
        return
    shares = [part.share_bp for part in key.parts]
    if len(shares) < 2 or min(shares) < 1 or sum(shares) != WHOLE:  # noqa: PLR2004 - a combination has two parts or more
        raise refuse("KEY_WEIGHTS_INVALID")
    for part in key.parts:
        if part.key.type in {*OWN_KEYS, "KOMBINATION"}:
            raise refuse("KEY_NOT_ALLOWED")
        check_key(part.key, tables, refuse)
