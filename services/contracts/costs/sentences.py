"""What a body pays, in one sentence per item, in German and English."""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal

from services.contracts.costs.own_costs import OwnLine, RestOfPool

Language = Literal["de", "en"]

_PERIODS: Final = {
    "de": {"JAHR": "im Jahr", "MONAT": "im Monat", "EINMALIG": "einmalig", "JE_NUTZUNG": "je Nutzung"},
    "en": {"JAHR": "a year", "MONAT": "a month", "EINMALIG": "once", "JE_NUTZUNG": "per use"},
}
_KEYS: Final = {
    "de": {
        "EINWOHNER": "nach Einwohnern",
        "NUTZUNG": "nach Nutzungen",
        "ZIELGRUPPE": "nach der Zielgruppe",
        "KOENIGSTEIN": "nach dem Königsteiner Schlüssel",
        "GLEICH": "zu gleichen Teilen",
        "KOMBINATION": "nach mehreren Schlüsseln",
    },
    "en": {
        "EINWOHNER": "by population",
        "NUTZUNG": "by uses",
        "ZIELGRUPPE": "by target group",
        "KOENIGSTEIN": "by the Königsteiner Schlüssel",
        "GLEICH": "in equal parts",
        "KOMBINATION": "by several keys",
    },
}
_BASES: Final = {
    "de": {"EINWOHNER": "Einwohnern", "NUTZUNG": "Nutzungen", "ZIELGRUPPE": "Personen der Zielgruppe", "GLEICH": "Teilnehmern"},
    "en": {"EINWOHNER": "inhabitants", "NUTZUNG": "uses", "ZIELGRUPPE": "people of the target group", "GLEICH": "participants"},
}
_PER_MILLE: Final = 10_000


def sentence(line: OwnLine, language: Language) -> str:
    """Return how the cents of a line come about, and who pays the rest."""
    parts = [_cost(line, language), _share(line, language), _rest(line, language)]
    return " ".join(part for part in parts if part)


def money(cents: int, language: Language) -> str:
    """Return an amount in euro as people write it."""
    if language == "de":
        return f"{_grouped(cents // 100, '.')},{cents % 100:02d} €"
    return f"EUR {_grouped(cents // 100, ',')}.{cents % 100:02d}"


def _grouped(number: int, sign: str) -> str:
    return f"{number:,}".replace(",", sign)


def _number(number: int, language: Language) -> str:
    return _grouped(number, "." if language == "de" else ",")


def _percent(share: Fraction, language: Language) -> str:
    hundredths = (share * _PER_MILLE * 2 + 1) // 2
    text = f"{hundredths // 100}.{hundredths % 100:02d} %"
    return text.replace(".", ",") if language == "de" else text


def _key(line: OwnLine) -> str:
    return line.key.partition(":")[0]


def _cost(line: OwnLine, language: Language) -> str:
    label, period = line.item["label"], _PERIODS[language][line.item["period"]]
    amount = money(line.item["amount_cents"], language)
    key = _KEYS[language].get(_key(line))
    if key is None:
        return f"{label}: {amount} {period}."
    return f"{label}: {amount} {period}, verteilt {key}." if language == "de" else f"{label}: {amount} {period}, shared {key}."


def _share(line: OwnLine, language: Language) -> str:
    if line.financed and not line.cents:
        return (
            "Das wird aus einem gemeinsamen Budget bezahlt und kostet Sie nichts."
            if language == "de"
            else "This is paid from a joint budget and costs you nothing."
        )
    found = _reason(line, language)
    pays = f"Sie zahlen {money(line.cents, 'de')}{found}." if language == "de" else f"You pay {money(line.cents, 'en')}{found}."
    if not line.financed:
        return pays
    return f"{pays} Abgerechnet wird über das gemeinsame Budget." if language == "de" else f"{pays} The joint budget settles it."


def _reason(line: OwnLine, language: Language) -> str:
    """Return the share and the days that lead to the cents."""
    parts = []
    key = _key(line)
    if line.base is not None and line.base_total and key in _BASES[language]:
        base, total = _number(line.base, language), _number(line.base_total, language)
        of = f"{base} von {total}" if language == "de" else f"{base} of {total}"
        parts.append(f"{of} {_BASES[language][key]}")
    elif key not in {"FEST", "DIREKT"}:
        parts.append(_percent(Fraction(line.share), language))
    if line.days < line.basis_days and line.item["period"] in {"JAHR", "MONAT"}:
        days = f"{line.days} von {line.basis_days} Tagen" if language == "de" else f"{line.days} of {line.basis_days} days"
        parts.append(days)
    return f" ({'; '.join(parts)})" if parts else ""


def _rest(line: OwnLine, language: Language) -> str:
    if _key(line) == "FEST" or not line.rest:
        return ""
    shares = [_of_pool(rest, language) for rest in line.rest]
    return f"Den Rest tragen: {', '.join(shares)}." if language == "de" else f"Others bear the rest: {', '.join(shares)}."


def _of_pool(rest: RestOfPool, language: Language) -> str:
    amount = money(rest.cents, language)
    if rest.pool == "PARTICIPANTS":
        if language == "de":
            return f"{_number(rest.payers, language)} weitere Teilnehmer {amount}"
        return f"{_number(rest.payers, language)} further participants {amount}"
    return f"{rest.pool} ({_number(rest.payers, language)}) {amount}"
