"""Who may act for which organisation, and in which roles: the topic of rights, folded in memory, and the decision by it."""
