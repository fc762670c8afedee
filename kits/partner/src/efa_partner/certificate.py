"""The common name of a certificate, read from its DER (ITU-T X.690; RFC 5280, section 4.1)."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

_COMMON_NAME = bytes.fromhex("550403")
_SEQUENCE, _VERSION = 0x30, 0xA0
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
_FIRST = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_SUBJECT = 4
"""Place of the subject in a TBSCertificate: after serial number, signature, issuer and validity."""


def common_name(pem: str) -> str:
    """Return the last common name (CN) in the subject of the first certificate of a PEM text.

    Raises ValueError if there is no certificate, or none with a common name.
    """
    found = _FIRST.search(pem)
    if found is None:
        raise ValueError("there is no certificate in PEM")
    try:
        names = list(_common_names(ssl.PEM_cert_to_DER_cert(found[0])))
    except (IndexError, StopIteration) as error:
        raise ValueError("the certificate is cut off") from error
    if not names:
        raise ValueError("the subject of the certificate has no common name")
    return names[-1]


def _common_names(certificate: bytes) -> Iterator[str]:
    signed = next(iter(_items(next(iter(_items(certificate)))[1])))[1]
    parts = [item for item in _items(signed) if item[0] != _VERSION]
    tag, subject = parts[_SUBJECT]
    if tag != _SEQUENCE:
        raise ValueError("the certificate has no subject where RFC 5280 puts it")
    for _, names in _items(subject):
        for _, attribute in _items(names):
            (_, kind), (form, text) = _items(attribute)
            if kind == _COMMON_NAME and form in _TEXTS:
                yield text.decode(_TEXTS[form])


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of the values that stand one after the other."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("the certificate is cut off")
        yield tag, data[at : at + length]
        at += length
