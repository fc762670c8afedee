"""Days as the API of contracts takes them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from pydantic import Field

from shared.http.days import Day

LAST_DAY: Final = date(2199, 12, 31)
"""The last one of the calendar that the rules of the chain know (``chain.contract.DayText``)."""
ChainDay = Annotated[Day, Field(ge=date(1900, 1, 1), le=LAST_DAY)]
"""A day that the rules of the chain can judge."""
