"""Completeness of section B5: all plans are written down, the best is picked."""

from typing import Any

from tests.support.chain_oracle.days import last_place, place, text
from tests.support.chain_oracle.rules import DATED, Facts, of_accession, violations
from tests.support.chain_oracle.store import LEGS, Entry, binding, cover_of, end, find, inside, live, term

STATUSES = ["OK", "NOT_YET", "UNSIGNED", "ACT_MISSING", "VIOLATED", "ENDED", "VOID", "NO_CONTRACT"]
Link = dict[str, Any]
Plan = list[Link]


def link(kind: str, id_: str | None, reason: str, actor: str | None, action: str | None, **more: Any) -> Link:
    """Return a link with all its members."""
    return {
        "link": kind,
        "id": id_,
        "reason": reason,
        "actor": actor,
        "action": action,
        "date": None,
        "violations": [],
        "grantee": None,
        **more,
    }


class Asked:
    """A question of completeness for one day."""

    def __init__(self, facts: Facts, question: Entry, day: str, codes: dict[str, list[str]]) -> None:
        """Remember what is asked."""
        self.facts, self.question, self.day = facts, question, day
        self.codes = codes
        self.org = facts.orgs[question["org"]]

    def parent(self, entry: Entry) -> Entry | None:
        """Return the parent on the day."""
        contracts = self.facts.contracts
        named = find(contracts, entry["contract"] if "org" in entry else entry["parent"])
        if named is None:
            return None
        above = cover_of(contracts, entry)
        if not above:
            return named
        holding = [item for item in above if term(item) >> place(self.day) & 1]
        if holding:
            return holding[0]
        begun = [item for item in above if item["valid_from"] <= self.day]
        return begun[-1] if begun else above[0]

    def path(self, contract: Entry) -> list[Entry] | None:
        """Return the path from the top."""
        path = [contract]
        while path[0]["leg"] != LEGS[0]:
            above = self.parent(path[0])
            if above is None or above["id"] in [item["id"] for item in path]:
                return None
            path.insert(0, above)
        return path

    def fits(self, contract: Entry, channel: str) -> bool:
        """Return whether a contract grants what is asked."""
        return (
            live(contract)
            and contract["channel"] == channel
            and self.question["service"] in contract["services"]
            and all(code in contract["parametrisation"] for code in self.question["parametrisation"])
            and inside(self.org["ars"], contract["territory"])
        )

    def existing(self, contract: Entry) -> Link:
        """Return the link of a contract."""
        day, begins = place(self.day), place(contract["valid_from"])
        top = contract["leg"] == LEGS[0]
        made: dict[str, Link] = {}

        def say(reason: str, actor: str | None, action: str | None, **more: Any) -> None:
            made[reason] = link(contract["leg"], contract["id"], reason, actor, action, grantee=contract["grantee"], **more)

        say("OK", None, None)
        if day < begins:
            say("NOT_YET", None, "WAIT", date=contract["valid_from"])
        if not binding(contract):
            still = contract["valid_from"] if begins > day else None
            if contract["state"] == "ENTWURF":
                say("UNSIGNED", contract["grantor"], "OFFER", date=still)
            else:
                signed = [signature["side"] for signature in contract["signatures"]]
                first = self.facts.channels[contract["channel"]]["first_signer"][contract["leg"]]
                side = {"grantor": "grantee", "grantee": "grantor"}[signed[0]] if signed else first
                say("UNSIGNED", contract[side], "SIGN", date=still)
        if self.codes.get(contract["id"]):
            say("VIOLATED", contract["grantor"], "REPAIR", violations=self.codes[contract["id"]])
        if term(contract) == 0 or day > end(contract):
            say("ENDED", contract["grantor" if top else "grantee"], "RENEW", date=text(end(contract)))
        if not live(contract):
            say("VOID", contract["grantor" if top else "grantee"], "RENEW")
        order = ["VOID", "ENDED", "VIOLATED", "UNSIGNED", "NOT_YET", "OK"]
        return next(made[reason] for reason in order if reason in made)

    def acceded(self, accession: Entry) -> Link:
        """Return the link of an accession."""
        id_, org, day = accession["id"], accession["org"], place(self.day)
        if day > last_place(accession["valid_to"]):
            return link("BEITRITT", id_, "ENDED", org, "ACCEDE", date=accession["valid_to"])
        if day < place(accession["valid_from"]):
            return link("BEITRITT", id_, "NOT_YET", None, "WAIT", date=accession["valid_from"])
        return link("BEITRITT", id_, "OK", None, None)

    def act(self, act: str, above: str) -> Link:
        """Return the act that is missing below a leg."""
        if act == "BEITRITT":
            return link("BEITRITT", None, "ACT_MISSING", self.org["id"], "ACCEDE")
        return link(LEGS[LEGS.index(above) + 1], None, "ACT_MISSING", self.org["id"], "ORDER_SUB")

    def order(self, channel: Entry) -> Plan:
        """Return what has to be ordered."""
        if self.org["type"] in channel["direct_types"]:
            return [link("NACHNUTZUNG", None, "NO_CONTRACT", self.org["id"], "ORDER")]
        others = [
            other
            for other in self.facts.orgs.values()
            if other["type"] in channel["order_for_others"] and other["ars"] and inside(self.org["ars"], [other["ars"]])
        ]
        longest = max((len(other["ars"]) for other in others), default=0)
        ids = sorted(other["id"] for other in others if len(other["ars"]) == longest)
        first = link("NACHNUTZUNG", None, "NO_CONTRACT", ids[0] if ids else None, "ORDER")
        return [first, self.act(channel["default_act"], "NACHNUTZUNG")]

    def plans(self, channel: Entry) -> list[Plan]:
        """Return all plans."""
        order = self.order(channel)
        provide = link("BEREITSTELLUNG", None, "NO_CONTRACT", self.facts.offering["bereitsteller"], "PROVIDE")
        found: list[Plan] = [[provide, *order]]
        fitting = [contract for contract in self.facts.contracts if self.fits(contract, channel["id"])]
        found += [[self.existing(contract), *order] for contract in fitting if contract["leg"] == LEGS[0]]
        found += [plan for contract in fitting if contract["leg"] != LEGS[0] for plan in self.through(contract)]
        for accession in self.facts.accessions:
            named = self.parent(accession)
            if (
                accession["org"] == self.org["id"]
                and not list(of_accession(self.facts, accession))
                and named in fitting
                and named["passing_on"] == {"allowed": True, "act": "BEITRITT"}
                and (path := self.path(named)) is not None
            ):
                found.append([*(self.existing(item) for item in path), self.acceded(accession)])
        return found

    def through(self, contract: Entry) -> list[Plan]:
        """Return the plans that end in or below a contract."""
        path = self.path(contract)
        if path is None:
            return []
        links = [self.existing(item) for item in path]
        if contract["grantee"] == self.org["id"]:
            return [links]
        if contract["leg"] != LEGS[3] and contract["passing_on"]["allowed"] and all(map(live, path)):
            return [[*links, self.act(contract["passing_on"]["act"], contract["leg"])]]
        return []


