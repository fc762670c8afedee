"""Verdicts of all customers, offerings and channels on one day.

A cell factors: it is the worse of the first leg, which only the provider decides, and of the legs below the Anbieter, which only
the customer does. One body at the centre (an Anbieter or a Bündler) has its reachability computed once, both ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from services.eligibility.engine.bodies import activity, private_capital, status
from services.eligibility.engine.cooperation import cooperation
from services.eligibility.engine.day import Day
from services.eligibility.engine.evaluate import rules_for
from services.eligibility.engine.faults import RefusedError
from services.eligibility.engine.paths import indirect_outcome
from services.eligibility.engine.portal import Participant, takes_part
from services.eligibility.engine.reach import INDIRECT, Grades, Mothers, mothers_of, ways_from, ways_to
from services.eligibility.engine.request import Bundler, Overlay, Policy
from services.eligibility.engine.verdicts import Verdict
from services.eligibility.engine.world import World

LETTERS: Final[Mapping[Verdict | None, str]] = {
    Verdict.EXEMPT: "E",
    Verdict.RISK: "R",
    Verdict.NO_EVIDENCE: "N",
    Verdict.OUT_OF_SCOPE: "O",
    Verdict.NOT_EXEMPT: "X",
    None: "-",
}
"""One character per cell; ``-`` where the chain itself is invalid: the Anbieter as customer, provider or Bündler."""


@dataclass(frozen=True, slots=True)
class Column:
    """An offering with the Bereitsteller that decides its cells."""

    offering: str
    provider: str


@dataclass(frozen=True)
class Scope:
    """What a matrix is computed of. ``bundlers``: a customer's configured chain, by customer and channel; else none."""

    as_of: str
    customers: tuple[str, ...]
    columns: tuple[Column, ...]
    channels: tuple[str, ...] = ("FITKO", "govdigital")
    rule_set: str = "gwb108-2016"
    known_at: str | None = None
    policy: Policy = field(default_factory=Policy)
    bundlers: Mapping[tuple[str, str], Sequence[Bundler]] = field(default_factory=dict)


