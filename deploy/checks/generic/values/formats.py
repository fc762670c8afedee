"""Forms of names, labels, keys, ports and numbers, as the API server has them.

Source: k8s.io/apimachinery/pkg/util/validation and k8s.io/kubernetes/pkg/apis/core/validation, version 1.34.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from deploy.checks.generic.quantities import quantity

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_RFC_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PERCENT = re.compile(r"[0-9]+%")
_FIELD_PATH = re.compile(
    r"metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(host|pod)IPs?"
)
LONGEST_LABEL, LONGEST_NAME = 63, 253
HIGHEST_PORT = 65535
HIGHEST_ID = 2**31 - 1
HIGHEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Format:
    """The form of a value: the code of the finding where it does not hold, what is expected, and the test."""

    code: str
    expected: str
    holds: Callable[[object], bool]

    def or_empty(self) -> Format:
        """Return the form of a field whose empty text means the same as no field."""
        return Format(self.code, self.expected, lambda value: value == "" or self.holds(value))


def is_label(value: object) -> bool:
    """Return whether a value is a label of RFC 1123."""
    return isinstance(value, str) and len(value) <= LONGEST_LABEL and re.fullmatch(_LABEL, value) is not None


def is_subdomain(value: object) -> bool:
    """Return whether a value is a subdomain of RFC 1123."""
    return isinstance(value, str) and len(value) <= LONGEST_NAME and _SUBDOMAIN.fullmatch(value) is not None


def is_rfc_1035(value: object) -> bool:
    """Return whether a value is a label of RFC 1035: as in RFC 1123, with a letter first."""
    return isinstance(value, str) and len(value) <= LONGEST_LABEL and _RFC_1035.fullmatch(value) is not None


def is_label_key(value: object) -> bool:
    """Return whether a value may be the key of a label or annotation, ``prefix/name`` or ``name``."""
    if not isinstance(value, str):
        return False
    prefix, slash, name = value.rpartition("/")
    return len(name) <= LONGEST_LABEL and _QUALIFIED.fullmatch(name) is not None and (not slash or is_subdomain(prefix))


def is_annotation_key(value: object) -> bool:
    """Return whether a value may be the key of an annotation: the server does not mind its case."""
    return isinstance(value, str) and is_label_key(value.lower())


def is_label_value(value: object) -> bool:
    """Return whether a value may be that of a label."""
    return value == "" or (isinstance(value, str) and len(value) <= LONGEST_LABEL and _QUALIFIED.fullmatch(value) is not None)


def is_port_number(value: object) -> bool:
    """Return whether a value is the number of a port."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST_PORT


def is_port_name(value: object) -> bool:
    """Return whether a value is the name of a port: IANA_SVC_NAME of RFC 6335."""
    if not isinstance(value, str) or re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?", value) is None:
        return False
    return "--" not in value and any(letter.isalpha() for letter in value)


def is_env_name(value: object) -> bool:
    """Return whether a value may name a variable: printable ASCII without ``=``."""
    return isinstance(value, str) and re.fullmatch(r"[ -<>-~]+", value) is not None


def is_map_key(value: object) -> bool:
    """Return whether a value may be a key of a ConfigMap or Secret, and so the name of a file."""
    return (
        isinstance(value, str)
        and len(value) <= LONGEST_NAME
        and _KEY.fullmatch(value) is not None
        and value[:2] not in (".", "..")
    )


def is_amount(value: object) -> bool:
    """Return whether a value is a quantity, zero or more."""
    return quantity(value) is not None


def is_size(value: object) -> bool:
    """Return whether a value is a quantity above zero."""
    return (quantity(value) or 0) > 0


def is_share(value: object) -> bool:
    """Return whether a value is a number of pods, or a percentage of them."""
    if isinstance(value, str):
        return _PERCENT.fullmatch(value) is not None
    return between(0, HIGHEST_ID)(value)


def is_text(value: object) -> bool:
    """Return whether a value is a text that is not empty, without space around it."""
    return isinstance(value, str) and bool(value) and value.strip() == value


def is_absolute_path(value: object) -> bool:
    """Return whether a value is a path from the root of a file system or host, without ways back."""
    return isinstance(value, str) and value.startswith("/") and ".." not in value.split("/")


def is_inner_path(value: object) -> bool:
    """Return whether a value is a path inside of a volume."""
    return isinstance(value, str) and not value.startswith("/") and ".." not in value.split("/")


