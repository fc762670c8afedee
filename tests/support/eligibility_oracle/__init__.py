"""A slow second reading of the rules of the in-house pre-check, written from the text alone.

It enumerates every simple path and evaluates every candidate day, remembers no outcome and shares no line
with the engine: what both agree on for thousands of random cases is hardly a common slip.
"""

from tests.support.eligibility_oracle.answer import answer_of, core_of, hash_of
from tests.support.eligibility_oracle.refusals import Refusal

__all__ = ["Refusal", "answer_of", "core_of", "hash_of"]
