"""Which URL opens which store."""

from __future__ import annotations

import pytest

from shared.store.mongo.store import MongoStore
from shared.store.opening import open_store
from shared.store.sqlite.store import SqliteStore


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("sqlite:///:memory:", SqliteStore),
        ("sqlite:///var/store.db", SqliteStore),
        ("sqlite:////srv/store.db", SqliteStore),
        ("mongodb://one,two:27018/marktplatz?replicaSet=rs0", MongoStore),
        ("mongodb+srv://cluster.example/marktplatz", MongoStore),
        ("mongodb+motor://host/marktplatz", MongoStore),
    ],
)
def test_the_scheme_names_the_adapter(url: str, kind: type) -> None:
    assert type(open_store(url)) is kind


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("store.db", "begins with a scheme"),
        ("", "begins with a scheme"),
        ("postgresql://host/db", "no store speaks postgresql"),
        ("sqlite://store.db", "sqlite:///path"),
        ("sqlite:///", "sqlite:///path"),
        ("mongodb://host", "database name"),
        ("mongodb://host/", "database name"),
        ("mongodb://host/?w=1", "database name"),
        ("mongodb+motor://host", "database name"),
    ],
)
def test_a_url_that_names_no_store_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        open_store(url)
