"""The archive of contracts of the EfA-Marktplatz, verified off line: a bundle and the log's key in, findings out.

Read in this order: ``forms``, ``tree``, ``keys``, ``checkpoint``, ``entry``, ``bundle``, ``verifier``; ``cli`` is the command.
"""

from marktplatz_verify.forms import UnreadableError
from marktplatz_verify.keys import LOG, WITNESS, VerifierKey
from marktplatz_verify.report import Finding, Missing, Report, Verdict
from marktplatz_verify.verifier import verify

__all__ = ["LOG", "WITNESS", "Finding", "Missing", "Report", "UnreadableError", "Verdict", "VerifierKey", "verify"]
