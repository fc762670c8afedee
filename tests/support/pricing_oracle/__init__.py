"""A slow second reading of the rules of prices, written from the text alone.

It goes through every single day, adds ratios of integers of its own, hands out cents one by one, and shares no line with the
product: what both agree on for thousands of random cases is hardly a common slip.
"""

from tests.support.pricing_oracle.refusals import Refusal
from tests.support.pricing_oracle.statement import answer_of

__all__ = ["Refusal", "answer_of"]
