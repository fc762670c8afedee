"""What to do about a case that did not pass, by what came."""

from __future__ import annotations

from collections.abc import Mapping

from efa_partner.conformance.case import Got, Kind, Words
from efa_partner.conformance.run import Result, Verdict

_BY_CODE: Mapping[str, Words] = {
    "key_unregistered": Words(
        "Den öffentlichen Schlüssel registrieren lassen (efa-partner public-key) und dieselbe kid verwenden.",
        "Have the public key registered (efa-partner public-key), and use the same kid.",
    ),
    "key_not_valid": Words(
        "Der Schlüssel gilt noch nicht oder nicht mehr: Gültigkeit beim Betreiber erfragen, sonst efa-partner rotate.",
        "The key is not valid yet, or no longer: ask the operator, else run efa-partner rotate.",
    ),
    "signature_invalid": Words(
        "Unter dieser kid ist ein anderer öffentlicher Schlüssel registriert: mit efa-partner public-key vergleichen.",
        "Another public key is registered under this kid: compare with efa-partner public-key.",
    ),
    "organisation_foreign": Words(
        "Die Organisation von --organisation gehört nicht zur Registrierung des Partners: beim Betreiber ergänzen lassen.",
        "The organisation of --organisation is not in the partner's registration: have the operator add it.",
    ),
    "issuer_foreign": Words("--partner nennt nicht den Partner des Topics.", "--partner is not the partner of the topic."),
    "audience_wrong": Words(
        "--audience auf den Namen des Marktplatzes setzen, den der Betreiber nennt.",
        "Set --audience to the name of the marketplace that the operator gives.",
    ),
    "event_from_future": Words("Die Uhr dieses Rechners stellen (NTP).", "Set the clock of this machine (NTP)."),
    "event_expired": Words("Die Uhr dieses Rechners stellen (NTP).", "Set the clock of this machine (NTP)."),
    "open_order_exists": Words(
        "Für --offering läuft schon ein Vorgang der Organisation: zurückziehen oder ein anderes Angebot nennen.",
        "The organisation has an open Vorgang on --offering: withdraw it, or name another offer.",
    ),
    "offering_not_found": Words(
        "--offering nennt kein Angebot der Testumgebung.", "--offering is no offer of the test environment."
    ),
    "offering_not_orderable": Words("Ein bestellbares Angebot nennen.", "Name an offer that can be ordered."),
    "channel_not_offered": Words("--channel nennen, über den das Angebot läuft.", "Name the --channel that the offer has."),
    "own_offering": Words("Ein Angebot eines anderen Bereitstellers nennen.", "Name an offer of another Bereitsteller."),
    "role_missing": Words(
        "Die Organisation braucht in der Registrierung die Rolle KUNDE.",
        "The organisation needs the role KUNDE in the registration.",
    ),
    "receipt_key_unknown": Words("Den JWK-Satz neu holen: --jwks.", "Fetch the JWK set again: --jwks."),
    "receipt_signature": Words(
        "--jwks gehört zu einem anderen Marktplatz, oder die Quittung ist gefälscht: den Betreiber fragen.",
        "--jwks is another marketplace's, or the receipt is forged: ask the operator.",
    ),
    "orders_unwritable": Words(
        "Schreibrecht auf partner.<id>.orders.v1 und den Namen des Partners prüfen.",
        "Check the right to write to partner.<id>.orders.v1, and the partner's name.",
    ),
}
_NO_RECEIPT = Words(
    "Keine Quittung: Ist der Partner ACTIVE, läuft der Marktplatz, ist die Quote frei? Danach erneut, mit größerem --patience.",
    "No receipt: is the partner ACTIVE, is the marketplace running, is the quota free? Then again, with a larger --patience.",
)
_HARM = Words(
    "Der Marktplatz hat etwas ausgeführt, das er abweisen muss: sofort dem Betreiber melden, mit diesem Bericht.",
    "The marketplace carried out what it has to refuse: report it to the operator at once, with this report.",
)
_OTHER = Words(
    "Der Marktplatz verhält sich anders als beschrieben: dem Betreiber melden, mit diesem Bericht.",
    "The marketplace does not behave as described: report it to the operator, with this report.",
)


def remedy(result: Result) -> Words | None:
    """Return what to do about a result; None if it passed."""
    if result.verdict is Verdict.PASSED:
        return None
    if result.got is None:
        text = result.note or ""
        return Words(f"Nicht gespielt: {text}.", f"Not run: {text}.")
    return _of(result.got, may_be_accepted=(Kind.ACCEPTED, None) in result.case.expected.alternatives)


def _of(got: Got, *, may_be_accepted: bool) -> Words:
    if got.kind is Kind.ACCEPTED and not may_be_accepted:
        return _HARM
    if got.kind is Kind.NO_RECEIPT:
        return _NO_RECEIPT
    return _BY_CODE.get(got.code or "", _OTHER)
