"""What comes from a vault comes from it as a whole, unless the table of secrets names who makes it instead."""

from __future__ import annotations

from deploy.checks.generic.objects import Document, Objects
from deploy.checks.product.secrets import check_secrets, declared_secrets


def pod(*secrets: str) -> Document:
    volumes = [{"name": secret, "secret": {"secretName": secret}} for secret in secrets]
    return {"kind": "Pod", "metadata": {"name": "a", "namespace": "n"}, "spec": {"volumes": volumes}}


def external(secret: str, key: str) -> Document:
    return {"kind": "ExternalSecret", "metadata": {"name": secret, "namespace": "n"}, "spec": {"data": [{"secretKey": key}]}}


def codes(*documents: Document) -> list[str]:
    return [finding.code for finding in check_secrets(Objects("a", documents))]


def test_a_secret_that_is_read_must_come_from_the_vault_if_another_one_does() -> None:
    assert codes(pod("mongodb-ca"), external("catalog-store", "url")) == ["secret-vault"]
    assert codes(pod("mongodb-ca"), external("catalog-store", "url"), external("mongodb-ca", "ca.crt")) == []


def test_without_a_vault_the_operator_makes_secrets_by_hand() -> None:
    assert codes(pod("mongodb-ca", "catalog-store")) == []


def test_certificates_that_come_over_from_kafkas_namespace_are_no_vault() -> None:
    assert codes(pod("mongodb-ca"), external("catalog-worker", "user.crt")) == []


def test_an_exempt_secret_need_not_come_from_the_vault() -> None:
    assert [row.name for row in declared_secrets().values() if row.exempt] == [
        "mongodb-restore",
        "backup-identity",
        "ordering-receipt-keys",
        "marktplatz-tls",
        "registry",
    ]
    assert codes(pod("registry"), external("catalog-store", "url")) == []


def test_a_secret_of_another_namespace_does_not_count() -> None:
    elsewhere = external("mongodb-ca", "ca.crt") | {"metadata": {"name": "mongodb-ca", "namespace": "other"}}
    assert codes(pod("mongodb-ca"), external("catalog-store", "url"), elsewhere) == ["secret-vault"]
