"""Names of the vocabularies that the export uses, and which theme of the EU's list each Themenfeld is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rdflib import DCTERMS, FOAF, RDF, XSD, Namespace, URIRef

DCAT = Namespace("http://www.w3.org/ns/dcat#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
DCATDE = Namespace("http://dcat-ap.de/def/dcatde/")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "dcat": str(DCAT),
        "dcatap": str(DCATAP),
        "dcatde": str(DCATDE),
        "dcterms": str(DCTERMS),
        "foaf": str(FOAF),
        "hydra": str(HYDRA),
        "rdf": str(RDF),
        "vcard": str(VCARD),
        "xsd": str(XSD),
    }
)

_AUTHORITY = "http://publications.europa.eu/resource/authority/"
AVAILABLE = URIRef(_AUTHORITY + "planned-availability/AVAILABLE")
FEDERAL = URIRef("http://dcat-ap.de/def/politicalGeocoding/Level/federal")
GERMAN = URIRef(_AUTHORITY + "language/DEU")
GERMANY = URIRef(_AUTHORITY + "country/DEU")
JSON_FILE = URIRef(_AUTHORITY + "file-type/JSON")
JSON_MEDIA = URIRef("http://www.iana.org/assignments/media-types/application/json")
PUBLIC = URIRef(_AUTHORITY + "access-right/PUBLIC")
THEMES = URIRef(_AUTHORITY + "data-theme")

GOVERNMENT = "GOVE"
"""Theme of every offer: government and public sector."""

THEME_OF: Mapping[str, str] = MappingProxyType(
    {
        "arbeit_ruhestand": "SOCI",
        "bauen_wohnen": "REGI",
        "bildung": "EDUC",
        "ein_auswanderung": "SOCI",
        "engagement_hobby": "EDUC",
        "familie_kind": "SOCI",
        "forschung_foerderung": "TECH",
        "gesundheit": "HEAL",
        "mobilitaet_reisen": "TRAN",
        "querschnittsleistungen": "GOVE",
        "recht_ordnung": "JUST",
        "steuern_zoll": "ECON",
        "umwelt": "ENVI",
        "unternehmensfuehrung_entwicklung": "ECON",
    }
)
"""Themenfeld of the OZG -> code in the EU's list of data themes (EDUC holds culture and sport, SOCI population and society)."""


def theme(code: str) -> URIRef:
    """Return the IRI of a data theme."""
    return URIRef(f"{THEMES}/{code}")


def leika(key: str) -> URIRef:
    """Return the URN of a Leistungsschlüssel, as FIM writes it."""
    return URIRef(f"urn:de:fim:leika:leistung:{key}")
