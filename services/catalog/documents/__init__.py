"""Documents that a Bereitsteller brings for an offer: contents by their SHA-256, readable with the offer that names them."""
