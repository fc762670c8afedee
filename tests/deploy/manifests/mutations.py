"""The faults that the checks must catch, each planted into a rendered overlay, most of them into production."""

from __future__ import annotations

from tests.deploy.manifests.faults import (
    addresses,
    backups,
    configuration,
    ingresses,
    kafka,
    kafka_users,
    network,
    outside,
    people,
    pods,
    priorities,
    rights,
    routes,
    scalers,
    schemas,
    spread,
    values,
    versions,
    waves,
    workloads,
)
from tests.deploy.manifests.planting import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *schemas.FAULTS,
    *pods.FAULTS,
    *configuration.FAULTS,
    *backups.FAULTS,
    *kafka.FAULTS,
    *kafka_users.FAULTS,
    *outside.FAULTS,
    *workloads.FAULTS,
    *scalers.FAULTS,
    *spread.FAULTS,
    *rights.FAULTS,
    *routes.FAULTS,
    *ingresses.FAULTS,
    *people.FAULTS,
    *priorities.FAULTS,
    *network.FAULTS,
    *waves.FAULTS,
    *versions.FAULTS,
    *values.FAULTS,
    *addresses.FAULTS,
)
