"""Cases about keys and signatures: none, with the wrong algorithm, by the wrong key, over something else."""

from __future__ import annotations

import hashlib
import hmac
import json

from efa_partner import base64url, keys
from efa_partner.conformance.attacks import attack, header
from efa_partner.conformance.bench import Bench
from efa_partner.conformance.case import Case, quarantined
from efa_partner.keys import Algorithm
from efa_partner.signing import json_bytes

_KEY_DECIDES = (
    "Der registrierte Schlüssel bestimmt das Verfahren, nie der Record selbst.",
    "The registered key decides on the algorithm, never the record itself.",
)
_ONLY_THE_OWNER = (
    "Nur wer den registrierten privaten Schlüssel hat, darf für den Partner sprechen.",
    "Only who holds the registered private key may speak for the partner.",
)


def _unsigned(bench: Bench) -> bytes:
    head = base64url.encode(json_bytes(bench.header(alg="none")))
    return head + b"." + base64url.encode(json_bytes(bench.event())) + b"." + base64url.encode(b"\0")


def _by_hmac(bench: Bench) -> bytes:
    head = base64url.encode(json_bytes(bench.header(alg="HS256")))
    signed = head + b"." + base64url.encode(json_bytes(bench.event()))
    secret = json.dumps(bench.target.key.public_jwk()).encode()
    return signed + b"." + base64url.encode(hmac.new(secret, signed, hashlib.sha256).digest())


def _other_algorithm(bench: Bench) -> bytes:
    own = bench.target.key.algorithm
    other = Algorithm.ES256 if own is not Algorithm.ES256 else Algorithm.EDDSA
    return bench.jws(bench.event(), bench.header(alg=other.value), bench.with_key(keys.generate(other)))


def _by_another_key(bench: Bench) -> bytes:
    return bench.jws(bench.event(), key=bench.with_key(keys.generate(bench.target.key.algorithm)))


def _unregistered(bench: Bench) -> bytes:
    stranger = keys.generate(Algorithm.EDDSA)
    return bench.jws(bench.event(), {"alg": "EdDSA", "kid": stranger.kid}, stranger)


def _changed(bench: Bench) -> bytes:
    head, _, signature = bench.jws(bench.event()).split(b".")
    return b".".join([head, base64url.encode(json_bytes(bench.event())), signature])


def _one_bit(bench: Bench) -> bytes:
    head, body, signature = bench.jws(bench.event()).split(b".")
    content = bytearray(base64url.decode(signature))
    content[-1] ^= 1
    return b".".join([head, body, base64url.encode(bytes(content))])


def _short(bench: Bench) -> bytes:
    head, body, signature = bench.jws(bench.event()).split(b".")
    return b".".join([head, body, base64url.encode(base64url.decode(signature)[:-1])])


SIGNATURES: tuple[Case, ...] = (
    attack("alg-none", ("alg: none", "alg: none"), _KEY_DECIDES, _unsigned, quarantined("algorithm_refused")),
    attack(
        "alg-hs256",
        ("HS256 mit dem öffentlichen Schlüssel als Geheimnis", "HS256 with the public key as the secret"),
        _KEY_DECIDES,
        _by_hmac,
        quarantined("algorithm_refused"),
    ),
    attack(
        "alg-of-another-kind",
        ("Verfahren einer anderen Schlüsselart", "Algorithm of another kind of key"),
        _KEY_DECIDES,
        _other_algorithm,
        quarantined("algorithm_refused"),
    ),
    attack(
        "alg-in-capitals",
        ("Verfahren in anderer Schreibung", "Algorithm in other letters"),
        _KEY_DECIDES,
        header(alg="EDDSA"),
        quarantined("algorithm_refused"),
    ),
    attack(
        "wrong-key",
        ("Signatur eines fremden Schlüssels", "Signature by another key"),
        _ONLY_THE_OWNER,
        _by_another_key,
        quarantined("signature_invalid"),
    ),
    attack(
        "unknown-kid",
        ("Schlüssel, der nicht registriert ist", "Key that is not registered"),
        _ONLY_THE_OWNER,
        _unregistered,
        quarantined("key_unregistered"),
    ),
    attack(
        "payload-changed",
        ("Inhalt nach dem Signieren geändert", "Content changed after signing"),
        ("Die Signatur gilt dem Inhalt, Byte für Byte.", "The signature is over the content, byte by byte."),
        _changed,
        quarantined("signature_invalid"),
    ),
    attack(
        "signature-one-bit",
        ("Ein Bit der Signatur geändert", "One bit of the signature changed"),
        _ONLY_THE_OWNER,
        _one_bit,
        quarantined("signature_invalid"),
    ),
    attack(
        "signature-short",
        ("Signatur ein Byte zu kurz", "Signature one byte short"),
        _ONLY_THE_OWNER,
        _short,
        quarantined("signature_invalid"),
    ),
)
