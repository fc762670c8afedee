"""Random cases of the contract chain, sound ones and broken ones, the same for the same seed."""

from tests.support.chain_cases.faulty import FAULTS, spoiled
from tests.support.chain_cases.questions import random_case, random_input

__all__ = ["FAULTS", "random_case", "random_input", "spoiled"]
