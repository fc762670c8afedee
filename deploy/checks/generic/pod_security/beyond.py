"""What is asked of pods beyond *restricted*.

Source: BSI APP.4.4 and the security table of openDesk (read-only root file system, high user ids, no token of the API server).
"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.generic.objects import Document, Objects, mapping, text
from deploy.checks.generic.pod_security.pod import Pod, named
from deploy.checks.generic.pod_security.standard import Fault
from deploy.checks.generic.pods import Workload

LOWEST_USER_ID = 10000
"""User ids below may belong to somebody on the node."""


def beyond(pod: Pod) -> Iterator[Fault]:
    """Return what a pod lacks: ``low-user-id``, ``read-only-root``, ``service-links``."""
    for container in pod.containers:
        own = mapping(container, "securityContext")
        for field in ("runAsUser", "runAsGroup"):
            if not _is_high(own.get(field, pod.context.get(field)), field):
                yield "low-user-id", f"{field} must be set to {LOWEST_USER_ID} or above"
        if own.get("readOnlyRootFilesystem") is not True:
            yield "read-only-root", f"{named(container)}: readOnlyRootFilesystem must be true"
    if pod.spec.get("enableServiceLinks") is not False:  # they put NAME_PORT and the like among the settings
        yield "service-links", "enableServiceLinks must be false"


def _is_high(given: object, field: str) -> bool:
    """Return whether an id is nobody's on the node; ``runAsUser`` 0 is the standard's to refuse."""
    return isinstance(given, int) and (given >= LOWEST_USER_ID or (given == 0 and field == "runAsUser"))


def token_mounts(objects: Objects, workload: Workload) -> Iterator[Fault]:
    """Return where a pod or its ServiceAccount gives a token of the API server: ``token-mount``."""
    account: Document | None = objects.find("ServiceAccount", workload.namespace, text(workload.spec, "serviceAccountName"))
    if workload.spec.get("automountServiceAccountToken") is not False:
        yield "token-mount", "automountServiceAccountToken must be false in the pod"
    if account is not None and account.get("automountServiceAccountToken") is not False:
        name = text(account, "metadata", "name")
        yield "token-mount", f"automountServiceAccountToken must be false in ServiceAccount {name}"
