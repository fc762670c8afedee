"""The draft of a Bereitstellungsvertrag: what an accepted offer and the channel's data make of it."""

from __future__ import annotations

from datetime import datetime

from services.contracts.domain.agreed import Signature
from services.contracts.domain.contract import Contract
from services.contracts.domain.provision import Provision as Listed
from services.contracts.domain.rules import Terms
from services.contracts.domain.transitions import ContractState
from shared.calendar import day_of
from shared.messages.catalog_provisions import Provision
from shared.messages.contracts import Leg


def drafted(contract_id: str, asked: Provision, terms: Terms, recorded_at: datetime) -> Contract:
    """Return the contract as asked for, signed by the Bereitsteller, and by the Anbieter where its processor countersigns."""
    day = day_of(asked.accepted_at)
    submitted = Signature(side="grantor", by=asked.submitted_by, on=day_of(asked.submitted_at))
    accepted = Signature(side="grantee", by=asked.accepted_by, released_by=asked.accepted_by and terms.processor, on=day)
    listed = Listed(
        contract_id=contract_id,
        channel=asked.channel,
        offering_id=asked.offering_id,
        offering_title=asked.offering_title,
        offering_version=asked.offering_version,
        provider=asked.provider,
        number=None,
        signed_at=asked.accepted_at,
    )
    return Contract.bereitstellung(listed, terms, recorded_at).model_copy(
        update={
            "state": ContractState.ANGEFORDERT,
            "concluded_at": None,
            "agb": terms.agb.on(day, Leg.BEREITSTELLUNG.value),
            "signatures": (submitted, accepted) if terms.countersigns_provisions else (submitted,),
        }
    )
