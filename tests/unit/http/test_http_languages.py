"""The language that a client likes best of those that there are, by its Accept-Language header (RFC 9110, 12.5.4)."""

from __future__ import annotations

import pytest

from shared.http.languages import find_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, None),
        ("", None),
        ("fr, it;q=0.5", None),
        ("en", "en"),
        ("fr, EN", "en"),
        ("de-AT", "de"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,de-DE", "en"),
        ("de;q=0.3, en-GB;q=0.7", "en"),
        ("de-AT;q=0.2, en;q=0.5, de;q=0.9", "de"),
        ("en;q=0, de;q=0.1", "de"),
        ("en;q=abc", None),
        ("en;q=inf, de", "de"),
        ("*", None),
        ("fr, *;q=0.1", None),
        ("de;q=0.5, *;q=0.9", "en"),
        ("de, *;q=0.5", "de"),
        ("de;q=0", "en"),
        ("de;q=0, *", "en"),
        ("de;q=0, en;q=0", None),
    ],
)
def test_the_language_that_is_liked_best_is_found(header: str | None, language: str | None) -> None:
    assert find_language(header, ("de", "en")) == language
