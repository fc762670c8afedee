"""Why nobody's rights can be decided just now."""

from __future__ import annotations

from shared.errors import RetryableError


class RightsUnavailableError(RetryableError):
    """Rights are not known, or no longer (HTTP 503); the broker must answer first."""

    code = "rights_unavailable"
