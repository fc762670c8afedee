"""Switches spans on for a process whose environment names a receiver."""

from __future__ import annotations

import os

from shared.tracing import spans

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def start(process: str) -> None:
    """Export spans from now on if the environment names a receiver. ``process`` is their service name, or OTEL_SERVICE_NAME."""
    if os.environ.get(ENDPOINT):
        from shared.tracing.otlp import OtlpExporter  # noqa: PLC0415 - the SDK is loaded only where it is used

        spans.use(OtlpExporter(process))
