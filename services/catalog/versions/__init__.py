"""Every version of an offer that was ever public stays readable: contents, list, differences."""
