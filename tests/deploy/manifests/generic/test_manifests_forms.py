"""Forms of single values: what the API server takes and refuses."""

from __future__ import annotations

import pytest

from deploy.checks.generic.values import addresses, formats, times
from deploy.checks.generic.values.formats import Format

LONG = "a" * 64
FORMS: tuple[tuple[Format, tuple[object, ...], tuple[object, ...]], ...] = (
    (formats.LABEL, ("a", "a-b", "0", "a" * 63), ("", "A", "-a", "a-", "a.b", "a_b", LONG, 1, None, [], "ä", "a\n")),
    (formats.NAME, ("a", "a.b-c", "1.2.3.4", "a" * 253), ("", "a..b", ".a", "a.", "A.b", "a b", "a" * 254, 0)),
    (formats.SERVICE_NAME, ("a", "a1-b"), ("1a", "a.b", "", LONG)),
    (
        formats.LABEL_KEY,
        ("a", "A_b.c", "app.kubernetes.io/name"),
        ("", "/a", "a/", "a/b/c", "-a", "A_b/c", LONG, "a b", f"a/{LONG}"),
    ),
    (formats.ANNOTATION_KEY, ("a", "Example.org/Name"), ("", "a b", "a/b/c", LONG)),
    (formats.LABEL_VALUE, ("", "a", "A_b.c-d", "0"), ("a b", "-a", "a.", LONG, "a/b", True, 1, "ü", "a\n")),
    (formats.PORT, (1, 65535), (0, -1, 65536, True, "80", 1.5)),
    (formats.PROTOCOL, ("TCP", "UDP", "SCTP"), ("", "tcp", "ICMP", 6)),
    (formats.PORT_NAME, ("http", "a-1", "a" * 15), ("", "http--x", "80", "Http", "-a", "a" * 16, "a_b")),
    (formats.PORT_OR_NAME, (80, "http"), (0, "80", "99999")),
    (formats.ENV_NAME, ("A", "a.b-c", "1 x"), ("", "A=B", "ä", "a\nb")),
    (formats.MAP_KEY, ("a", "..a"[1:], "A_b.c"), ("", ".", "..", "..a", "a/b", "a b", "a" * 254)),
    (formats.AMOUNT, ("0", "500m", "1.5Gi", "+1", 2, 0.5, "1e3"), ("", "1 Gi", "-1", "1KB", "1GB", True, None, "0x1", "9" * 99)),
    (formats.SIZE, ("1", "20Gi"), ("0", "0Gi", "-1", "x")),
    (formats.SHARE, (0, 3, "25%", "100%"), (-1, "25", "x%", "%", True, "-1%")),
    (formats.TEXT, ("a", "a b"), ("", " a", "a ", 1)),
    (formats.INNER_PATH, ("", "a/b"), ("/a", "../a", "a/../b")),
    (formats.MOUNT_PATH, ("/", "/a", "/a/b"), ("", "a", "/a/../b", "..", "/..", "/a:b")),
    (formats.ROUTE_PATH, ("/", "/a/b"), ("", "a", "/a//b", "/a/./b", "/a/..", "/a%2Fb")),
    (formats.FIELD_PATH, ("metadata.name", "metadata.labels['a']", "status.podIP"), ("metadata", "spec.x", "status.podIPx")),
    (formats.GROUP_VERSION, ("apps/v1", "a.b/v1beta1"), ("v1", "apps/", "/v1", "a/b/c", "")),
    (formats.KIND, ("Deployment",), ("", "De ployment", "a/b", 1)),
    (formats.COUNT, (0, 1), (-1, 1.5, True, "1")),
    (formats.SOME, (1,), (0, -1)),
    (formats.ID, (0, 10001), (-1, 2**31)),
    (
        times.SCHEDULE,
        ("* * * * *", "*/5 1-3,4 1 jan MON-fri", "0 2 ? * 0", "@daily", "@every 1h"),
        ("", "* * * *", "* * * * * *"),
    ),
    (
        times.SCHEDULE,
        (),
        ("60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "*/0 * * * *", "5-1 * * * *", ", * * * *"),
    ),
    (times.SCHEDULE, (), ("@dayly", "@every", "TZ=UTC * * * * *", "1-2-3 * * * *", "a * * * *", "*/x * * * *", "-1 * * * *", 5)),
    (
        times.ZONE,
        ("UTC", "Europe/Berlin", "Etc/GMT-1"),
        ("", "Local", "Europe", "Europe/Berlim", "/etc/passwd", "../UTC", "a\0", 1),
    ),
    (times.DURATION, ("0", "1h", "1h30m", "1.5s", "250ms"), ("", "1", "1 h", "h", "1d", "PT1H", "-1h", 60)),
    (addresses.BLOCK, ("192.0.2.0/24", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0"), ("192.0.2.7", "192.0.2.7/24", "")),
    (
        addresses.BLOCK,
        (),
        ("192.0.2.0/33", "192.0.2.300/32", "192.0.2.0/", "192.0.2.0/255.255.255.0", "2001:db8::1/32", "x/8", 1, None),
    ),
    (addresses.IP, ("192.0.2.7", "2001:db8::1"), ("", "192.0.2", "192.0.2.256", "a", 1)),
    (addresses.CLUSTER_IP, ("", "None", "10.96.0.1"), ("none", "x")),
    (addresses.HOST, ("a", "marktplatz.example"), ("", "A.example", "192.0.2.1", "a_b", "*.example", "a:80", "https://a", "a.")),
    (addresses.HOST_OR_WILDCARD, ("*.example", "a.example"), ("*", "a.*.example", "*a.example", "*.*.a", "*.192.0.2.1")),
    (
        addresses.SERVER,
        ("smtp.example", "192.0.2.7", "2001:db8::1", "Smtp.Example"),
        ("", "smtp example", "smtp.example:25", "a_b", "192.0.2.300"),
    ),
    (
        addresses.SERVERS,
        ("a:9093", "a.b:1,192.0.2.7:2", "[2001:db8::1]:3"),
        ("", "a", "a:", "a:0", "a:70000", "a:1,", "a b:1", "2001:db8::1:3", ":1"),
    ),
    (
        addresses.WEB_ADDRESS,
        ("https://a.example", "http://192.0.2.7:8080/x?y", "https://[2001:db8::1]/"),
        ("", "a.example", "htps://a", "https:/a"),
    ),
    (
        addresses.WEB_ADDRESS,
        (),
        ("https://", "https://a b", "https://a_b", "https://a:x", "https://a:", "https://u:p@a", "https://a:70000", 1),
    ),
    (
        addresses.IMAGE,
        ("a", "a/b:1", "r.example:5000/a/b:1.0@sha256:" + "0" * 64, "a@sha256:" + "0" * 64),
        ("", "A/B", "https://r/a", "a:b:c"),
    ),
    (addresses.IMAGE, (), ("a:", "a b", "a@sha256:0", "r.example//a", "a/", "/a", "-a", "a..b", "a:-b", "a:" + "b" * 129, 1)),
)


@pytest.mark.parametrize(("form", "right", "wrong"), FORMS, ids=[f"{number}-{row[0].code}" for number, row in enumerate(FORMS)])
def test_a_form_takes_what_the_server_takes_and_refuses_what_it_refuses(
    form: Format, right: tuple[object, ...], wrong: tuple[object, ...]
) -> None:
    assert [value for value in right if not form.holds(value)] == []
    assert [value for value in wrong if form.holds(value)] == []


def test_every_form_has_values_that_it_takes_and_refuses() -> None:
    known = [found for module in (formats, times, addresses) for found in vars(module).values() if isinstance(found, Format)]
    tried = [row[0] for row in FORMS]
    assert [form for form in known if form not in tried] == []
    assert all(any(row[part] for row in FORMS if row[0] is form) for form in tried for part in (1, 2))
