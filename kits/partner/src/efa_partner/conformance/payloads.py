"""Cases about the payload and its claims: JSON with two meanings, another identity, another time, another marketplace."""

from __future__ import annotations

import time
from collections.abc import Callable

from efa_partner.conformance.attacks import Make, attack, payload
from efa_partner.conformance.bench import Bench
from efa_partner.conformance.case import Case, quarantined, refused
from efa_partner.signing import json_bytes

_ONE_MEANING = (
    "Was zwei Programme verschieden verstehen könnten, wird nicht ausgeführt.",
    "What two programs could understand differently is not carried out.",
)
_STRICT = (
    "Unbekanntes zu übergehen hieße, etwas anderes zu tun als gemeint war.",
    "To pass over what is unknown would be to do something else than was meant.",
)
_WINDOW = (
    "Ein Ereignis gilt nur in seinem Zeitfenster, damit ein altes nicht später wirkt.",
    "An event counts within its window of time only, so that an old one has no effect later.",
)


def _raw(change: Callable[[bytes], bytes]) -> Make:
    def make(bench: Bench) -> bytes:
        return bench.jws(change(json_bytes(bench.event())))

    return make


def _times(issued: int, expires: int) -> Make:
    def make(bench: Bench) -> bytes:
        now = int(time.time())
        return bench.jws(bench.event() | {"iat": now + issued, "exp": now + expires})

    return make


def _foreign_issuer(bench: Bench) -> bytes:
    other = f"{bench.target.partner[:30]}-x"
    return bench.jws(bench.event() | {"iss": other, "source": f"/partner/{other}"})


PAYLOADS: tuple[Case, ...] = (
    attack(
        "payload-no-json",
        ("Inhalt, der kein JSON ist", "Content that is no JSON"),
        _ONE_MEANING,
        _raw(lambda body: body[:-1]),
        quarantined("payload_malformed"),
    ),
    attack(
        "payload-member-twice",
        ("Feld doppelt", "Member twice"),
        _ONE_MEANING,
        _raw(lambda body: body[:-1] + b',"aud":"elsewhere"}'),
        quarantined("payload_malformed"),
    ),
    attack(
        "payload-member-twice-inside",
        ("Feld doppelt in data", "Member twice inside data"),
        _ONE_MEANING,
        _raw(lambda body: body.replace(b'"data":{', b'"data":{"organisation":"elsewhere",')),
        quarantined("payload_malformed"),
    ),
    attack(
        "payload-nan",
        ("NaN als Zahl", "NaN as a number"),
        _ONE_MEANING,
        _raw(lambda body: body[:-2] + b',"if_revision":NaN}}'),
        quarantined("payload_malformed"),
    ),
    attack(
        "payload-surrogate",
        ("Halbes Surrogatpaar im Text", "Half of a surrogate pair in a text"),
        _ONE_MEANING,
        _raw(lambda body: body[:-2] + b',"reason":"\\ud800"}}'),
        quarantined("payload_malformed"),
    ),
    attack(
        "payload-not-utf8",
        ("Text, der kein UTF-8 ist", "Text that is not UTF-8"),
        _ONE_MEANING,
        _raw(lambda body: body[:-2] + b',"reason":"\xff"}}'),
        quarantined("payload_malformed"),
    ),
    attack(
        "payload-too-deep",
        ("Zu tief verschachtelt", "Nested too deeply"),
        (
            "Verschachtelung ohne Ende kostet jeden Leser Speicher.",
            "Nesting without end costs every reader memory.",
        ),
        _raw(lambda body: body[:-2] + b',"reason":' + b"[" * 40 + b"]" * 40 + b"}}"),
        quarantined("payload_malformed"),
    ),
    attack(
        "issuer-foreign",
        ("iss eines anderen Partners", "iss of another partner"),
        (
            "Partner des Topics, des Schlüssels und des Ereignisses müssen derselbe sein.",
            "The partner of the topic, of the key and of the event must be one.",
        ),
        _foreign_issuer,
        quarantined("issuer_foreign"),
    ),
    attack(
        "no-jti",
        ("Ereignis ohne jti", "Event without jti"),
        ("Ohne Kennung ist eine Wiederholung nicht zu erkennen.", "Without an identity a repeat cannot be recognised."),
        payload(jti=...),
        quarantined("event_unidentified"),
    ),
    attack(
        "id-is-not-jti",
        ("id und jti verschieden", "id and jti differ"),
        _ONE_MEANING,
        payload(id="another"),
        refused("event_malformed"),
    ),
    attack(
        "source-foreign",
        ("Andere source", "Another source"),
        _ONE_MEANING,
        payload(source="/ordering"),
        refused("event_malformed"),
    ),
    attack(
        "attribute-unknown",
        ("Unbekanntes Attribut", "Unknown attribute"),
        _STRICT,
        payload(priority="high"),
        refused("event_malformed"),
    ),
    attack("no-exp", ("Ereignis ohne exp", "Event without exp"), _WINDOW, payload(exp=...), refused("event_malformed")),
    attack("iat-a-text", ("iat als Text", "iat as a text"), _ONE_MEANING, payload(iat="1804152600"), refused("event_malformed")),
    attack(
        "audience-wrong",
        ("aud eines anderen Marktplatzes", "aud of another marketplace"),
        (
            "Ein Ereignis für die Testumgebung darf in der Produktion nichts bewirken.",
            "An event for the test environment must have no effect in production.",
        ),
        payload(aud="another-marketplace"),
        refused("audience_wrong"),
    ),
    attack("expired", ("Abgelaufenes Ereignis", "Expired event"), _WINDOW, _times(-7200, -3600), refused("event_expired")),
    attack(
        "iat-in-the-future",
        ("iat in der Zukunft", "iat in the future"),
        _WINDOW,
        _times(3600, 7200),
        refused("event_from_future"),
    ),
    attack(
        "exp-too-far",
        ("Länger als 24 Stunden gültig", "Valid for more than 24 hours"),
        _WINDOW,
        _times(0, 86_401 + 60),
        refused("event_lives_too_long"),
    ),
    attack(
        "type-unknown",
        ("Unbekannter Typ", "Unknown type"),
        _STRICT,
        payload(type="partner.order.order-shredded.v1"),
        refused("event_unknown"),
    ),
    attack(
        "type-of-the-marketplace",
        ("Typ des Marktplatzes", "Type of the marketplace"),
        (
            "Ein Partner darf kein Ereignis des Marktplatzes nachmachen.",
            "A partner must not be able to imitate an event of the marketplace.",
        ),
        payload(type="ordering.order.placed.v1"),
        refused("event_unknown"),
    ),
)
