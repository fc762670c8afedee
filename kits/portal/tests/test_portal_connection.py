"""The connection asks for what its kind of security needs, and knows the portal by the name that the broker knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from efa_portal.certificate import common_name
from efa_portal.connection import Connection, ConnectionSettingsError, Security


def certificate(*names: tuple[x509.ObjectIdentifier, str]) -> tuple[str, str]:
    """Return a self-signed certificate with this subject, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(kind, text) for kind, text in names])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the issuer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM).decode(), private.decode()


@pytest.mark.parametrize(
    "names",
    [
        [(NameOID.COMMON_NAME, "portal-nord")],
        [(NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Ä" * 60), (NameOID.COMMON_NAME, "portal-nord")],
        [(NameOID.COMMON_NAME, "portal-nord"), (NameOID.ORGANIZATION_NAME, "x" * 64)],
    ],
)
def test_the_common_name_of_a_certificate_is_that_of_its_subject(names: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    assert common_name(certificate(*names)[0]) == "portal-nord"


def test_of_a_chain_the_first_certificate_counts() -> None:
    leaf, issuer = (certificate((NameOID.COMMON_NAME, name))[0] for name in ("leaf", "issuer"))
    assert common_name(f"subject: what openssl writes above\n{leaf}{issuer}") == "leaf"


def test_a_certificate_without_a_common_name_or_none_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no common name"):
        common_name(certificate((NameOID.COUNTRY_NAME, "DE"))[0])
    with pytest.raises(ValueError, match="no certificate"):
        common_name("nothing")
    whole = certificate((NameOID.COMMON_NAME, "a"))[0].splitlines()
    with pytest.raises(ValueError, match=r"cut off|padding"):
        common_name("\n".join([*whole[:3], whole[-1]]))


def test_the_principal_is_the_scram_user_or_the_common_name(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_text(certificate((NameOID.COMMON_NAME, "portal-west"))[0])
    assert Connection("b:9", Security.TLS, cert=cert, key=key).principal == "portal-west"
    assert Connection("b:9", Security.SCRAM, username="portal-ost", password_file=key).principal == "portal-ost"
    assert Connection("b:9").principal is None


def test_what_lacks_or_does_not_fit_is_named() -> None:
    with pytest.raises(ConnectionSettingsError, match="scram needs --password-file"):
        Connection("b:9", Security.SCRAM, username="a")
    with pytest.raises(ConnectionSettingsError, match="tls needs --cert and --key"):
        Connection("b:9", Security.TLS)
    with pytest.raises(ConnectionSettingsError, match="plaintext does not go with --ca"):
        Connection("b:9", ca=Path("ca.pem"))
    with pytest.raises(ConnectionSettingsError, match="no broker"):
        Connection("")


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "password"
    empty.write_text("\n")
    with pytest.raises(ConnectionSettingsError, match="is empty"):
        Connection("b:9", Security.SCRAM, username="a", password_file=empty).options()
    with pytest.raises(ConnectionSettingsError, match="cannot be used"):
        Connection("b:9", Security.TLS, cert=tmp_path / "no", key=tmp_path / "no").options()
    with pytest.raises(ConnectionSettingsError, match="cannot be read"):
        _ = Connection("b:9", Security.TLS, cert=tmp_path / "no", key=tmp_path / "no").principal


def test_the_options_are_those_of_the_kind_of_security(tmp_path: Path) -> None:
    cert, key, password = (tmp_path / name for name in ("cert.pem", "key.pem", "password"))
    made = certificate((NameOID.COMMON_NAME, "portal"))
    cert.write_text(made[0])
    key.write_text(made[1])
    password.write_text("geheim\n")
    assert "security_protocol" not in Connection("b:9").options()
    assert Connection("b:9", Security.TLS, ca=cert, cert=cert, key=key).options()["security_protocol"] == "SSL"
    scram = Connection("b:9", Security.SCRAM, ca=cert, username="portal", password_file=password).options()
    assert scram["security_protocol"] == "SASL_SSL"
    assert (scram["sasl_mechanism"], scram["sasl_plain_password"]) == ("SCRAM-SHA-512", "geheim")
