"""A slow second reading of the rules of the contract chain, written from the text alone.

It holds days as bits of whole numbers, looks day by day for the ends of periods, asks every day of a timeline and remembers
nothing; it shares no line with the service: what both agree on for thousands of random cases is hardly a common slip.
"""

from tests.support.chain_oracle.answers import answers_of

__all__ = ["answers_of"]
