"""Faults of rights: what somebody with rights in one namespace could not apply."""

from __future__ import annotations

from tests.deploy.manifests.faults import with_, without
from tests.deploy.manifests.planting import Mutation

FAULTS = (
    Mutation("a given namespace, and its quota brought", without("Namespace", "marktplatz"), "rights-owner"),
    Mutation(
        "a kind that nobody may apply",
        with_(
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": "leader", "namespace": "marktplatz"},
                "spec": {"holderIdentity": "nobody"},
            }
        ),
        "rights-missing",
    ),
)
