"""Random inputs of cost statements, the same for the same seed, and faults to spoil them with."""

from tests.support.pricing_cases.faulty import FAULTS, spoiled
from tests.support.pricing_cases.world import random_input

__all__ = ["FAULTS", "random_input", "spoiled"]
