"""Faults of settings, ConfigMaps, secrets and images."""

from __future__ import annotations

import json

from deploy.checks.generic.objects import Document
from marktplatz.assembly import BUILDERS
from tests.deploy.manifests.faults import container, drop, get, in_, pod, put, with_, without
from tests.deploy.manifests.planting import Documents, Mutation

_ZEROS = "sha256:" + "0" * 64


def _key_renamed(documents: Documents) -> None:
    data = get(documents, "ConfigMap", "platform")["data"]
    data["MARKTPLATZ_LOGLEVEL"] = data.pop("MARKTPLATZ_LOG_LEVEL")


def _forgotten_map(documents: Documents) -> None:
    documents.append(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old", "namespace": "marktplatz"}, "data": {}}
    )


def _unbounded(deployment: Document) -> None:
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    del next(volume["emptyDir"] for volume in volumes if "emptyDir" in volume)["sizeLimit"]


def _nowhere_to_write(process: Document) -> None:
    process["volumeMounts"] = [mount for mount in process["volumeMounts"] if mount["name"] != "tmp"]


def _url_forgotten(process: Document) -> None:
    urls = next(it for it in process["env"] if it["name"] == "MARKTPLATZ_STORE_URLS")
    urls["value"] = json.dumps({name: url for name, url in json.loads(urls["value"]).items() if name != "notify"})


def _urls_first(process: Document) -> None:
    process["env"].insert(0, process["env"].pop())


_PLAIN = json.dumps(dict.fromkeys((name.value for name in BUILDERS), "mongodb://a:b@c/d"))

