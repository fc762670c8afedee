"""The yearly statement of a contract: the lines of its grantee out of the cost statement of a calendar year."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.contracts.documents.rendering import Sheet
from services.contracts.documents.sheets import Addresses
from services.contracts.documents.vat import VatCategory
from shared.canonical_json import canonical
from shared.errors import InvalidError
from shared.messages.values import Line, Party

SPEC: Final = "yearly-statement/1"
_COST_STATEMENT: Final = "cost-statement/1"
PDF_NAME: Final = "abrechnung.pdf"
JSON_NAME: Final = "abrechnung.json"
_TEMPLATE: Final = "abrechnung-1"
_TITLE: Final = "Jahresabrechnung"
_LINE: Final = (
    "version",
    "item",
    "label",
    "kind",
    "window",
    "item_cents",
    "pool",
    "pool_share_bp",
    "pool_cents",
    "settled",
    "share",
    "cents",
)

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Cents = Annotated[int, Field(strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class StatementContract(_Part):
    """The contract that a statement is of, as far as a statement shows it."""

    number: Line
    title: Line
    offering_title: Line
    anbieter: Party
    customer: Party
    leitweg_id: Line | None = None
    order_reference: Line | None = None


class Days(_Part):
    """Days from the first to the last one."""

    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]


class StatementLine(_Part):
    """What one item costs the grantee: ``share`` is the exact share n/d of ``pool_cents``, itself a share of ``item_cents``."""

    version: int
    item: str
    label: Line | None = None
    kind: str | None = None
    window: Days
    effective_key: str
    item_cents: Cents
    pool: str
    pool_share_bp: Annotated[int, Field(ge=1, le=10_000)]
    pool_cents: Cents
    settled: Literal["CONTRACT", "BUDGET"]
    share: Annotated[str, Field(pattern=r"^\d+/[1-9]\d*$")]
    cents: Cents


class Tax(VatCategory):
    """Value added tax on the whole."""

    cents: Cents = 0


class Correction(_Part):
    """Difference to the statement that was issued before."""

    previous_hash: str
    contract_cents: Cents
    budget_cents: Cents


class YearlyStatement(_Part):
    """The statement of one contract and year. ``statement_hash`` is that of the cost statement of all."""

    spec: Literal["yearly-statement/1"]
    number: Line
    issued_on: Day
    contract: StatementContract
    period: Days
    currency: Literal["EUR"]
    lines: tuple[StatementLine, ...]
    contract_cents: Cents
    budget_cents: Cents
    statement_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    tax: Tax | None = None
    correction: Correction | None = None

    @model_validator(mode="after")
    def _sums_up(self) -> Self:
        for settled, total in (("CONTRACT", self.contract_cents), ("BUDGET", self.budget_cents)):
            if sum(line.cents for line in self.lines if line.settled == settled) != total:
                raise ValueError(f"the lines settled {settled} do not sum up to {total}")
        if self.tax is not None and self.tax.cents != self.tax.on(self.contract_cents):
            raise ValueError(f"the tax on {self.contract_cents} is {self.tax.on(self.contract_cents)}, not {self.tax.cents}")
        return self

    @property
    def own_lines(self) -> list[StatementLine]:
        """The lines that the grantee pays."""
        return [line for line in self.lines if line.settled == "CONTRACT"]


def yearly_statement(
    statement: Mapping[str, Any],
    contract: Mapping[str, Any],
    *,
    number: str,
    issued_on: str,
    items: Mapping[tuple[int, str], Mapping[str, Any]] | None = None,
    tax: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the yearly statement of a contract out of a cost statement (``pricing.statement``), as JSON.

    ``contract`` is its JSON; the payer is its ``customer``. ``items`` give label and kind by version and item, ``tax`` the
    category and rate of value added tax. Raises InvalidError (``no_statement_document``) if the two do not fit.
    """
    if statement.get("spec") != _COST_STATEMENT:
        raise _no_statement(f"spec: {_COST_STATEMENT} is needed")
    payer = contract["customer"]["id"]
    lines = list(_lines(statement, payer, items or {}))
    result = _statement(contract, lines, statement["period"], statement["hash"], number=number, issued_on=issued_on, tax=tax)
    if "correction" in statement:
        result["correction"] = _correction(statement["correction"], payer)
    read_statement(result)
    return result