def key(plan: Plan) -> tuple[Any, ...]:
    """Return by what plans are compared."""
    ranks = [STATUSES.index(item["reason"]) for item in plan]
    worst = sorted((rank for rank in ranks if rank), reverse=True)
    return len(worst), worst, -ranks.count(0), [item["id"] for item in plan if item["id"] is not None]


def status(plan: Plan) -> tuple[str, str | None]:
    """Return status and who licenses."""
    open_ = [item for item in plan if item["reason"] != "OK"]
    if not open_:
        return "COMPLETE", None
    if [item["reason"] for item in open_] == ["ACT_MISSING"]:
        return "LICENSED_ACT_MISSING", plan[plan.index(open_[0]) - 1]["grantee"]
    return "INCOMPLETE", None


def codes_of(facts: Facts) -> dict[str, list[str]]:
    """Return the sorted codes without days of each contract."""
    found: dict[str, set[str]] = {}
    for item in violations(facts):
        if item["code"] not in DATED:
            found.setdefault(str(item["contract"]), set()).add(str(item["code"]))
    return {id_: sorted(codes) for id_, codes in found.items()}


def on_day(facts: Facts, question: Entry, day: str, codes: dict[str, list[str]]) -> dict[str, Any]:
    """Return the answer for a day."""
    asked = Asked(facts, question, day, codes)
    named = facts.offering["channels"] if question["channel"] is None else [question["channel"]]
    best = {channel: min(asked.plans(facts.channels[channel]), key=key) for channel in sorted(named)}
    channel = min(best, key=lambda id_: (key(best[id_]), id_))
    members = ("link", "id", "reason", "actor", "action", "date", "violations")
    return {
        "complete": status(best[channel])[0] == "COMPLETE",
        "best": channel,
        "channels": [
            {
                "channel": id_,
                "status": status(plan)[0],
                "licensed_by": status(plan)[1],
                "plan": [{"link": item["link"], "id": item["id"], "status": item["reason"]} for item in plan],
                "open": [{name: item[name] for name in members} for item in plan if item["reason"] != "OK"],
            }
            for id_, plan in best.items()
        ],
    }