def is_mount_path(value: object) -> bool:
    """Return whether a value is a place for a volume in a container: a path from its root, as Linux has them."""
    return is_absolute_path(value) and ":" not in str(value)


def is_route_path(value: object) -> bool:
    """Return whether a value is a path that an Ingress may lead from."""
    if not isinstance(value, str) or not value.startswith("/"):
        return False
    lower = value.lower()
    return not any(part in lower for part in ("//", "/./", "/../", "%2f", "%5c")) and not lower.endswith(("/..", "/."))


def is_field_path(value: object) -> bool:
    """Return whether a value names a field of its pod that a container may be given."""
    return isinstance(value, str) and _FIELD_PATH.fullmatch(value) is not None


def is_group_version(value: object) -> bool:
    """Return whether a value is the API version of a kind outside of the core group."""
    group, _, version = value.partition("/") if isinstance(value, str) else ("", "", "")
    return is_subdomain(group) and is_rfc_1035(version)


def between(least: int, most: int) -> Callable[[object], bool]:
    """Return the test for a whole number from ``least`` to ``most``."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def number(least: int, most: int = HIGHEST) -> Format:
    """Return the form of a whole number. Schemas limit those that have 32 bits."""
    expected = f"a number from {least} to {most}" if most != HIGHEST else f"a number not below {least}"
    return Format("value-number", expected, between(least, most))


def word(*words: str) -> Format:
    """Return the form of a field that takes one of a few words."""
    return Format("word", f"one of {', '.join(words)}", lambda value: value in words)


LABEL = Format("value-name", "a label of RFC 1123: a-z, 0-9 and -, at most 63, a letter or digit at both ends", is_label)
NAME = Format("value-name", "a name of RFC 1123: a-z, 0-9, - and ., at most 253, a letter or digit at both ends", is_subdomain)
SERVICE_NAME = Format("value-name", "a label of RFC 1035: a-z, 0-9 and -, at most 63, a letter first", is_rfc_1035)
LABEL_KEY = Format(
    "value-label", "a key such as app.kubernetes.io/name: letters, digits, - _ and . , at most 63 behind the /", is_label_key
)
ANNOTATION_KEY = Format("value-label", LABEL_KEY.expected, is_annotation_key)
LABEL_VALUE = Format(
    "value-label", "a label's value: letters, digits, - _ and . , at most 63, none of them at the ends", is_label_value
)
PORT = Format("value-port", f"a port from 1 to {HIGHEST_PORT}", is_port_number)
PORT_NAME = Format("value-port", "the name of a port: a-z, 0-9 and -, at most 15, with a letter (RFC 6335)", is_port_name)
PORT_OR_NAME = Format(
    "value-port",
    f"a port from 1 to {HIGHEST_PORT} or the name of one",
    lambda value: is_port_number(value) or is_port_name(value),
)
ENV_NAME = Format("value-key", "the name of a variable: printable ASCII without =", is_env_name)
MAP_KEY = Format("value-key", "a key of letters, digits, - _ and . , at most 253", is_map_key)
AMOUNT = Format("quantity", "a quantity, such as 500m or 2Gi", is_amount)
SIZE = Format("quantity", "a quantity above zero, such as 20Gi", is_size)
SHARE = Format("value-number", "a number of pods or a percentage, such as 25%", is_share)
TEXT = Format("value-text", "a text without space around it", is_text)
INNER_PATH = Format("value-path", "a path inside of the volume, without .. and not from /", is_inner_path)
MOUNT_PATH = Format("value-path", "a path that begins with /, without .. and :", is_mount_path)
ROUTE_PATH = Format("value-path", "a path that begins with /, without //, /./, /../ and escaped slashes", is_route_path)
FIELD_PATH = Format("value-text", "a field that a container may read, such as metadata.name or status.podIP", is_field_path)
GROUP_VERSION = Format("value-text", "group and version, such as apps/v1", is_group_version)
KIND = Format(
    "value-text", "a kind, such as Deployment", lambda value: is_text(value) and re.fullmatch("[A-Za-z]+", str(value)) is not None
)
COUNT = number(0)
SOME = number(1)
ID = number(0, HIGHEST_ID - 1)
PROTOCOL = word("TCP", "UDP", "SCTP")

Table = dict[str, dict[str, Format]]
"""Fields and their forms, by the name of a part of a kind (``core.v1.Container``)."""
