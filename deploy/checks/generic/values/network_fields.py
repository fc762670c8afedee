"""Fields of what leads to pods or keeps others from them."""

from __future__ import annotations

from deploy.checks.generic.values.addresses import BLOCK, CLUSTER_IP, HOST_OR_WILDCARD, IP
from deploy.checks.generic.values.formats import (
    LABEL,
    NAME,
    PORT,
    PORT_NAME,
    PORT_OR_NAME,
    PROTOCOL,
    ROUTE_PATH,
    SERVICE_NAME,
    Table,
    number,
    word,
)

NETWORK: Table = {
    "core.v1.ServiceSpec": {
        "clusterIP": CLUSTER_IP,
        "externalIPs": IP,
        "externalTrafficPolicy": word("", "Cluster", "Local"),
        "healthCheckNodePort": number(0, 65535),
        "internalTrafficPolicy": word("Cluster", "Local"),
        "ipFamilies": word("IPv4", "IPv6"),
        "ipFamilyPolicy": word("SingleStack", "PreferDualStack", "RequireDualStack"),
        "loadBalancerSourceRanges": BLOCK,
        "sessionAffinity": word("", "ClientIP", "None"),
        "type": word("", "ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    },
    "core.v1.ServicePort": {
        "name": LABEL.or_empty(),
        "nodePort": number(0, 65535),
        "port": PORT,
        "protocol": PROTOCOL,
        "targetPort": PORT_OR_NAME,
    },
    "networking.v1.NetworkPolicySpec": {"policyTypes": word("Ingress", "Egress")},
    "networking.v1.NetworkPolicyPort": {"endPort": PORT, "port": PORT_OR_NAME, "protocol": PROTOCOL},
    "networking.v1.IPBlock": {"cidr": BLOCK, "except": BLOCK},
    "networking.v1.IngressSpec": {"ingressClassName": NAME},
    "networking.v1.IngressRule": {"host": HOST_OR_WILDCARD.or_empty()},
    "networking.v1.IngressTLS": {"hosts": HOST_OR_WILDCARD, "secretName": NAME.or_empty()},
    "networking.v1.HTTPIngressPath": {"path": ROUTE_PATH, "pathType": word("Exact", "Prefix", "ImplementationSpecific")},
    "networking.v1.IngressServiceBackend": {"name": SERVICE_NAME},
    "networking.v1.ServiceBackendPort": {"name": PORT_NAME.or_empty(), "number": PORT},
}
