"""The in-house judgement that a Bereitstellungsvertrag rests on: the Anbieter's accreditation of its Bereitsteller."""

from __future__ import annotations

from services.contracts.domain.contract import Contract
from shared.errors import ConflictError
from shared.messages.contracts import Leg
from shared.messages.values import Role
from shared.rights.errors import RightsUnavailableError
from shared.rights.projection import Rights


def require_accredited(contract: Contract, rights: Rights | None) -> None:
    """Return unless the contract begins a chain and its Bereitsteller is not accredited by its Anbieter today.

    An Anbieter accredits only who has an in-house relation to it (conditions of registration of the marketplace), so the
    accreditation is its judgement under § 108 GWB; a contract that follows another one is judged anew and has no need of it.
    Raises ConflictError (``provider_not_accredited``), RightsUnavailableError.
    """
    if contract.leg is not Leg.BEREITSTELLUNG or contract.continues is not None:
        return
    if rights is None:
        raise RightsUnavailableError("This process does not follow the rights of organisations.")
    if not rights.is_accredited(contract.provider.id, Role.BEREITSTELLER, contract.channel):
        raise ConflictError(
            f"{contract.provider.name} is not accredited as Bereitsteller by {contract.anbieter.name} any more. Once it is, do "
            "this again, or decline the contract.",
            code="provider_not_accredited",
            organisation=contract.provider.id,
            channels=[contract.channel.value],
        )
