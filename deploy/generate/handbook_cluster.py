"""The handbook's tables of what a cluster gets: workloads, secrets, security contexts, network, images, topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from deploy.checks.generic.objects import Document, Objects, items, kind_of, mapping, name_of, number, text, texts
from deploy.generate.handbook_settings import NOTHING, pod_of, table
from deploy.generate.handbook_settings import texts as german
from shared.topics import DEAD_LETTERS, REPLAYS, TOPICS, CleanupPolicy

WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
ANYWHERE = "jede Adresse"


def workload_table(objects: Objects) -> str:
    """Return what runs, how often, with what resources, and what in sum is asked for at least."""
    scaled = {}
    for document in objects.of("HorizontalPodAutoscaler", "ScaledObject"):
        spec = mapping(document, "spec")
        least = number(spec, "minReplicas") or number(spec, "minReplicaCount") or 1
        most = number(spec, "maxReplicas") or number(spec, "maxReplicaCount") or least
        by = "CPU" if kind_of(document) == "HorizontalPodAutoscaler" else "Rückstand"
        scaled[text(spec, "scaleTargetRef", "name")] = (least, most, by)
    rows = []
    for document in _workloads(objects):
        name, kind = name_of(document), kind_of(document)
        least, most, by = scaled.get(name, (number(document, "spec", "replicas") or 1, 0, ""))
        replicas = f"{least} bis {most} nach {by}" if most else str(least)
        for container in items(pod_of(document), "containers"):
            resources = mapping(container, "resources")
            rows.append(
                (
                    f"`{name}`",
                    kind,
                    f"`{' '.join(texts(container, 'args') or texts(container, 'command')[:1])}`",
                    replicas if kind in ("Deployment", "StatefulSet") else _schedule(document),
                    text(resources, "requests", "cpu") or NOTHING,
                    text(resources, "requests", "memory") or NOTHING,
                    text(resources, "limits", "cpu") or "keine",
                    text(resources, "limits", "memory") or "keine",
                )
            )
    head = ("Name", "Art", "Aufruf", "Replikate", "CPU angefordert", "Speicher angefordert", "CPU-Grenze", "Speicher-Grenze")
    return table(head, rows)


def secret_table(objects: Objects) -> str:
    """Return every secret that something reads, with keys, readers, origin and purpose. KeyError: it has no text."""
    keys: dict[str, set[str]] = defaultdict(set)
    readers: dict[str, set[str]] = defaultdict(set)
    for reader, secret, key in _read_secrets(objects):
        keys[secret].add(key)
        readers[secret].add(reader)
    users = {name_of(user) for user in objects.of("KafkaUser")}
    vault = {text(it, "spec", "target", "name") or name_of(it) for it in objects.of("ExternalSecret")}
    purposes = german()["secrets"]
    rows = []
    for secret in sorted(readers):
        origin = "Betreiber"
        if secret in users or secret.endswith("-cluster-ca-cert"):
            origin = "Strimzi"
        elif secret in vault:
            origin = "External Secrets aus dem Tresor"
        purpose = purposes["<kafka-user>"] if secret in users and secret not in purposes else purposes[secret]
        rows.append((f"`{secret}`", _codes(keys[secret]), _codes(readers[secret]), origin, purpose))
    return table(("Secret", "Schlüssel", "gelesen von", "erzeugt durch", "Zweck"), rows)


def _read_secrets(objects: Objects) -> Iterator[tuple[str, str, str]]:
    """Yield who reads which key of which secret."""
    for document in _workloads(objects):
        yield from ((name_of(document), secret, key) for secret, key in _read_by(pod_of(document)))
    for account in objects.of("ServiceAccount"):
        yield from (("alle Pods", text(secret, "name"), ".dockerconfigjson") for secret in items(account, "imagePullSecrets"))
    for document in objects.of("Ingress"):
        for part in items(document, "spec", "tls"):
            yield from (("Ingress", text(part, "secretName"), key) for key in ("tls.crt", "tls.key"))
    for document in objects.of("TriggerAuthentication"):
        for reference in items(document, "spec", "secretTargetRef"):
            yield "KEDA", text(reference, "name"), text(reference, "key")


def _read_by(pod: Document) -> Iterator[tuple[str, str]]:
    for volume in items(pod, "volumes"):
        yield from ((text(volume, "secret", "secretName"), text(key, "key")) for key in items(volume, "secret", "items"))
    for container in items(pod, "containers"):
        for variable in items(container, "env"):
            if secret := mapping(variable, "valueFrom", "secretKeyRef"):
                yield text(secret, "name"), text(secret, "key")


def security_table(objects: Objects) -> str:
    """Return the security context of every container."""
    rows = []
    for document in _workloads(objects):
        pod = pod_of(document)
        for container in (*items(pod, "initContainers"), *items(pod, "containers")):
            whole, own = mapping(pod, "securityContext"), mapping(container, "securityContext")
            context = {**whole, **own}
            rows.append(
                (
                    f"`{name_of(document)}`",
                    f"`{text(container, 'name')}`",
                    f"{text(context, 'runAsUser')}:{text(context, 'runAsGroup')}",
                    _yes(context.get("runAsNonRoot")),
                    _yes(context.get("readOnlyRootFilesystem")),
                    _yes(context.get("allowPrivilegeEscalation")),
                    ", ".join(texts(context, "capabilities", "drop")) or NOTHING,
                    text(context, "seccompProfile", "type") or NOTHING,
                    _yes(pod.get("automountServiceAccountToken", True)),
                    ", ".join(f"`{path}`" for path in _writable(pod, container)) or "keine",
                )
            )
    head = (
        "Workload", "Container", "UID:GID", "nicht root", "Wurzel nur lesbar", "Rechteausweitung", "Capabilities entzogen",
        "seccomp", "Token im Pod", "beschreibbar",
    )  # fmt: skip
    return table(head, rows)


def _writable(pod: Document, container: Document) -> Iterator[str]:
    kinds = {text(volume, "name"): volume for volume in items(pod, "volumes")}
    for mount in items(container, "volumeMounts"):
        volume = kinds.get(text(mount, "name"), {})
        if not mount.get("readOnly") and ("emptyDir" in volume or "persistentVolumeClaim" in volume):
            limit = text(volume, "emptyDir", "sizeLimit")
            yield text(mount, "mountPath") + (f" ({limit})" if limit else "")


def network_table(objects: Objects) -> str:
    """Return every flow that a NetworkPolicy opens. What is not in it is closed by ``default-deny``."""
    rows = []
    for policy in objects.of("NetworkPolicy"):
        spec = mapping(policy, "spec")
        whom = _selector(mapping(spec, "podSelector")) or "alle Pods"
        for way, side, german_way in (("ingress", "from", "eingehend von"), ("egress", "to", "ausgehend zu")):
            rows += [
                (f"`{name_of(policy)}`", whom, german_way, ", ".join(map(_peer, items(rule, side))) or ANYWHERE, _ports(rule))
                for rule in items(spec, way)
            ]
        if not items(spec, "ingress") and not items(spec, "egress"):
            rows.append((f"`{name_of(policy)}`", whom, " und ".join(texts(spec, "policyTypes")), "niemand", "alles gesperrt"))
    return table(("Richtlinie", "Pods", "Richtung", "Gegenstelle", "Ports"), rows)


def _peer(peer: Document) -> str:
    if block := mapping(peer, "ipBlock"):
        excepted = texts(block, "except")
        return f"`{text(block, 'cidr')}`" + (f" ohne {_codes(excepted)}" if excepted else "")
    pods = _selector(mapping(peer, "podSelector"))
    namespace = mapping(peer, "namespaceSelector")
    if not namespace:
        return pods or "alle Pods des Namensraums"
    where = text(namespace, "matchLabels", "kubernetes.io/metadata.name")
    space = f"Namensraum `{where}`" if where else f"Namensräume mit {_selector(namespace)}"
    return f"{pods} in {space}" if pods else space


def _selector(selector: Document) -> str:
    parts = [f"`{key.rpartition('/')[2]}={value}`" for key, value in mapping(selector, "matchLabels").items()]
    for expression in items(selector, "matchExpressions"):
        key, values = text(expression, "key").rpartition("/")[2], "|".join(texts(expression, "values"))
        parts.append(f"`{key} {text(expression, 'operator')} {values}`".replace("|", "\\|"))
    return " ".join(parts)


def _ports(rule: Document) -> str:
    return ", ".join(f"{text(port, 'port')}/{text(port, 'protocol') or 'TCP'}" for port in items(rule, "ports")) or "alle"


def image_table(objects: Objects) -> str:
    """Return the images of an overlay with tag and digest, and who uses them."""
    users: dict[str, set[str]] = defaultdict(set)
    for document in _workloads(objects):
        pod = pod_of(document)
        for container in (*items(pod, "initContainers"), *items(pod, "containers")):
            users[text(container, "image")].add(name_of(document))
    rows = []
    for image, names in sorted(users.items()):
        tagged, _, digest = image.partition("@")
        repository, _, tag = tagged.rpartition(":")
        shown = digest or NOTHING
        if digest and not digest.removeprefix("sha256:").strip("0"):
            shown = "wird beim Release eingetragen"
        rows.append((f"`{repository}`", tag, shown, f"{len(names)} Workloads" if len(names) > 3 else _codes(names)))  # noqa: PLR2004 - what is readable
    return table(("Abbild", "Tag", "Digest", "verwendet von"), rows)


def topic_table() -> str:
    """Return all topics of the registry."""
    rows = [
        (
            f"`{topic.name}`",
            topic.key,
            str(topic.partitions),
            "für immer (verdichtet)" if topic.keep is CleanupPolicy.COMPACT else f"{topic.retention.days} Tage",
            f"`{topic.producer}`",
            _codes(topic.consumers) or NOTHING,
        )
        for topic in TOPICS
    ]
    rows += [
        (
            f"`{letters.name}`",
            "wie das Original",
            str(letters.partitions),
            f"{letters.retention.days} Tage",
            f"`{letters.group}`",
            NOTHING,
        )
        for letters in DEAD_LETTERS.values()
    ]
    rows += [
        (
            f"`{replay.name}`",
            "wie das Original",
            str(replay.partitions),
            f"{replay.retention.days} Tage",
            "`dlq replay`",
            f"`{replay.group}`",
        )
        for replay in REPLAYS.values()
    ]
    return table(("Topic", "Schlüssel", "Partitionen", "Aufbewahrung", "schreibt", "liest (Gruppe)"), rows)


def _workloads(objects: Objects) -> list[Document]:
    return objects.of(*WORKLOADS)


def _schedule(document: Document) -> str:
    if kind_of(document) == "Job":
        return "einmal je Version"
    return "nur auf Anforderung" if mapping(document, "spec").get("suspend") else f"`{text(document, 'spec', 'schedule')}`"


def _codes(names: Any) -> str:  # noqa: ANN401 - any iterable of text
    return ", ".join(f"`{name}`" if not name.startswith("alle") else name for name in sorted(names))


def _yes(value: object) -> str:
    return {True: "ja", False: "nein"}.get(value, NOTHING) if isinstance(value, bool) else NOTHING
