"""Random cases of the in-house pre-check: small worlds with every kind of fact, and inputs that must be refused."""

from tests.support.eligibility_cases.cases import random_case
from tests.support.eligibility_cases.faulty import REFUSALS, spoiled
from tests.support.eligibility_cases.world import Maker

__all__ = ["REFUSALS", "Maker", "random_case", "spoiled"]
