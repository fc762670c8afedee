"""A partner system: whom it may act for, by which keys its events are known, and what may be done with it. Pure."""
