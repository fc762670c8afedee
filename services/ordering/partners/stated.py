"""A key as somebody states it: the JWK, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.ordering.domain.partner.keys import public_jwk, thumbprint
from shared.errors import InvalidError
from shared.messages.ordering_partners import PartnerKey


def key_stated(jwk: Mapping[str, object], kid: str | None, valid_from: datetime, valid_until: datetime | None) -> PartnerKey:
    """Return the key of a JWK; its id is ``kid``, else that of the JWK, else its thumbprint (RFC 7638).

    Raises InvalidError: ``key_private``, ``key_unfit``, ``key_id_unfit``.
    """
    public = public_jwk(jwk)
    named = kid or jwk.get("kid")
    try:
        return PartnerKey.model_validate(
            {
                "kid": thumbprint(public) if named is None else named,
                "jwk": public,
                "valid_from": valid_from,
                "valid_until": valid_until,
            }
        )
    except ValueError as error:
        raise InvalidError(
            "The kid of a key must be 1 to 128 letters, digits, '.', '_', ':' or '-'.", code="key_id_unfit"
        ) from error
