"""Faults of addresses that schemas let pass: networks, hosts, paths, ports, images."""

from __future__ import annotations

from tests.deploy.manifests.faults import container, in_, put, with_
from tests.deploy.manifests.faults.ingresses import OVERLAY as INGRESS
from tests.deploy.manifests.planting import Mutation

_BLOCK = ("spec", "egress", 0, "to", 0, "ipBlock")
_PORT = ("spec", "egress", 0, "ports", 0)
_RULE = ("spec", "rules", 0)


def _route(host: str) -> dict[str, object]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "catalog", "namespace": "marktplatz"},
        "spec": {"hostnames": [host], "rules": [{"backendRefs": [{"name": "catalog-api", "port": 8080}]}]},
    }


FAULTS = (
    Mutation(
        "network without its mask",
        in_("NetworkPolicy", "identity-provider", put(*_BLOCK, "cidr", value="198.51.100.7")),
        "value-address",
    ),
    Mutation(
        "bits behind the mask",
        in_("NetworkPolicy", "identity-provider", put(*_BLOCK, "cidr", value="198.51.100.7/24")),
        "value-address",
    ),
    Mutation(
        "network that is none",
        in_("NetworkPolicy", "identity-provider", put(*_BLOCK, "cidr", value="198.51.100.300/32")),
        "value-address",
    ),
    Mutation(
        "mask too long", in_("NetworkPolicy", "identity-provider", put(*_BLOCK, "cidr", value="198.51.100.0/33")), "value-address"
    ),
    Mutation(
        "exception outside",
        in_("NetworkPolicy", "identity-provider", put(*_BLOCK, "except", value=["192.0.2.0/28"])),
        "value-order",
    ),
    Mutation("port too high", in_("NetworkPolicy", "identity-provider", put(*_PORT, "port", value=70000)), "value-port"),
    Mutation(
        "range of ports upside down", in_("NetworkPolicy", "identity-provider", put(*_PORT, "endPort", value=80)), "value-order"
    ),
    Mutation(
        "peer of two kinds",
        in_("NetworkPolicy", "identity-provider", put("spec", "egress", 0, "to", 0, "podSelector", value={})),
        "value-choice",
    ),
    Mutation(
        "host with its scheme",
        in_("Ingress", "marktplatz", put(*_RULE, "host", value="https://marktplatz.example")),
        "value-host",
        INGRESS,
    ),
    Mutation(
        "host with an underscore",
        in_("Ingress", "marktplatz", put(*_RULE, "host", value="markt_platz.example")),
        "value-host",
        INGRESS,
    ),
    Mutation("address as a host", in_("Ingress", "marktplatz", put(*_RULE, "host", value="192.0.2.1")), "value-host", INGRESS),
    Mutation(
        "wildcard within a host",
        in_("Ingress", "marktplatz", put("spec", "tls", 0, "hosts", value=["a.*.example"])),
        "value-host",
        INGRESS,
    ),
    Mutation(
        "path without its slash",
        in_("Ingress", "marktplatz", put(*_RULE, "http", "paths", 0, "path", value="v1/offerings")),
        "value-path",
        INGRESS,
    ),
    Mutation(
        "backend by name and number",
        in_("Ingress", "marktplatz", put(*_RULE, "http", "paths", 0, "backend", "service", "port", "number", value=80)),
        "value-choice",
        INGRESS,
    ),
    Mutation("route of a host with capitals", with_(_route("Marktplatz.example")), "crd-schema"),
    Mutation("route of an address", with_(_route("192.0.2.1")), "value-host"),
    Mutation(
        "issuer without its scheme",
        in_("ConfigMap", "platform", put("data", "AUTH_ISSUER", value="idp.example/realms")),
        "env-form",
    ),
    Mutation(
        "keys at two slashes too few",
        in_("ConfigMap", "platform", put("data", "AUTH_JWKS_URL", value="https:idp.example/certs")),
        "env-form",
    ),
    Mutation(
        "mail server with a blank",
        in_("ConfigMap", "notify-worker", put("data", "NOTIFY_SMTP_HOST", value="smtp example")),
        "env-form",
    ),
    Mutation(
        "broker without its port",
        in_("ConfigMap", "platform", put("data", "KAFKA_BOOTSTRAP_SERVERS", value="kafka.example")),
        "env-form",
    ),
    Mutation(
        "zone of the log that is none",
        in_("ConfigMap", "platform", put("data", "MARKTPLATZ_LOG_TIME_ZONE", value="Europe/Berlim")),
        "env-form",
    ),
    Mutation(
        "image with its scheme",
        container("catalog-api", put("image", value="https://registry.example/efa-marktplatz:1")),
        "value-image",
    ),
    Mutation(
        "image in capitals", container("catalog-api", put("image", value="registry.example/EFA/efa-marktplatz:1")), "value-image"
    ),
    Mutation(
        "runbook without its scheme",
        in_(
            "PrometheusRule",
            "marktplatz-http",
            put("spec", "groups", 0, "rules", 0, "annotations", "runbook_url", value="betrieb.example/X"),
        ),
        "value-host",
    ),
)
