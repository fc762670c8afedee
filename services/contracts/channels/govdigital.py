"""Channel of govdigital eG: municipalities, Länder and public IT providers buy through the cooperative.

The number pattern of the cooperative's contracts is not public. The one here is the marketplace's own and can be set
(``CONTRACTS_NUMBER_FORMATS``).
"""

from __future__ import annotations

from services.contracts.domain.rules import Attached, ChannelRules, ContractDocument
from services.contracts.numbering import NumberFormat
from shared.messages.contracts import Leg
from shared.messages.values import Channel, CostKind

RULES = ChannelRules(
    channel=Channel.GOVDIGITAL,
    number_format=NumberFormat("GD/{year}/{sequence:05d}"),
    contract_names={
        Leg.BEREITSTELLUNG: "SaaS-Bereitstellungsvertrag",
        Leg.NACHNUTZUNG: "SaaS-Nachnutzungsvertrag",
        Leg.SUB_NACHNUTZUNG: "SaaS-Sub-Nachnutzungsvertrag",
        Leg.SUB_SUB_NACHNUTZUNG: "SaaS-Sub-Sub-Nachnutzungsvertrag",
    },
    documents=(
        ContractDocument("SaaS-Nachnutzungsvertrag"),
        ContractDocument("Vereinbarte Konditionen", Attached.WITH_CONDITIONS),
        ContractDocument("Leistungsbeschreibung"),
        ContractDocument("SaaS-Nachnutzungs-AGB"),
    ),
    price_kinds=frozenset(CostKind),
)
