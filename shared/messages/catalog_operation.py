"""What an offer states of its operation: support, service levels, where it is live, how it looks."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages.base import Value
from shared.messages.open_enum import OpenEnum
from shared.messages.values import Line, Mailbox, Period

StateId = Annotated[str, StringConstraints(pattern=r"^DE-[A-Z]{2}$")]
"""Id of a Land (ISO 3166-2), such as DE-SH."""

ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
"""A time of day in Germany, ``HH:MM``; 24:00 is the end of the day."""

Telephone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9 -]{4,28}[0-9]$")]
"""Telephone number of an organisation in its international form (ITU-T E.164), with blanks and hyphens, not of a person."""

Minutes = Annotated[int, Field(ge=1, le=366 * 24 * 60)]


class SupportLevel(OpenEnum):
    """Level of support: who takes questions first, who examines faults, who mends them in the software."""

    FIRST_LEVEL = "FIRST_LEVEL"
    SECOND_LEVEL = "SECOND_LEVEL"
    THIRD_LEVEL = "THIRD_LEVEL"


class Weekday(OpenEnum):
    """A day of the week."""

    MO = "MO"
    DI = "DI"
    MI = "MI"
    DO = "DO"
    FR = "FR"
    SA = "SA"
    SO = "SO"


class FaultClass(OpenEnum):
    """Class of a fault by what it does to the use of the service (Mängelklassen of the EVB-IT)."""

    BETRIEBSVERHINDERND = "BETRIEBSVERHINDERND"
    BETRIEBSBEHINDERND = "BETRIEBSBEHINDERND"
    LEICHT = "LEICHT"


class Support(Value):
    """Whom reusing authorities turn to at one level of support: by which ways, on which days and hours.

    ``days``, ``opens`` and ``closes`` come together; a level with other hours on other days has an entry for each.
    """

    level: Annotated[SupportLevel, Field(description="Level of support. Not personal.", examples=["SECOND_LEVEL"])]
    mailbox: Annotated[
        Mailbox | None,
        Field(
            description="Shared mailbox of the support; null or absent: none. It belongs to an organisation. Not personal.",
            examples=["support@example.org"],
        ),
    ] = None
    telephone: Annotated[
        Telephone | None,
        Field(
            description="Telephone number of the support in its international form (ITU-T E.164); null or absent: none. It "
            "belongs to an organisation. Not personal.",
            examples=["+49 431 1234-0"],
        ),
    ] = None
    url: Annotated[
        Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$", max_length=500)] | None,
        Field(
            description="Address of the ticket system or help pages; null or absent: none. Not personal.",
            examples=["https://hilfe.example.org/efa"],
        ),
    ] = None
    days: Annotated[
        tuple[Weekday, ...],
        Field(
            max_length=7,
            description="Days of the week on which the support answers; empty or absent: not stated. Not personal.",
            examples=[["MO", "DI", "MI", "DO", "FR"]],
        ),
    ] = ()
    opens: Annotated[
        ClockTime | None,
        Field(
            description="When the support begins on these days, HH:MM in Germany; null or absent: not stated. Not personal.",
            examples=["08:00"],
        ),
    ] = None
    closes: Annotated[
        ClockTime | None,
        Field(
            description="When it ends on these days, HH:MM in Germany, 24:00 for the end of the day; null or absent: not stated. "
            "Not personal.",
            examples=["17:00"],
        ),
    ] = None
    note: Annotated[
        Line | None,
        Field(
            description="What else is to be known, such as on public holidays, in German; null or absent: nothing. Not personal.",
            examples=["Nicht an gesetzlichen Feiertagen in Schleswig-Holstein."],
        ),
    ] = None


class Availability(Value):
    """Which share of the time the service can be used at least, measured over a month or a year."""

    basis_points: Annotated[
        int,
        Field(
            ge=1,
            le=10_000,
            description="Least share of the time in hundredths of a per cent: 9950 is 99.50 %. Not personal.",
            examples=[9950],
        ),
    ]
    period: Annotated[
        Period, Field(description="Time over which it is measured, MONAT or JAHR. Not personal.", examples=["MONAT"])
    ]


class FaultTimes(Value):
    """How long the Bereitsteller takes at most until it attends to a fault of a class, and until the service works again."""

    fault: Annotated[FaultClass, Field(description="Class of the fault. Not personal.", examples=["BETRIEBSVERHINDERND"])]
    reaction_minutes: Annotated[
        Minutes, Field(description="Minutes from the report of the fault to the first answer. Not personal.", examples=[30])
    ]
    restoration_minutes: Annotated[
        Minutes | None,
        Field(
            description="Minutes from the report of the fault until the service works again, by a workaround too; null or "
            "absent: none is promised. Not personal.",
            examples=[480],
        ),
    ] = None
    around_the_clock: Annotated[
        bool,
        Field(
            description="Whether the minutes run on outside the hours of the support too. Not personal.",
            examples=[False],
        ),
    ] = False


class GoLive(Value):
    """Since when the service is live somewhere, or from when it will be."""

    on: Annotated[
        date,
        Field(
            description="First day on which people can use it, in Germany; may lie ahead. Not personal.", examples=["2026-03-02"]
        ),
    ]
    land: Annotated[
        StateId | None,
        Field(
            description="Land in which it is live (ISO 3166-2); null or absent: all of Germany. Not personal.", examples=["DE-SH"]
        ),
    ] = None
    place: Annotated[
        Line | None,
        Field(
            description="Body or area in that Land; null or absent: the Land as a whole. Not personal.",
            examples=["Kreis Nordfriesland"],
        ),
    ] = None


class Screenshot(Value):
    """A picture of the service, brought as a file of the offer and pinned by its SHA-256."""

    title: Annotated[
        Line,
        Field(
            description="What is to be seen, in German, for those too who cannot see it. Not personal.", examples=["Startseite"]
        ),
    ]
    media_type: Annotated[
        str,
        StringConstraints(pattern=r"^image/(png|jpeg)$"),
        Field(description="Media type (RFC 6838): PNG or JPEG. Not personal.", examples=["image/png"]),
    ]
    url: Annotated[
        str,
        StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500),
        Field(
            description="Address of the picture; no credentials in it. Not personal.",
            examples=["https://www.example.org/startseite.png"],
        ),
    ]
    sha256: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9a-f]{64}$"),
        Field(
            description="SHA-256 of the picture's bytes in lower-case hex. Not personal.",
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        ),
    ]
