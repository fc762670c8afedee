"""A renewed certificate reaches the context that clients hold; one that does not fit, or half of a pair, does not."""

from __future__ import annotations

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.bus.certificates import Certificates
from shared.bus.metrics import CERTIFICATE_EXPIRY
from shared.bus.settings import KafkaSettings


class Pair:
    """A self-signed certificate that ends in some days, and its key, as files."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.certificate, self.key = folder / f"{stem}.crt", folder / f"{stem}.key"
        self.ends = datetime.now(UTC)

    def issue(self, name: str, days: int = 30) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begin = datetime.now(UTC).replace(microsecond=0)
        self.ends = begin + timedelta(days=days)
        serial = x509.random_serial_number()
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), serial, begin - timedelta(days=1), self.ends)
        self.certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.key.write_bytes(key.private_bytes(*form))


@pytest.fixture
def own(tmp_path: Path) -> Pair:
    pair = Pair(tmp_path, "user")
    pair.issue("old")
    return pair


@pytest.fixture
def server(tmp_path: Path) -> Pair:
    pair = Pair(tmp_path, "server")
    pair.issue("server")
    return pair


def shown(client_context: ssl.SSLContext, own: Pair, server: Pair) -> str:
    """Return the name that a client shows to a server which trusts ``own`` alone. Raises ssl.SSLError if one refuses the other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(own.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname="server")
    accepting = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (client, accepting):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    certificate = x509.load_der_x509_certificate(accepting.getpeercert(binary_form=True) or b"")
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def held_by(own: Pair, server: Pair) -> Certificates:
    held = Certificates(server.certificate, own.certificate, own.key)
    held.context.check_hostname = False
    return held


def test_a_renewed_pair_is_shown_by_the_context_that_clients_already_hold(own: Pair, server: Pair) -> None:
    held = held_by(own, server)
    assert shown(held.context, own, server) == "old"
    assert not held.renew()
    own.issue("new")
    assert held.renew()
    assert shown(held.context, own, server) == "new"
    assert not held.renew()


def test_a_renewed_authority_is_trusted_by_it(own: Pair, server: Pair) -> None:
    held = held_by(own, server)
    server.issue("server v1")
    with pytest.raises(ssl.SSLCertVerificationError):
        shown(held.context, own, server)
    assert held.renew()
    assert shown(held.context, own, server) == "old"


def test_half_of_a_pair_is_left_until_the_other_half_is_there(own: Pair, server: Pair) -> None:
    held = held_by(own, server)
    old, old_key = own.certificate.read_bytes(), own.key.read_bytes()
    own.issue("new")
    new_key = own.key.read_bytes()
    own.key.write_bytes(old_key)
    assert not held.renew()
    new = own.certificate.read_bytes()
    own.certificate.write_bytes(old)
    assert shown(held.context, own, server) == "old"
    own.certificate.write_bytes(new)
    own.key.write_bytes(new_key)
    assert held.renew()
    assert shown(held.context, own, server) == "new"


@pytest.mark.parametrize("damage", [b"", b"no certificate"])
def test_a_damaged_or_missing_file_changes_nothing(own: Pair, server: Pair, damage: bytes) -> None:
    held = held_by(own, server)
    whole = own.certificate.read_bytes()
    own.certificate.write_bytes(damage)
    assert not held.renew()
    own.certificate.unlink()
    assert not held.renew()
    own.certificate.write_bytes(whole)
    assert shown(held.context, own, server) == "old"


def test_prometheus_may_know_when_the_certificate_in_use_ends(own: Pair, server: Pair) -> None:
    held = held_by(own, server)
    assert _expiry() == own.ends.timestamp()
    own.issue("new", days=90)
    assert _expiry() != own.ends.timestamp()
    held.renew()
    assert _expiry() == own.ends.timestamp()


def test_all_clients_of_the_process_share_the_context_and_a_plain_one_has_none(own: Pair, server: Pair) -> None:
    settings = KafkaSettings(
        bootstrap_servers="a:9093",
        security_protocol="SSL",
        ssl_ca_file=server.certificate,
        ssl_cert_file=own.certificate,
        ssl_key_file=own.key,
    )
    assert settings.connection()["ssl_context"] is settings.connection()["ssl_context"]
    assert KafkaSettings(bootstrap_servers="a:9092").certificates() is None


def _expiry() -> float:
    (family,) = CERTIFICATE_EXPIRY.collect()
    return family.samples[0].value
