"""Hand-written stand-ins and builders that the tests share."""
