"""What can be wrong with the infrastructure of a run on one machine."""

from __future__ import annotations

from shared.errors import MarktplatzError


class InfrastructureError(MarktplatzError):
    """The infrastructure cannot be had; ``detail`` names what to install or to set."""

    code = "infrastructure"


class BrokerStartError(InfrastructureError):
    """The broker's process ended, or did not answer, during its start; ``detail`` names its log file."""

    code = "broker_start"
