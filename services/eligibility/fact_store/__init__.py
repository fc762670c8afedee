"""All that is known of bodies, as dated facts and documents that are added to and never overwritten.

Two times count: the days for which a fact holds, and the instant at which it was recorded. A correction is a further revision of
the same id, a withdrawal likewise. Read in this order: ``entry``, ``state``, ``facts``, ``sources``.
"""