def statement_of_share(
    share: Mapping[str, Any], contract: Mapping[str, Any], *, number: str, issued_on: str, tax: VatCategory | None = None
) -> dict[str, Any]:
    """Return the yearly statement of a contract out of what is stored of its grantee's share, the same as out of the whole.

    Raises InvalidError (``no_statement_document``) if the two do not fit.
    """
    lines = [{**{name: line[name] for name in _LINE}, "effective_key": line["key"]} for line in share["lines"]]
    period = {"from": f"{share['year']}-01-01", "to": f"{share['year']}-12-31"}
    given = None if tax is None else tax.model_dump()
    result = _statement(contract, lines, period, share["hash"], number=number, issued_on=issued_on, tax=given)
    if share["previous_hash"] is not None:
        more = share["correction"] or {"contract_cents": 0, "budget_cents": 0}
        sums = {name: more[name] for name in ("contract_cents", "budget_cents")}
        result["correction"] = {"previous_hash": share["previous_hash"], **sums}
    read_statement(result)
    return result


def _statement(
    contract: Mapping[str, Any],
    lines: list[dict[str, Any]],
    period: Mapping[str, str],
    digest: str,
    *,
    number: str,
    issued_on: str,
    tax: Mapping[str, Any] | None,
) -> dict[str, Any]:
    sums = {settled: sum(line["cents"] for line in lines if line["settled"] == settled) for settled in ("CONTRACT", "BUDGET")}
    result: dict[str, Any] = {
        "spec": SPEC,
        "number": number,
        "issued_on": issued_on,
        "contract": {
            name: contract.get(name)
            for name in ("id", "number", "title", "offering_title", "anbieter", "customer", "leitweg_id", "order_reference")
        },
        "period": period,
        "currency": "EUR",
        "lines": lines,
        "contract_cents": sums["CONTRACT"],
        "budget_cents": sums["BUDGET"],
        "statement_hash": digest,
    }
    if tax is not None:
        result["tax"] = {**tax, "cents": Tax.model_validate(tax).on(sums["CONTRACT"])}
    return result


def read_statement(statement: Mapping[str, Any]) -> YearlyStatement:
    """Return a yearly statement that was read. Raises InvalidError (``no_statement_document``)."""
    try:
        return YearlyStatement.model_validate(statement)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _no_statement(f"{where}: {first['msg']}".removeprefix(": ")) from error


def parse_statement(content: bytes) -> YearlyStatement:
    """Return a yearly statement from its JSON as bytes. Raises as ``read_statement``."""
    try:
        return YearlyStatement.model_validate_json(content)
    except ValidationError as error:
        raise _no_statement(f"its JSON: {error.errors(include_url=False, include_context=False)[0]['msg']}") from error


def statement_sheet(statement: Mapping[str, Any], addresses: Addresses | None = None) -> Sheet:
    """Return the document of a yearly statement. Raises as ``read_statement``."""
    read = read_statement(statement)
    at = datetime.fromisoformat(read.issued_on).replace(tzinfo=UTC)
    data = {"statement": statement, "addresses": {name: list(rows) for name, rows in (addresses or {}).items()}}
    return Sheet(PDF_NAME, _TITLE, _TEMPLATE, data, canonical(statement), at)


def _lines(
    statement: Mapping[str, Any], payer: str, items: Mapping[tuple[int, str], Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    for item in statement["items"]:
        known = items.get((item["version"], item["item"]), {})
        for pool in item["pools"]:
            for line in (line for line in pool["lines"] if line["payer"] == payer):
                yield {
                    "version": item["version"],
                    "item": item["item"],
                    "label": known.get("label"),
                    "kind": known.get("kind"),
                    "window": item["window"],
                    "effective_key": item["effective_key"],
                    "item_cents": item["total_cents"],
                    "pool": pool["pool"],
                    "pool_share_bp": pool["share_bp"],
                    "pool_cents": pool["cents"],
                    "settled": pool["settled"],
                    "share": line["share"],
                    "cents": line["cents"],
                }


def _correction(correction: Mapping[str, Any], payer: str) -> dict[str, Any]:
    rows = {row["payer"]: row for row in correction["payers"]}
    own = rows.get(payer, {"contract_cents": 0, "budget_cents": 0})
    return {
        "previous_hash": correction["previous_hash"],
        "contract_cents": own["contract_cents"],
        "budget_cents": own["budget_cents"],
    }


def _no_statement(why: str) -> InvalidError:
    return InvalidError(f"There is no document of this statement: {why}", code="no_statement_document")
