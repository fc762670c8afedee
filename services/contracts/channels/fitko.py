"""Channel of FITKO (the former FIT-Store): a Land buys from a Land, through the AöR of Bund and Länder.

Number pattern ``FITST/<year>/<number>`` as on published FIT-Store contracts. The Abstimmungsschreiben of the providing Land is
always an annex of the contract (FITKO, FAQ on the FIT-Store of 19 November 2021).
"""

from __future__ import annotations

from services.contracts.domain.rules import ChannelRules, ContractDocument
from services.contracts.numbering import NumberFormat
from shared.messages.contracts import Leg
from shared.messages.values import Channel, CostKind

RULES = ChannelRules(
    channel=Channel.FITKO,
    number_format=NumberFormat("FITST/{year}/{sequence:04d}"),
    contract_names={
        Leg.BEREITSTELLUNG: "SaaS-Bereitstellungsvertrag",
        Leg.NACHNUTZUNG: "SaaS-Nachnutzungsvertrag",
        Leg.SUB_NACHNUTZUNG: "SaaS-Sub-Nachnutzungsvertrag",
        Leg.SUB_SUB_NACHNUTZUNG: "SaaS-Sub-Sub-Nachnutzungsvertrag",
    },
    documents=(
        ContractDocument("SaaS-Nachnutzungsvertrag"),
        ContractDocument("Abstimmungsschreiben"),
        ContractDocument("Leistungsbeschreibung"),
        ContractDocument("SaaS-Nachnutzungs-AGB"),
    ),
    price_kinds=frozenset(CostKind),
)
