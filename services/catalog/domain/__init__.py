"""Pure rules of the catalog: the standard form, when it is complete, who may move an offer where, and the offer itself."""
