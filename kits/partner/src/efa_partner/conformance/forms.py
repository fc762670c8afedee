"""Cases about the form of a record: no value, no JWS, another base64url, another header."""

from __future__ import annotations

import json

from efa_partner.conformance.attacks import attack, header
from efa_partner.conformance.bench import Bench
from efa_partner.conformance.case import Case, Expected, Kind, quarantined
from efa_partner.conformance.transport import Record
from efa_partner.signing import LARGEST_RECORD

_TOO_LARGE = "record_too_large"
_ONE_READING = (
    "Zwei Bibliotheken könnten dieselben Bytes verschieden lesen; deshalb gibt es genau eine Schreibweise.",
    "Two libraries could read the same bytes differently, so there is exactly one way to write them.",
)
_NO_KEY_FROM_OUTSIDE = (
    "Wer seinen Schlüssel selbst mitbringen darf, kann für jeden unterschreiben.",
    "Whoever may bring along the key can sign for anybody.",
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _padded(bench: Bench) -> bytes:
    head, body, signature = bench.jws(bench.event()).split(b".")
    return b".".join([head, body, signature + b"=" * (-len(signature) % 4 or 4)])


def _loose_bits(bench: Bench) -> bytes:
    head, body, signature = bench.jws(bench.event()).split(b".")
    return b".".join([head, body, _with_loose_bits(signature)])


def _with_loose_bits(part: bytes) -> bytes:
    """Return another text that a lax reader decodes to the same bytes; a part that fills its last character gets padding."""
    if len(part) % 4 == 0:
        return part + b"===="
    last = _LETTERS.index(chr(part[-1]))
    return part[:-1] + _LETTERS[last | 1].encode()


def _spaced(bench: Bench) -> bytes:
    value = bench.jws(bench.event())
    return value[:20] + b"\n" + value[20:]


def _plain_alphabet(bench: Bench) -> bytes:
    head, body, signature = bench.jws(bench.event()).split(b".")
    return b".".join([head, body + b"+/+/", signature])


def _two_parts(bench: Bench) -> bytes:
    return bench.jws(bench.event()).rpartition(b".")[0]


def _alg_twice(bench: Bench) -> bytes:
    own = bench.header()
    return bench.jws(bench.event(), f'{{"alg":"none","alg":"{own["alg"]}","kid":"{own["kid"]}"}}'.encode())


def _own_jwk(bench: Bench) -> bytes:
    return bench.jws(bench.event(), bench.header(jwk=bench.target.key.public_jwk()))


FORMS: tuple[Case, ...] = (
    attack(
        "null-value",
        ("Record ohne Wert", "Record without a value"),
        (
            "Auch ein leerer Record bekommt eine Antwort und hält nichts auf.",
            "An empty record too gets an answer and holds up nothing.",
        ),
        lambda _: None,
        quarantined("null_value"),
    ),
    attack(
        "unreadable-bytes",
        ("Bytes, die kein Text sind", "Bytes that are no text"),
        (
            "Ein fehlerhaftes Programm darf den Fluss nicht anhalten; seine Bytes bleiben zur Klärung liegen.",
            "A faulty program must not stop the flow; its bytes are stored until it is clear what they are.",
        ),
        lambda _: bytes(range(256)),
        quarantined("jws_malformed"),
    ),
    attack(
        "plain-json",
        ("Ereignis ohne Signatur", "Event without a signature"),
        ("Ohne Signatur weiß niemand, von wem ein Ereignis ist.", "Without a signature nobody knows whose an event is."),
        lambda bench: json.dumps(bench.event()).encode(),
        quarantined("jws_malformed"),
    ),
    attack(
        "two-parts",
        ("JWS mit zwei Teilen", "JWS of two parts"),
        ("Ein abgeschnittenes JWS ist nicht signiert.", "A JWS that is cut off is not signed."),
        _two_parts,
        quarantined("jws_malformed"),
    ),
    attack(
        "padding", ("base64url mit Füllzeichen", "base64url with padding"), _ONE_READING, _padded, quarantined("jws_malformed")
    ),
    attack(
        "loose-bits",
        ("base64url mit gesetzten Restbits", "base64url with unused bits set"),
        _ONE_READING,
        _loose_bits,
        quarantined("jws_malformed"),
    ),
    attack("white-space", ("Zeilenumbruch im JWS", "Line break in the JWS"), _ONE_READING, _spaced, quarantined("jws_malformed")),
    attack(
        "plain-base64",
        ("base64 statt base64url", "base64 instead of base64url"),
        _ONE_READING,
        _plain_alphabet,
        quarantined("jws_malformed"),
    ),
    attack(
        "oversize",
        ("Record über 256 KiB, unkomprimiert", "Record above 256 KiB, not compressed"),
        ("Große Records würden andere Partner verdrängen.", "Large records would crowd out other partners."),
        lambda _: Record(b"A" * (LARGEST_RECORD + 1), compressed=False),
        Expected(((Kind.NOT_TAKEN, _TOO_LARGE), (Kind.QUARANTINED, _TOO_LARGE))),
    ),
    attack(
        "compression-bomb",
        ("Record über 256 KiB, klein komprimiert", "Record above 256 KiB, small when compressed"),
        (
            "Die Grenze gilt für das, was beim Entpacken entsteht, nicht für das, was übertragen wird.",
            "The bound is on what unpacking yields, not on what is carried.",
        ),
        lambda _: Record(b"A" * (2 * LARGEST_RECORD)),
        quarantined(_TOO_LARGE),
    ),
    attack(
        "header-no-json",
        ("Kopf, der kein JSON ist", "Header that is no JSON"),
        _ONE_READING,
        lambda bench: bench.jws(bench.event(), b"alg=EdDSA"),
        quarantined("header_malformed"),
    ),
    attack(
        "header-alg-twice",
        ("alg doppelt im Kopf", "alg twice in the header"),
        _ONE_READING,
        _alg_twice,
        quarantined("header_malformed"),
    ),
    attack(
        "header-no-kid",
        ("Kopf ohne kid", "Header without kid"),
        ("Ohne kid müsste jeder Schlüssel probiert werden.", "Without kid every key would have to be tried."),
        header(kid=...),
        quarantined("header_malformed"),
    ),
    attack(
        "header-jku",
        ("jku im Kopf", "jku in the header"),
        (
            "Der Marktplatz ruft keine Adresse auf, die ein Record nennt.",
            "The marketplace calls no address that a record names.",
        ),
        header(jku="https://example.org/jwks.json"),
        quarantined("header_member_refused"),
    ),
    attack(
        "header-jwk", ("jwk im Kopf", "jwk in the header"), _NO_KEY_FROM_OUTSIDE, _own_jwk, quarantined("header_member_refused")
    ),
    attack(
        "header-x5u",
        ("x5u im Kopf", "x5u in the header"),
        _NO_KEY_FROM_OUTSIDE,
        header(x5u="https://example.org/cert.pem"),
        quarantined("header_member_refused"),
    ),
    attack(
        "header-x5c",
        ("x5c im Kopf", "x5c in the header"),
        _NO_KEY_FROM_OUTSIDE,
        header(x5c=["MIIB"]),
        quarantined("header_member_refused"),
    ),
    attack(
        "header-crit",
        ("crit im Kopf", "crit in the header"),
        ("Eine unbekannte Pflichterweiterung darf niemand übergehen.", "Nobody may pass over a critical extension."),
        header(crit=["exp"], exp=1),
        quarantined("header_member_refused"),
    ),
    attack(
        "header-b64",
        ("b64 im Kopf (RFC 7797)", "b64 in the header (RFC 7797)"),
        _ONE_READING,
        header(b64=False),
        quarantined("header_member_refused"),
    ),
)
