"""Trace context of the work in hand, and spans of what was done under it (W3C Trace Context, OpenTelemetry)."""