FAULTS = (
    Mutation(
        "ConfigMap renamed on one side",
        container("catalog-api", put("envFrom", 0, "configMapRef", "name", value="platform")),
        "config-missing",
    ),
    Mutation("ConfigMap forgotten", without("ConfigMap", "catalog"), "config-missing"),
    Mutation("ConfigMap that nobody uses", _forgotten_map, "config-unused"),
    Mutation("misspelt setting", _key_renamed, "env-unknown"),
    Mutation(
        "setting of another service", in_("ConfigMap", "catalog", put("data", "ORDERING_IDLE_AFTER", value="P1D")), "env-foreign"
    ),
    Mutation(
        "duration that is none", in_("ConfigMap", "platform", put("data", "MARKTPLATZ_DRAIN", value="25 secs")), "env-refused"
    ),
    Mutation(
        "provider without TLS",
        in_("ConfigMap", "platform", put("data", "AUTH_JWKS_URL", value="http://idp.example/certs")),
        "env-refused",
    ),
    Mutation("provider forgotten", in_("ConfigMap", "platform", drop("data", "AUTH_ISSUER")), "env-refused"),
    Mutation("unknown level", in_("ConfigMap", "platform", put("data", "MARKTPLATZ_LOG_LEVEL", value="VERBOSE")), "env-refused"),
    Mutation(
        "certificate where nothing is mounted",
        in_("ConfigMap", "platform", put("data", "KAFKA_SSL_CERT_FILE", value="/etc/marktplatz/kafka/user.crt")),
        "env-path",
    ),
    Mutation(
        "file that the volume does not list",
        in_("ConfigMap", "platform", put("data", "KAFKA_SSL_KEY_FILE", value="/etc/marktplatz/kafka-user/user.pem")),
        "env-path",
    ),
    Mutation(
        "set twice",
        container("catalog-api", lambda it: it["env"].append({"name": "MARKTPLATZ_HOST", "value": "::"})),
        "env-twice",
    ),
    Mutation("store in the container", container("catalog-api", drop("env", 0)), "env-missing"),
    Mutation("migration of a store in the container", container("catalog-migrate", drop("env", 0), "Job"), "env-missing"),
    Mutation("backup without one of the stores", container("recovery-backup", _url_forgotten, "CronJob"), "env-missing"),
    Mutation("store quoted before it is set", container("recovery", _urls_first, "CronJob"), "env-quoted"),
    Mutation("quoted store that nobody sets", container("recovery", drop("env", 2), "CronJob"), "env-quoted"),
    Mutation(
        "stores' passwords in plain text",
        container("recovery", put("env", -1, "value", value=_PLAIN), "CronJob"),
        "secret-plain",
    ),
    Mutation(
        "command of a command that does not exist",
        container("operations", put("args", value=["topics", "chek"]), "CronJob"),
        "args-refused",
    ),
    Mutation(
        "store's password in plain text",
        container("catalog-api", put("env", 0, value={"name": "MARKTPLATZ_STORE_URL", "value": "mongodb://a:b@c/d"})),
        "secret-plain",
    ),
    Mutation(
        "Kafka password in plain text",
        in_("ConfigMap", "platform", put("data", "KAFKA_SASL_PASSWORD", value="geheim")),
        "secret-plain",
    ),
    Mutation(
        "secret that nobody makes",
        container("recovery", put("env", 2, "valueFrom", "secretKeyRef", "name", value="catalog-db"), "CronJob"),
        "secret-undeclared",
    ),
    Mutation(
        "key that the secret has not",
        container("recovery", put("env", 2, "valueFrom", "secretKeyRef", "key", value="uri"), "CronJob"),
        "secret-key",
    ),
    Mutation("secret forgotten in the vault", without("ExternalSecret", "mongodb-ca"), "secret-vault"),
    Mutation(
        "another pull secret",
        in_("ServiceAccount", "catalog-api", put("imagePullSecrets", 0, "name", value="pull")),
        "secret-undeclared",
    ),
    Mutation(
        "key that KEDA's secret has not",
        in_("TriggerAuthentication", "kafka-lag", put("spec", "secretTargetRef", 0, "key", value="tls.crt")),
        "secret-key",
    ),
    Mutation(
        "secret in Git",
        with_(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "marktplatz"}, "stringData": {"a": "b"}}
        ),
        "secret-data",
    ),
    Mutation(
        "command that does not exist",
        container("ordering-worker", put("args", value=["rnu", "ordering", "worker"])),
        "args-refused",
    ),
    Mutation(
        "role that does not exist", container("ordering-worker", put("args", value=["run", "ordering", "wroker"])), "args-refused"
    ),
    Mutation(
        "processor without its channel",
        container("contracts-fitko", put("args", value=["run", "contracts", "worker"])),
        "args-refused",
    ),
    Mutation("shell in a shell-less image", container("ordering-worker", put("command", value=["sh", "-c"])), "args-refused"),
    Mutation("mount without a volume", container("catalog-api", put("volumeMounts", 0, "name", value="temp")), "volume-missing"),
    Mutation("mount forgotten", container("catalog-api", drop("volumeMounts", 0)), "volume-unused"),
    Mutation(
        "unbounded emptyDir",
        in_("Deployment", "catalog-api", _unbounded),
        "volume-unbounded",
    ),
    Mutation(
        "no place for temporary files",
        container("catalog-api", _nowhere_to_write),
        "volume-tmp",
    ),
    Mutation(
        "image by tag only",
        container("catalog-api", put("image", value="registry.example/marktplatz/efa-marktplatz:0.1.0")),
        "image-digest",
    ),
    Mutation(
        "image by digest only",
        container("catalog-api", put("image", value=f"registry.example/marktplatz/efa-marktplatz@{_ZEROS}")),
        "image-digest",
    ),
    Mutation(
        "latest", container("catalog-api", put("image", value="registry.example/marktplatz/efa-marktplatz:latest")), "image-tag"
    ),
    Mutation(
        "image of a helper not rewritten",
        pod("catalog-api", lambda it: it["containers"].append({"name": "helper", "image": f"busybox:1@{_ZEROS}"})),
        "image-registry",
    ),
    Mutation("always pulled", container("catalog-api", put("imagePullPolicy", value="Always")), "image-pull"),
)
