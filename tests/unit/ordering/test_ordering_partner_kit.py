"""The partner kit and the marketplace agree: the same commands with the same fields and bounds, the same vectors."""

from __future__ import annotations

import pytest

from efa_partner import keys
from efa_partner.commands import COMMANDS
from efa_partner.keys import Algorithm
from efa_partner.registration import registration
from services.ordering.domain.partner.keys import algorithms, public_jwk, thumbprint
from shared.messages.partner import PARTNER_EVENTS
from tests.support.documents import ROOT

PUBLISHED = ROOT / "docs/anbinden/vectors/partner-events.json"
TYPES = {command.TYPE: command for command in COMMANDS.values()}


def test_the_kit_has_every_command_and_no_other() -> None:
    assert TYPES.keys() == PARTNER_EVENTS.keys()


@pytest.mark.parametrize("name", sorted(PARTNER_EVENTS))
def test_a_command_of_the_kit_has_the_fields_of_the_marketplace(name: str) -> None:
    ours, theirs = PARTNER_EVENTS[name].model_fields, TYPES[name].model_fields
    assert theirs.keys() == ours.keys()
    assert {it for it, field in theirs.items() if field.is_required()} == {
        it for it, field in ours.items() if field.is_required()
    }


@pytest.mark.parametrize("name", sorted(PARTNER_EVENTS))
def test_what_the_marketplace_shows_as_an_example_the_kit_can_send(name: str) -> None:
    fields = PARTNER_EVENTS[name].model_fields
    example = {it: field.examples[0] for it, field in fields.items() if field.examples}
    command = TYPES[name].model_validate(example)
    assert PARTNER_EVENTS[name].model_validate(command.data()) == PARTNER_EVENTS[name].model_validate(example)


def test_the_kit_tests_with_the_published_vectors() -> None:
    copy = ROOT / "kits/partner/tests/vectors/partner-events.json"
    assert copy.read_bytes() == PUBLISHED.read_bytes(), "copy the published vectors into the kit's tests"


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_the_registry_takes_every_key_that_the_kit_makes_under_the_same_id(algorithm: Algorithm) -> None:
    key = keys.generate(algorithm)
    public = public_jwk(registration(key))
    assert thumbprint(public) == key.kid
    assert algorithm.value in algorithms(public)
