"""The catalog as DCAT-AP.de 3.0: an export for data portals, in JSON-LD and RDF/XML."""
