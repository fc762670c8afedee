"""Metrics of a contract processor about its channel. Every replica exports the same: take the maximum over them."""

from __future__ import annotations

from prometheus_client import Gauge

UNMADE = Gauge("contracts_documents_unfit", "Contracts of which this process could make no documents, by Anbieter.", ("channel",))
UNMADE_STATEMENTS = Gauge(
    "contracts_statement_documents_unfit",
    "Parts of yearly statements of which this process could make no documents, by Anbieter.",
    ("channel",),
)
CONTRACTS = Gauge("contracts_contracts", "Contracts by Anbieter and state.", ("channel", "state"))
