"""The live catalog is to be had as DCAT-AP.de: valid by the specification, the same in both forms, page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from pyshacl import validate
from rdflib import DCTERMS, FOAF, RDF, Graph, Literal, URIRef
from rdflib.compare import isomorphic

from services.catalog.dcat.vocabulary import DCAT, DCATDE, HYDRA, THEME_OF, VCARD
from services.catalog.rows import OzgTopic
from shared.csv_rows import read_csv

SHAPES = Graph().parse(Path(__file__).parent / "dcat_ap_de.ttl", format="turtle")
DATA = Path(__file__).parents[3] / "data"
FORMS = {"application/ld+json": "json-ld", "application/rdf+xml": "xml"}
ADDRESS = "/v1/offerings/dcat"


async def fetched(world: Any, accept: str | None = None, path: str = ADDRESS, **headers: str) -> httpx.Response:
    answer: httpx.Response = await world.as_(None).get(path, headers=headers | ({"Accept": accept} if accept else {}))
    return answer


def graph_of(answer: httpx.Response) -> Graph:
    assert answer.status_code == 200, answer.text
    return Graph().parse(data=answer.content, format=FORMS[answer.headers["Content-Type"].partition(";")[0]])


def faults(graph: Graph) -> str:
    conforms, _, text = validate(graph, shacl_graph=SHAPES, advanced=False)
    return "" if conforms else str(text)


@pytest.mark.slow
async def test_every_page_has_what_the_specification_makes_mandatory(world: Any) -> None:
    await world.published(
        title="Wohngeld & <Miete> \ufffe",
        contact_mailbox='a"%b@example.org',
        support=[
            {"level": "FIRST_LEVEL", "telephone": "+49 431 1234-0"},
            {"level": "SECOND_LEVEL", "mailbox": "hilfe@example.org", "url": "https://a.example/<b>"},
        ],
        documents=[{"title": "Handbuch", "media_type": "application/pdf", "url": "https://example.org/a<b>|c.pdf"}],
    )
    await world.published(topic_id="bildung", ozg_ids=["10113"], leika_keys=[])
    for accept in FORMS:
        graph = graph_of(await fetched(world, accept))
        assert len(list(graph.subjects(RDF.type, DCAT.Dataset))) == 2
        assert faults(graph) == ""


@pytest.mark.slow
async def test_an_empty_catalog_is_valid_too(world: Any) -> None:
    graph = graph_of(await fetched(world))
    assert list(graph.subjects(RDF.type, DCAT.Dataset)) == []
    assert faults(graph) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "predicate"),
    [
        (DCAT.Catalog, DCTERMS.publisher),
        (DCAT.Dataset, DCTERMS.title),
        (DCAT.Dataset, DCTERMS.description),
        (DCAT.Dataset, DCTERMS.publisher),
        (DCAT.Dataset, DCATDE.contributorID),
        (DCAT.Dataset, DCAT.theme),
        (DCAT.Distribution, DCTERMS.license),
        (DCAT.Distribution, DCAT.accessURL),
        (DCAT.DataService, DCAT.endpointURL),
        (FOAF.Agent, FOAF.name),
    ],
)
async def test_the_shapes_miss_what_is_left_out(world: Any, kind: URIRef, predicate: URIRef) -> None:
    await world.published()
    graph = graph_of(await fetched(world))
    for subject in list(graph.subjects(RDF.type, kind)):
        graph.remove((subject, predicate, None))
    assert faults(graph) != ""


async def test_both_forms_state_the_same(world: Any) -> None:
    await world.published()
    assert isomorphic(
        graph_of(await fetched(world, "application/ld+json")), graph_of(await fetched(world, "application/rdf+xml"))
    )


async def test_an_offer_is_described_by_its_form(world: Any) -> None:
    offering = await world.published(
        title="Wohngeld & <Miete>",
        topic_id="bildung",
        leika_keys=["99050012104000"],
        contact_mailbox="efa@example.org",
        support=[{"level": "SECOND_LEVEL", "mailbox": "hilfe@example.org", "telephone": "+49 431 1234-0"}],
    )
    graph = graph_of(await fetched(world, "application/rdf+xml"))
    (dataset,) = graph.subjects(RDF.type, DCAT.Dataset)
    assert dataset == URIRef(f"http://marktplatz.test/v1/offerings/{offering}#dataset")
    assert list(graph.objects(dataset, DCTERMS.title)) == [Literal("Wohngeld & <Miete>", lang="de")]
    assert URIRef("urn:de:fim:leika:leistung:99050012104000") in graph.objects(dataset, DCTERMS.subject)
    assert {str(theme).rpartition("/")[2] for theme in graph.objects(dataset, DCAT.theme)} == {"GOVE", "EDUC"}
    (publisher,) = graph.objects(dataset, DCTERMS.publisher)
    assert list(graph.objects(publisher, FOAF.name)) == [Literal("komm_one", lang="de")]
    contact, support = sorted(graph.objects(dataset, DCAT.contactPoint), key=str)
    assert list(graph.objects(contact, VCARD.hasEmail)) == [URIRef("mailto:efa@example.org")]
    assert list(graph.objects(support, VCARD.hasEmail)) == [URIRef("mailto:hilfe@example.org")]
    assert list(graph.objects(support, VCARD.hasTelephone)) == [URIRef("tel:+49-431-1234-0")]
    (distribution,) = graph.objects(dataset, DCAT.distribution)
    (access,) = graph.objects(distribution, DCAT.accessURL)
    assert (await world.as_(None).get(str(access))).json()["id"] == offering


async def test_only_live_offers_are_exported(world: Any) -> None:
    draft, withdrawn, suspended = (await world.draft())["id"], await world.published(), await world.published()
    assert (await world.do("anna/komm_one/BEREITSTELLER", withdrawn, "withdraw", reason="Ende")).status_code == 200
    assert (await world.do("anna/komm_one/BEREITSTELLER", suspended, "suspend", reason="Umbau")).status_code == 200
    text = (await fetched(world)).text
    assert suspended in text
    assert draft not in text
    assert withdrawn not in text


async def test_the_pages_together_hold_every_offer_once(world: Any) -> None:
    offerings = [await world.published() for _ in range(5)]
    assert (await world.do("anna/komm_one/BEREITSTELLER", offerings[2], "withdraw", reason="Ende")).status_code == 200
    found: list[str] = []
    path: str | None = f"{ADDRESS}?limit=2"
    while path is not None:
        answer = await fetched(world, path=path)
        graph = graph_of(answer)
        found += [str(value) for value in graph.objects(None, DCTERMS.identifier)]
        following = next(graph.objects(None, HYDRA.next), None)
        assert answer.headers.get("Link") == (None if following is None else f'<{following}>; rel="next"')
        path = None if following is None else str(following)
    assert sorted(found) == sorted(set(offerings) - {offerings[2]})


async def test_what_the_client_holds_is_not_sent_again(world: Any) -> None:
    await world.published()
    first = await fetched(world)
    tag = first.headers["ETag"]
    assert "Accept" in first.headers["Vary"].split(", ")
    again = await fetched(world, **{"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert (await fetched(world, "application/rdf+xml", **{"If-None-Match": tag})).status_code == 200
    await world.published()
    assert (await fetched(world, **{"If-None-Match": tag})).status_code == 200


async def test_a_form_that_is_not_to_be_had_is_refused(world: Any) -> None:
    refused = await fetched(world, "text/html, application/ld+json;q=0")
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")
    assert refused.json()["offered"] == list(FORMS)
    either = await fetched(world, "text/html;q=0.9, */*;q=0.1")
    assert either.headers["Content-Type"].startswith("application/ld+json")


async def test_a_host_that_is_none_never_reaches_the_export(world: Any) -> None:
    refused = await fetched(world, Host='a"<b')
    assert (refused.status_code, refused.json()["code"]) == (400, "host_invalid")


def test_every_topic_of_the_ozg_has_a_theme() -> None:
    assert {row.topic_id for row in read_csv(DATA / "ozg_topics.csv", OzgTopic)} == set(THEME_OF)