@dataclass(frozen=True)
class Matrix:
    """The factors of all cells: ``first`` by channel and provider, ``chain`` by channel and customer."""

    scope: Scope
    first: Mapping[str, Mapping[str, Verdict | None]]
    chain: Mapping[str, Mapping[str, Verdict | None]]

    def cell(self, customer: str, provider: str, channel: str) -> Verdict | None:
        """Return the verdict of the order, None where its chain is invalid. Raises KeyError for what was not asked for."""
        return _cell(self.first[channel][provider], self.chain[channel][customer])

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield customer, channel and one letter per offering; customers of one chain verdict share the text."""
        for channel in self.scope.channels:
            first = [self.first[channel][column.provider] for column in self.scope.columns]
            texts = {chain: "".join(LETTERS[_cell(verdict, chain)] for verdict in first) for chain in LETTERS}
            chains = self.chain[channel]
            for customer in self.scope.customers:
                yield customer, channel, texts[chains[customer]]


@dataclass(frozen=True, slots=True)
class Change:
    """What one customer finds changed in one channel: from which verdict to which, for which offerings."""

    customer: str
    channel: str
    before: Verdict | None
    after: Verdict | None
    offerings: tuple[str, ...]

    @property
    def loses(self) -> bool:
        """Whether what could be ordered without more ado no longer can."""
        return self.before is Verdict.EXEMPT and self.after is not Verdict.EXEMPT


def matrix_of(world: World, scope: Scope, overlay: Overlay = ()) -> Matrix:
    """Return the matrix; with an overlay, what it would be. Raises RefusedError as a single request would."""
    return Cells(world, scope, overlay).matrix(scope.customers, scope.columns)


class Cells:
    """The cells of a day, for a matrix in parts: what is computed for one part is remembered for the next.

    Raises RefusedError as a single request would, as soon as it is made or asked.
    """

    def __init__(self, world: World, scope: Scope, overlay: Overlay = ()) -> None:
        view = world.view(scope.known_at, overlay)
        rules = rules_for(scope.rule_set, scope.as_of, scope.known_at)
        # A day of its own: what a whole matrix finds out about it is not remembered any longer than the matrix is asked.
        day = Day(view, scope.as_of, rules)
        added = (operation.fact for operation in overlay if operation.op == "ADD")
        self._known = world.organisations | {fact.id for fact in added if fact.kind == "organisation"}
        self._scope = scope
        centres: dict[str, Centre] = {}
        self._channels = {
            channel: _Channel(day, channel, rules.channels[channel].anbieter, scope.policy, centres) for channel in scope.channels
        }
        self._first: dict[tuple[str, str], Verdict | None] = {}
        self._chain: dict[tuple[str, str], Verdict | None] = {}

    def matrix(self, customers: Sequence[str], columns: Sequence[Column]) -> Matrix:
        """Return the cells of these customers and offerings in all channels of the scope."""
        providers = tuple(dict.fromkeys(column.provider for column in columns))
        self._check_named(customers, providers)
        first = {channel: {name: self.first(channel, name) for name in providers} for channel in self._channels}
        chain = {channel: {name: self.chain(channel, name) for name in customers} for channel in self._channels}
        return Matrix(replace(self._scope, customers=tuple(customers), columns=tuple(columns)), first, chain)

    def first(self, channel: str, provider: str) -> Verdict | None:
        """Return the first leg, None where it is invalid. Raises KeyError for a channel outside the scope."""
        key = channel, provider
        if key not in self._first:
            self._first[key] = self._channels[channel].first(provider)
        return self._first[key]

    def chain(self, channel: str, customer: str) -> Verdict | None:
        """Return the worst leg below the Anbieter, None where it is invalid. Raises KeyError for a channel outside the scope."""
        key = channel, customer
        if key not in self._chain:
            bundlers = self._scope.bundlers.get((customer, channel), ())
            self._chain[key] = self._channels[channel].chain(customer, bundlers)
        return self._chain[key]

    def cell(self, customer: str, provider: str, channel: str) -> Verdict | None:
        """Return the verdict of an order, None where its chain is invalid."""
        self._check_named((customer,), (provider,))
        return _cell(self.first(channel, provider), self.chain(channel, customer))

    def _check_named(self, customers: Iterable[str], providers: Iterable[str]) -> None:
        anbieter = (channel.anbieter for channel in self._channels.values())
        chains = (bundler.org for chain in self._scope.bundlers.values() for bundler in chain)
        for name in (*customers, *providers, *anbieter, *chains):
            if name not in self._known:
                raise RefusedError("UNKNOWN_ORGANISATION", 19, f"there is no organisation {name}")


def changes(before: Matrix, after: Matrix) -> Iterator[Change]:
    """Yield what differs between two matrices of the same customers, offerings and channels: only cells that are not equal."""
    for channel in before.scope.channels:
        offerings: dict[tuple[Verdict | None, Verdict | None], list[str]] = {}
        for column in before.scope.columns:
            pair = before.first[channel][column.provider], after.first[channel][column.provider]
            offerings.setdefault(pair, []).append(column.offering)
        for customer in before.scope.customers:
            chains = before.chain[channel][customer], after.chain[channel][customer]
            found: dict[tuple[Verdict | None, Verdict | None], list[str]] = {}
            for first, names in offerings.items():
                pair = _cell(first[0], chains[0]), _cell(first[1], chains[1])
                if pair[0] is not pair[1]:
                    found.setdefault(pair, []).extend(names)
            for pair, names in found.items():
                yield Change(customer, channel, *pair, tuple(sorted(names)))


def _cell(first: Verdict | None, chain: Verdict | None) -> Verdict | None:
    return None if first is None or chain is None else max(first, chain)


class Centre:
    """One legal person on a day, and what awards between it and any other are worth."""

    def __init__(self, day: Day, person: str, policy: Policy) -> None:
        self.day = day
        self.person = person
        self.policy = policy.indirect_joint

    @cached_property
    def _above(self) -> Mapping[str, Grades]:
        return ways_to(self.day, self.person)

    @cached_property
    def _below(self) -> Mapping[str, Grades]:
        return ways_from(self.day, self.person)

    @cached_property
    def _mothers(self) -> Mothers:
        return mothers_of(self.day, self.person, self._authority)

    @cached_property
    def _partners(self) -> frozenset[str]:
        day = self.day
        facts = (fact for member in day.members(self.person) for fact in day.valid(day.view.cooperations.get(member, ())))
        return frozenset(day.legal_person(party) for fact in facts for party in fact.parties)

    def awarded_by(self, other: str) -> Verdict:
        """Return what the best route is worth for an award of the other to this body."""
        return self._award(other, self.person, self._above.get(other), self._below.get(other), self._half())

    def awards_to(self, other: str) -> Verdict:
        """Return the same for an award of this body to the other, on the first leg."""
        return self._award(self.person, other, self._below.get(other), self._above.get(other), self._half(on_first_leg=True))

    def _half(self, *, on_first_leg: bool = False) -> Verdict:
        rule = self.day.rules.half_sister
        return Verdict[rule.on_first_leg if on_first_leg else rule.elsewhere]

    def _award(self, awarder: str, contractor: str, down: Grades | None, up: Grades | None, half: Verdict) -> Verdict:
        """Return the best of all routes: control and joint control, inverse, sisters, co-operation."""
        day = self.day
        found = [Verdict.NOT_EXEMPT]
        if down is not None:
            found.append(max(self._graded(awarder, contractor, down), self._r4(contractor), self._r5(contractor)))
        if up is not None:
            path = max(self._graded(contractor, awarder, up), self._authority(contractor))
            found.append(max(path, self._r4(awarder), self._r5(contractor)))
        sister = self._sister(contractor if awarder == self.person else awarder, half)
        if sister is not None:
            found.append(max(sister, self._r4(awarder), self._r4(contractor), self._r5(contractor)))
        if awarder in self._partners and contractor in self._partners:
            outcome = cooperation(day, awarder, contractor)
            found.append(Verdict.NOT_EXEMPT if outcome is None else outcome.verdict)
        return min(found)

    def _sister(self, other: str, half: Verdict) -> Verdict | None:
        mothers = self._mothers
        found = []
        if other in mothers.whole:
            found.append(mothers.whole[other])
        if other in mothers.half:
            found.append(max(mothers.half[other], half))
        return min(found, default=None)

    def _graded(self, source: str, target: str, grades: Grades) -> Verdict:
        """Return the best path, indirect joint control as the policy or an opinion has it."""
        direct = min((verdict for joint, verdict in grades.items() if joint < INDIRECT), default=Verdict.NOT_EXEMPT)
        if INDIRECT not in grades or direct is Verdict.EXEMPT:
            return direct
        indirect = indirect_outcome(self.day, source, target, self.policy).verdict
        return min(direct, max(grades[INDIRECT], indirect))

    def _r4(self, person: str) -> Verdict:
        return activity(self.day, person).verdict

    def _r5(self, person: str) -> Verdict:
        return private_capital(self.day, person).verdict

    def _authority(self, person: str) -> Verdict:
        found = status(self.day, person).verdict
        return Verdict.NOT_EXEMPT if found is Verdict.OUT_OF_SCOPE else found


@dataclass(frozen=True)
class _Channel:
    """One channel on one day. ``centres`` are shared by all channels."""

    day: Day
    channel: str
    anbieter: str
    policy: Policy
    centres: dict[str, Centre]

    def first(self, provider: str) -> Verdict | None:
        """Return the first leg: the Anbieter awards to the Bereitsteller."""
        if provider == self.anbieter:
            return None
        return self._leg(self.anbieter, provider, self._participant(provider, "BEREITSTELLER", direct=True), on_first_leg=True)

    def chain(self, customer: str, bundlers: Sequence[Bundler]) -> Verdict | None:
        """Return the worst leg from the Anbieter down to the customer, who pays."""
        names = [self.anbieter, *(bundler.org for bundler in bundlers), customer]
        if len(set(names)) < len(names) or len(bundlers) > self.day.rules.max_bundlers:
            return None
        owing = [(bundler.payment, bundler.return_duty) for bundler in bundlers]
        found = Verdict.EXEMPT
        for place, (payment, return_duty) in enumerate([*owing, (True, False)]):
            is_direct, is_customer = place == 0, place == len(owing)
            role = ("KUNDE" if is_direct else "KLIENT") if is_customer else "BUENDLER"
            participant = self._participant(names[place + 1], role, direct=is_direct)
            free = not (is_direct or payment or return_duty)
            found = max(found, self._leg(names[place + 1], names[place], participant, free=free))
        return found

    def _participant(self, organisation: str, role: str, *, direct: bool) -> Participant:
        return Participant(organisation, role, self.channel, direct, self.policy.accreditation == "REQUIRE")

    def _leg(
        self,
        awarder_named: str,
        contractor_named: str,
        participant: Participant,
        *,
        free: bool = False,
        on_first_leg: bool = False,
    ) -> Verdict:
        day = self.day
        if not (day.exists(awarder_named) and day.exists(contractor_named)):
            return Verdict.NOT_EXEMPT
        awarder, contractor = day.legal_person(awarder_named), day.legal_person(contractor_named)
        gate = takes_part(day, participant).verdict
        if gate is Verdict.NOT_EXEMPT or awarder == contractor or free:
            return gate
        authority = status(day, awarder).verdict
        if authority is Verdict.OUT_OF_SCOPE:
            return max(gate, authority)
        centre = self._centre(awarder if on_first_leg else contractor)
        award = centre.awards_to(contractor) if on_first_leg else centre.awarded_by(awarder)
        return max(gate, authority, award)

    def _centre(self, person: str) -> Centre:
        if person not in self.centres:
            self.centres[person] = Centre(self.day, person, self.policy)
        return self.centres[person]
