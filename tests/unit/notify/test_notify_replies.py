"""What a reply blames: the installation, the recipient, or this mail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.notify.replies import Delayed, Outcome, Refused, of_connection, of_data, of_recipient, of_sender


def blocked(code: int) -> Delayed:
    return Delayed(f"smtp_{code}", unreachable=True)


@pytest.mark.parametrize("code", [421, 451, 500, 502, 521, 530, 534, 535, 538, 550, 554])
def test_a_refused_greeting_or_log_in_blames_the_installation(code: int) -> None:
    assert of_connection(code) == blocked(code)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (530, "5.7.0 Authentication required"),
        (550, "5.7.1 Client does not have permissions to send as this sender"),
        (550, "5.1.8 Sender address rejected"),
        (553, "5.7.1 Sender address rejected: not owned by user"),
        (554, "no"),
        (501, "5.1.7 Bad sender address syntax"),
        (450, "4.1.8 Domain not found"),
        (421, "4.3.2 closing"),
        (451, "later"),
        (555, "parameters not recognised"),
    ],
)
def test_a_refused_sender_blames_the_installation(code: int, text: str) -> None:
    assert of_sender(code, text) == blocked(code)


@pytest.mark.parametrize(("code", "text"), [(552, "5.3.4 too large"), (552, "no"), (523, "5.3.4 size exceeds limit")])
def test_a_refused_size_concerns_that_mail_only(code: int, text: str) -> None:
    assert of_sender(code, text) == Delayed(f"smtp_{code}")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 unknown"),
        (550, "unknown user"),
        (551, "not local"),
        (553, "5.1.3 bad address"),
        (554, "5.2.1 mailbox disabled"),
        (550, "5.4.1 Recipient address rejected: Access denied"),
        (550, "5.7.17 mailbox owner has changed"),
        (501, "5.1.3 bad recipient address syntax"),
        (511, "no"),
    ],
)
def test_a_refused_recipient_is_final(code: int, text: str) -> None:
    assert of_recipient(code, text) == Refused(f"smtp_{code}")


@pytest.mark.parametrize(
    ("code", "text"), [(552, "5.2.2 mailbox full"), (552, "too many"), (452, "4.5.3 later"), (450, "4.7.1 grey")]
)
def test_a_recipient_who_cannot_take_it_now_is_tried_again(code: int, text: str) -> None:
    assert of_recipient(code, text) == Delayed(f"smtp_{code}")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (530, "5.7.0 Authentication required"),
        (554, "5.7.1 <erika@kommune.example>: Relay access denied"),
        (550, "relay not permitted"),
        (550, "Authentication is required for relay"),
        (550, "5.7.25 reverse DNS validation failed"),
        (503, "5.5.1 need MAIL command"),
        (421, "4.7.0 too many connections"),
    ],
)
def test_a_server_that_takes_no_mail_of_this_sender_blames_the_installation(code: int, text: str) -> None:
    assert of_recipient(code, text) == blocked(code)


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        (550, "5.6.0 content refused", Refused("smtp_550")),
        (554, "5.7.1 looks like spam", Refused("smtp_554")),
        (552, "5.3.4 too large", Refused("smtp_552")),
        (451, "4.3.0 later", Delayed("smtp_451")),
        (452, "4.3.1 no space", Delayed("smtp_452")),
        (550, "5.7.26 unauthenticated mail of this domain", blocked(550)),
        (503, "no recipients", blocked(503)),
    ],
)
def test_a_refused_text_is_decided_by_its_class(code: int, text: str, outcome: Outcome) -> None:
    assert of_data(code, text) == outcome


@pytest.mark.parametrize("judge", [of_sender, of_recipient, of_data])
@pytest.mark.parametrize("code", range(400, 500))
def test_no_temporary_reply_ends_a_mail(judge: Callable[[int, str], Outcome], code: int) -> None:
    assert isinstance(judge(code, "whatever"), Delayed)
