"""A copy of the product with one channel more: its file and its module are added, nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.support.tree_copy import TreeCopy

CHANNEL: Final = "nordverbund"
FILE: Final[dict[str, Any]] = {
    "channel": CHANNEL,
    "short_name": "Nordverbund",
    "name": "Nordverbund eG (eingetragene Genossenschaft)",
    "labels": {"de": "Nordverbund eG", "en": "Nordverbund (cooperative)"},
    "eligibility": {"excluded_types": ["VERBAND"]},
    "contracts": {
        "chain": {
            "direct_types": ["LAND", "KREIS", "KOMMUNE"],
            "order_for_others": ["KREIS"],
            "default_act": "SUB_VERTRAG",
            "charge_rule": "ALLOWED",
            "first_signer": {
                "BEREITSTELLUNG": "grantor",
                "NACHNUTZUNG": "grantee",
                "SUB_NACHNUTZUNG": "grantor",
                "SUB_SUB_NACHNUTZUNG": "grantor",
            },
            "required_annexes": {},
        },
        "terms": {
            "BEREITSTELLUNG": {
                "territory": ["DE"],
                "passing_on": {"allowed": True, "act": "SUB_VERTRAG"},
                "charge": "ENTGELTLICH",
                "notice": {"months": 12, "to": "YEAR_END"},
                "price_notice": {"months": 6, "from": "YEAR_START"},
            },
            "NACHNUTZUNG": {
                "passing_on": {"allowed": True, "act": "SUB_VERTRAG"},
                "charge": "ENTGELTLICH",
                "notice": None,
                "price_notice": {"months": 3, "from": "YEAR_START"},
            },
        },
        "agb": [
            {"name": "Nutzungsbedingungen", "version": "2024", "valid_from": "2024-01-01", "source": "Beschluss vom 4.12.2023"}
        ],
    },
}
MODULE_CHANGES: Final = {
    "Channel.GOVDIGITAL": f'Channel("{CHANNEL}")',
    "GD/{year}/{sequence:05d}": "NV-{year}-{sequence:04d}",
    "SaaS-Nachnutzungs-AGB": "Nutzungsbedingungen",
}
"""What the new module says instead of that of govdigital."""


class Copy(TreeCopy):
    """The product in ``folder``, with the channel."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._add(Path("shared/channels") / f"{CHANNEL}.json", json.dumps(FILE))
        modules = Path("services/contracts/channels")
        module = (folder / modules / "govdigital.py").read_text(encoding="utf-8")
        for old, new in MODULE_CHANGES.items():
            assert old in module
            module = module.replace(old, new)
        self._add(modules / f"{CHANNEL}.py", module)

    def _add(self, path: Path, text: str) -> None:
        assert not (self.folder / path).exists()
        (self.folder / path).write_text(text, encoding="utf-8")
