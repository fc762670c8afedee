"""One page of the export as an RDF graph: the catalog, a data set per offer, the API that serves them.

DCAT-AP.de 3.0 knows no class for a public service. What the marketplace publishes of an offer is its description, so each offer
is a ``dcat:Dataset`` whose distribution is the offer as JSON; the API as a whole is the ``dcat:DataService``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from rdflib import DCTERMS, FOAF, RDF, XSD, Graph, Literal, URIRef

from services.catalog.dcat.vocabulary import (
    AVAILABLE,
    DCAT,
    DCATAP,
    DCATDE,
    FEDERAL,
    GERMAN,
    GERMANY,
    GOVERNMENT,
    HYDRA,
    JSON_FILE,
    JSON_MEDIA,
    PREFIXES,
    PUBLIC,
    THEME_OF,
    THEMES,
    VCARD,
    leika,
    theme,
)
from services.catalog.domain.offering import Offering
from shared.messages.catalog_operation import Support
from shared.messages.values import Party
from shared.telephone import tel_uri

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IRI_CHARACTERS = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator states about the catalog. ``contributor`` and ``licence`` are IRIs of DCAT-AP.de's lists.

    Without a contributor the publisher's own IRI stands in its place, as DCAT-AP.de allows where its list has no entry.
    """

    title: str
    publisher: str
    licence: str
    contributor: str | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its offers, where the catalog's API is, the addresses of this page, of the first and of the next one."""

    offerings: Sequence[Offering]
    base: str
    here: str
    first: str
    next: str | None


def graph_of(leaf: Leaf, terms: Terms, topics: Mapping[str, str]) -> Graph:
    """Return the graph of a page; ``topics`` names the Themenfelder by id."""
    return _Writer(leaf, terms, topics).graph


