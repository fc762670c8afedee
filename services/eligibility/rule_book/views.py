"""Answers of the routes for the public rules of the channels."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from services.eligibility.engine.rule_sets import RuleSet
from services.eligibility.records.judge import Policy
from services.eligibility.rule_book import LANGUAGES, Code, Rule, rules_under
from services.eligibility.sentences import words
from shared.channels import channel_file
from shared.messages.values import Channel, Verdict


class SentencesView(BaseModel):
    """A sentence in both languages; names and values stand in braces."""

    de: str
    en: str


class CodeView(BaseModel):
    """What a rule may find: the verdicts that it may have, its condition (German), its sentence, codes of what may help."""

    code: str
    outcomes: list[Verdict]
    condition: str
    sentence: SentencesView
    remedies: list[str]

    @classmethod
    def of(cls, code: Code) -> CodeView:
        """Return the view of a code."""
        return cls(
            code=code.name,
            outcomes=[Verdict(name) for name in code.outcomes],
            condition=code.condition,
            sentence=SentencesView(**{language: code.sentences[language] for language in LANGUAGES}),
            remedies=list(code.remedies),
        )


class LawView(BaseModel):
    """The law that a rule rests on; ``route`` is null for every route that is not named beside."""

    route: str | None
    law: str


class RuleView(BaseModel):
    """One rule. ``asked`` says where and how it is asked (German)."""

    rule: str
    title: str
    asked: list[str]
    laws: list[LawView]
    codes: list[CodeView]

    @classmethod
    def of(cls, rule: Rule) -> RuleView:
        """Return the view of a rule."""
        return cls(
            rule=rule.rule,
            title=rule.title,
            asked=list(rule.asked),
            laws=[LawView(route=route, law=law) for route, law in rule.laws],
            codes=[CodeView.of(code) for code in rule.codes],
        )


class RuleSetView(BaseModel):
    """A rule set. Shares are [numerator, denominator]; ``accounts_due`` is month and day; ``valid_to`` is the first day after.

    ``half_sister_first_leg``, ``half_sister_elsewhere``: the verdict on a half-sister. ``sha256`` is of its canonical JSON.
    """

    id: str
    status: str
    valid_from: str | None
    valid_to: str | None
    sha256: str
    activity_threshold: tuple[int, int]
    market_limit: tuple[int, int]
    max_depth: int
    max_bundlers: int
    accounts_due: str
    horizon_years: int
    half_sister_first_leg: Verdict
    half_sister_elsewhere: Verdict
    accepted_evidence: dict[str, list[str]]

    @classmethod
    def of(cls, rules: RuleSet) -> RuleSetView:
        """Return the view of a rule set."""
        same = ("id", "status", "valid_from", "valid_to", "sha256", "activity_threshold", "market_limit")
        more = ("max_depth", "max_bundlers", "accounts_due", "horizon_years")
        return cls(
            **{name: getattr(rules, name) for name in (*same, *more)},
            half_sister_first_leg=Verdict(rules.half_sister.on_first_leg),
            half_sister_elsewhere=Verdict(rules.half_sister.elsewhere),
            accepted_evidence={kind: sorted(types) for kind, types in sorted(rules.accepted_evidence.items())},
        )


class ChannelHead(BaseModel):
    """A channel: its Anbieter, and the types of bodies that neither order nor offer there directly."""

    channel: Channel
    short_name: str
    name: str
    labels: dict[str, str]
    excluded_types: list[str]
    rule_set: str


class ChannelRulesView(ChannelHead):
    """All that decides about an order through a channel: the rule set, the policy of this marketplace, every rule.

    ``indirect_joint``: whether indirect joint control counts without an opinion; ``accreditation``: whether one is asked for.
    """

    indirect_joint: str
    accreditation: str
    parameters: RuleSetView
    rules: list[RuleView]
    remedies: dict[str, SentencesView]


def channel_views(policy: Policy) -> Mapping[str, ChannelRulesView]:
    """Return the rules of every channel of the rule set in use, by the id of the channel."""
    rules = policy.rules
    shown = [RuleView.of(rule) for rule in rules_under(rules)]
    sentences = {language: words(language)["remedies"] for language in LANGUAGES}
    remedies = {step: SentencesView(**{it: sentences[it][step] for it in LANGUAGES}) for step in sorted(sentences["de"])}
    found: dict[str, ChannelRulesView] = {}
    for it in sorted(rules.channels.values(), key=lambda it: it.anbieter):
        file = channel_file(it.anbieter)
        found[it.anbieter] = ChannelRulesView(
            channel=Channel(it.anbieter),
            short_name=file.short_name,
            name=file.name,
            labels=dict(file.labels),
            excluded_types=sorted(it.excluded_types),
            rule_set=rules.id,
            indirect_joint=policy.indirect_joint,
            accreditation="REQUIRE" if policy.required else "IGNORE",
            parameters=RuleSetView.of(rules),
            rules=shown,
            remedies=remedies,
        )
    return found
