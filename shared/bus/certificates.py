"""The TLS context that all Kafka clients of the process share, and its renewal when the mounted files change.

A secret that Kubernetes mounts is replaced in place when its certificate is renewed. Connections that exist go on; those made
after a renewal show the new certificate and also trust the new authority.
"""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import structlog
from cryptography import x509

from shared.bus.metrics import CERTIFICATE_EXPIRY

log = structlog.get_logger()


class Certificates:
    """The files of one identity: authority of the brokers, own certificate and key (PEM). None: the system's, or no own one.

    Raises OSError for a missing file and ssl.SSLError (an OSError) for one that holds something else.
    """

    def __init__(self, authority: Path | None, certificate: Path | None, key: Path | None) -> None:
        self._authority, self._certificate, self._key = authority, certificate, key
        self._read = self._contents()
        self.context = self._made()
        self._tell()

    def renew(self) -> bool:
        """Load changed files and return whether there were any. Those that do not fit are left for the next time."""
        try:
            found = self._contents()
            if found == self._read:
                return False
            # The trial comes first: half of a pair, read while it is being replaced, must not get into the context in use.
            self._made()
            self._load(self.context)
        except OSError as error:
            log.warning("certificate_not_renewed", reason=str(error))
            return False
        self._read = found
        self._tell()
        log.info("certificate_renewed")
        return True

    def _made(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=None if self._authority is None else str(self._authority))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._identify(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        if self._authority is not None:
            context.load_verify_locations(self._authority)
        self._identify(context)

    def _identify(self, context: ssl.SSLContext) -> None:
        if self._certificate is not None:
            context.load_cert_chain(self._certificate, self._key)

    def _contents(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        return _content(self._authority), _content(self._certificate), _content(self._key)

    def _tell(self) -> None:
        _, certificate, _ = self._read
        if certificate is not None:
            leaf = x509.load_pem_x509_certificates(certificate)[0]
            CERTIFICATE_EXPIRY.set(leaf.not_valid_after_utc.timestamp())


def _content(file: Path | None) -> bytes | None:
    return None if file is None else file.read_bytes()


@cache
def certificates(authority: Path | None, certificate: Path | None, key: Path | None) -> Certificates:
    """Return the one object for these files: clients made at different times share a context, so that a renewal reaches all."""
    return Certificates(authority, certificate, key)