class _Writer:
    def __init__(self, leaf: Leaf, terms: Terms, topics: Mapping[str, str]) -> None:
        self.graph = Graph(bind_namespaces="none")
        for prefix, namespace in PREFIXES.items():
            self.graph.bind(prefix, namespace)
        self._base = leaf.base
        self._terms = terms
        self._topics = topics
        self._catalog = URIRef(f"{leaf.base}/v1/offerings/dcat")
        self._publisher = URIRef(f"{self._catalog}#publisher")
        self._add(self._publisher, RDF.type, FOAF.Agent)
        self._add(self._publisher, FOAF.name, _text(terms.publisher))
        self._write_catalog(leaf)
        for offering in leaf.offerings:
            self._write_offering(offering)
        self._write_service(leaf.offerings)

    def _add(self, subject: URIRef, predicate: URIRef, value: URIRef | Literal) -> None:
        self.graph.add((subject, predicate, value))

    def _write_catalog(self, leaf: Leaf) -> None:
        view = URIRef(leaf.here)
        for predicate, value in (
            (RDF.type, DCAT.Catalog),
            (DCTERMS.title, _text(self._terms.title)),
            (DCTERMS.description, _text(_DESCRIPTION)),
            (DCTERMS.publisher, self._publisher),
            (DCTERMS.language, GERMAN),
            (DCTERMS.license, URIRef(self._terms.licence)),
            (DCTERMS.spatial, GERMANY),
            (DCAT.themeTaxonomy, THEMES),
            (DCAT.service, self._service),
            (HYDRA.view, view),
        ):
            self._add(self._catalog, predicate, value)
        if leaf.offerings:
            self._add(self._catalog, DCTERMS.modified, _moment(max(offering.changed_at for offering in leaf.offerings)))
        self._add(view, RDF.type, HYDRA.PartialCollectionView)
        self._add(view, HYDRA.first, URIRef(leaf.first))
        if leaf.next is not None:
            self._add(view, HYDRA.next, URIRef(leaf.next))

    @property
    def _service(self) -> URIRef:
        return URIRef(f"{self._catalog}#api")

    def _dataset(self, offering: Offering) -> URIRef:
        return URIRef(f"{self._base}/v1/offerings/{offering.id}#dataset")

    def _write_service(self, offerings: Sequence[Offering]) -> None:
        for predicate, value in (
            (RDF.type, DCAT.DataService),
            (DCTERMS.title, _text("Angebote des Marktplatzes als JSON")),
            (DCTERMS.publisher, self._publisher),
            (DCTERMS.license, URIRef(self._terms.licence)),
            (DCTERMS.accessRights, PUBLIC),
            (DCTERMS["format"], JSON_FILE),
            (DCAT.endpointURL, URIRef(f"{self._base}/v1/offerings")),
            (DCAT.endpointDescription, URIRef(f"{self._base}/openapi.json")),
        ):
            self._add(self._service, predicate, value)
        for offering in offerings:
            self._add(self._service, DCAT.servesDataset, self._dataset(offering))

    def _write_offering(self, offering: Offering) -> None:
        form, dataset = offering.form, self._dataset(offering)
        address = URIRef(f"{self._base}/v1/offerings/{offering.id}")
        contributor = self._publisher if self._terms.contributor is None else URIRef(self._terms.contributor)
        for predicate, value in (
            (RDF.type, DCAT.Dataset),
            (DCTERMS.identifier, _plain(offering.id)),
            (DCTERMS.title, _text(form.title)),
            (DCTERMS.description, _text(form.summary or form.title)),
            (DCTERMS.publisher, self._organisation(offering.provider)),
            (DCTERMS.issued, _moment(offering.published_at or offering.changed_at)),
            (DCTERMS.modified, _moment(offering.changed_at)),
            (DCTERMS.language, GERMAN),
            (DCTERMS.accessRights, PUBLIC),
            (DCTERMS.spatial, GERMANY),
            (DCATDE.politicalGeocodingLevelURI, FEDERAL),
            (DCATDE.contributorID, contributor),
            (DCATAP.availability, AVAILABLE),
            (DCAT.version, _plain(str(offering.version))),
            (DCAT.landingPage, address),
            (DCAT.distribution, self._distribution(offering, address)),
        ):
            self._add(dataset, predicate, value)
        self._add(self._catalog, DCAT.dataset, dataset)
        self._write_subjects(dataset, offering)
        if form.contact_mailbox is not None:
            self._add(dataset, DCAT.contactPoint, self._contact(dataset, offering.provider, form.contact_mailbox))
        for number, entry in enumerate(form.support, start=1):
            if entry.mailbox is not None:
                # DCAT-AP.de asks for a mail address of each contact point.
                self._add(dataset, DCAT.contactPoint, self._support(dataset, offering.provider, number, entry, entry.mailbox))
        for document in form.documents:
            self._add(dataset, FOAF.page, _iri(document.url))

    def _write_subjects(self, dataset: URIRef, offering: Offering) -> None:
        form = offering.form
        themes = {GOVERNMENT, THEME_OF.get(form.topic_id or "", GOVERNMENT)}
        for code in sorted(themes):
            self._add(dataset, DCAT.theme, theme(code))
        words = ["Einer für Alle", "EfA", *(f"OZG {key}" for key in form.ozg_ids)]
        if form.topic_id is not None and form.topic_id in self._topics:
            words.append(self._topics[form.topic_id])
        for word in words:
            self._add(dataset, DCAT.keyword, _text(word))
        for key in form.leika_keys:
            self._add(dataset, DCTERMS.subject, leika(key))

    def _distribution(self, offering: Offering, address: URIRef) -> URIRef:
        distribution = URIRef(f"{address}#json")
        for predicate, value in (
            (RDF.type, DCAT.Distribution),
            (DCTERMS.title, _text(f"{offering.form.title} (JSON)")),
            (DCTERMS.license, URIRef(self._terms.licence)),
            (DCTERMS["format"], JSON_FILE),
            (DCTERMS.modified, _moment(offering.changed_at)),
            (DCAT.mediaType, JSON_MEDIA),
            (DCAT.accessURL, address),
            (DCAT.downloadURL, address),
            (DCAT.accessService, self._service),
        ):
            self._add(distribution, predicate, value)
        return distribution

    def _organisation(self, party: Party) -> URIRef:
        organisation = URIRef(f"{self._catalog}#organisation-{party.id}")
        self._add(organisation, RDF.type, FOAF.Agent)
        self._add(organisation, FOAF.name, _text(party.name))
        return organisation

    def _contact(self, dataset: URIRef, party: Party, mailbox: str) -> URIRef:
        contact = URIRef(f"{dataset}-contact")
        self._add(contact, RDF.type, VCARD.Organization)
        self._add(contact, RDF.type, VCARD.Kind)
        self._add(contact, VCARD.fn, _text(party.name))
        self._add(contact, VCARD.hasEmail, _mail(mailbox))
        return contact

    def _support(self, dataset: URIRef, party: Party, number: int, entry: Support, mailbox: str) -> URIRef:
        contact = URIRef(f"{dataset}-support-{number}")
        self._add(contact, RDF.type, VCARD.Organization)
        self._add(contact, RDF.type, VCARD.Kind)
        self._add(contact, VCARD.fn, _text(f"{party.name}, Support"))
        self._add(contact, VCARD.hasEmail, _mail(mailbox))
        if entry.telephone is not None:
            self._add(contact, VCARD.hasTelephone, URIRef(tel_uri(entry.telephone)))
        if entry.url is not None:
            self._add(contact, VCARD.hasURL, _iri(entry.url))
        return contact


_DESCRIPTION = (
    "Onlinedienste der öffentlichen Verwaltung, die nach dem Prinzip „Einer für Alle“ (EfA) zur Nachnutzung angeboten werden."
)


def _text(words: str) -> Literal:
    return Literal(_in_xml(words), lang="de")


def _plain(words: str) -> Literal:
    return Literal(_in_xml(words))


def _in_xml(words: str) -> str:
    """Return a text with U+FFFD for what no XML document may hold."""
    return _NOT_IN_XML.sub("\ufffd", words)


def _mail(mailbox: str) -> URIRef:
    return URIRef("mailto:" + quote(mailbox, safe="@!$&'*+-/=._~"))


def _moment(time: datetime) -> Literal:
    return Literal(time, datatype=XSD.dateTime)


def _iri(address: str) -> URIRef:
    """Return an address as an IRI: what an IRI may not hold is escaped (RFC 3987)."""
    return URIRef(quote(address, safe=_IRI_CHARACTERS))
