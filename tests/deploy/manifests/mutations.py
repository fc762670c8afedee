"""The faults that the checks must catch, each planted into the rendered production overlay."""

from __future__ import annotations

from tests.deploy.manifests.faults import configuration, kafka, network, pods, routes, scalers, schemas, spread, waves, workloads
from tests.deploy.manifests.planting import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *schemas.FAULTS,
    *pods.FAULTS,
    *configuration.FAULTS,
    *kafka.FAULTS,
    *workloads.FAULTS,
    *scalers.FAULTS,
    *spread.FAULTS,
    *routes.FAULTS,
    *network.FAULTS,
    *waves.FAULTS,
)
