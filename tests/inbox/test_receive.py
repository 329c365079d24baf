"""A webhook comes in: proved, kept once, answered; forged, altered, too large or too many, it leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from orders.accounts import set_webhook_secret
from orders.database import database_now
from orders.gateways.base import Opened
from orders.inbox import receive as receiving
from orders.models import GatewayAccount, InboxDelivery, InboxRejection, Source
from orders.observability import scrubbed_text
from tests.factories import an_account
from tests.inbox.letters import (
    SECRET_C,
    Letter,
    an_account_at_b,
    an_account_at_c,
    from_a,
    from_b,
    from_c,
    payment_event,
    post,
    signed_by_b,
    signed_by_c,
)
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db

EVENT = payment_event("DeferredRelease", payment_id="P2", related="P1", amount=1_000)


def test_a_signed_delivery_is_kept_and_a_worker_is_rung(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    account, letter = an_account_at_c(), from_c(EVENT, key="D-1")

    with patch("orders.modifications.bell.ring_inbox") as ring, django_capture_on_commit_callbacks(execute=True):
        answer = post(account, letter)

    kept = InboxDelivery.objects.get()
    assert (answer.status_code, answer.content) == (200, b"")
    assert (kept.key, kept.signed, kept.state, bytes(kept.body)) == ("D-1", True, "waiting", letter.body)
    ring.assert_called_once_with(kept.pk)


def test_a_repeat_is_only_counted() -> None:
    account, letter = an_account_at_c(), from_c(EVENT)
    post(account, letter)

    answers = [post(account, letter).status_code for _ in range(2)]

    kept = InboxDelivery.objects.get()
    assert answers == [200, 200]
    assert (kept.repeats, kept.last_received_at > kept.received_at) == (2, True)


def test_the_same_delivery_at_two_accounts_is_two() -> None:
    for account in (an_account_at_c(), an_account_at_c()):
        post(account, from_c(EVENT, key="D-1"))

    assert InboxDelivery.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_once_are_one() -> None:
    account, letter = an_account_at_c(), from_c(EVENT)

    answers = race([partial(post, account, letter) for _ in range(100)])

    assert {getattr(answer, "status_code", answer) for answer in answers} == {200}
    assert InboxDelivery.objects.get().repeats == 99


def test_an_event_nobody_uses_is_answered_as_its_gateway_wants_it() -> None:
    unknown = {"event_id": "E1", "event_type": "mandate.create"}

    assert post(an_account_at_c(), from_c(unknown)).status_code == 204
    assert post(an_account_at_b(), from_b("coupon.created", {})).status_code == 200
    assert InboxDelivery.objects.count() == 2


def altered(letter: Letter) -> Letter:
    body = letter.body.replace(b"1000", b"9000")
    assert body != letter.body
    return Letter(body=body, headers=letter.headers)


SPOILT: dict[str, Callable[[Letter], Letter]] = {
    "another secret": lambda letter: signed_by_c(letter.body, secret="somebody else's"),
    "an altered body": altered,
    "an altered signature": lambda letter: letter.with_header("X-SmarterPay-Signature", "0" * 64),
    "no signature": lambda letter: letter.with_header("X-SmarterPay-Signature", None),
    "an empty signature": lambda letter: letter.with_header("X-SmarterPay-Signature", ""),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_forgery_is_refused_and_only_that_it_came_is_kept(how: str) -> None:
    account, letter = an_account_at_c(), SPOILT[how](from_c(EVENT))

    answer = post(account, letter)

    noted = InboxRejection.objects.get()
    assert answer.status_code == 498
    assert not InboxDelivery.objects.exists()
    assert (noted.account, noted.body_sha256) == (account, hashlib.sha256(letter.body).hexdigest())
    assert noted.reason in answer.content.decode()
    assert SECRET_C not in noted.reason


def test_another_accounts_secret_opens_nothing_here() -> None:
    ours, theirs = an_account_at_c(secret="ours"), an_account_at_c(secret="theirs")

    assert post(ours, from_c(EVENT, secret="theirs")).status_code == 498
    assert post(theirs, from_c(EVENT, secret="theirs")).status_code == 200


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_b_signed_more_than_five_minutes_away_is_refused(seconds: int) -> None:
    account = an_account_at_b()
    body = from_b("order.authorized", {"id": "order_1"}).body
    now = database_now().timestamp()

    assert post(account, signed_by_b(body, at=now + seconds)).status_code == 401
    assert post(account, signed_by_b(body, at=now + seconds * 0.9)).status_code == 200


def test_a_signed_delivery_that_is_no_json_is_malformed() -> None:
    account = an_account_at_c()

    assert post(account, signed_by_c(b"{")).status_code == 400
    assert InboxRejection.objects.count() == 1


def test_an_account_without_a_secret_takes_everything_as_a_hint() -> None:
    for account, letter in ((an_account_at_c(secret=""), from_c(EVENT)), (an_account_at_b(secret=""), b_letter())):
        assert post(account, letter.with_header("X-SmarterPay-Signature", None)).status_code == 200

    assert set(InboxDelivery.objects.values_list("signed", flat=True)) == {False}


def b_letter() -> Letter:
    return from_b("order.authorized", {"id": "order_1"})


def test_what_nobody_signs_is_a_hint_and_its_credentials_are_not_kept() -> None:
    account = an_account()
    account.seal_webhook_secret("shop:password", overlap_until=None)
    account.save()
    basic = "Basic c2hvcDpwYXNzd29yZA=="

    refused = post(account, from_a("T-1"))
    taken = post(account, from_a("T-1").with_header("Authorization", basic).with_header("Cookie", "a=b"))

    kept = InboxDelivery.objects.get()
    assert (refused.status_code, taken.status_code, kept.signed) == (401, 200, False)
    assert not {"authorization", "cookie"} & set(kept.headers)
    assert "c2hvcDpwYXNzd29yZA" not in json.dumps(kept.headers)


def test_the_old_secret_counts_for_a_day_beside_the_new_one() -> None:
    account = an_account_at_c(secret="the old one")
    set_webhook_secret(account_id=account.pk, secret="the-new-one", by=None, source=Source.COMMAND)

    assert post(account, from_c(EVENT, secret="the old one")).status_code == 200
    assert post(account, from_c(EVENT, secret="the-new-one")).status_code == 200

    GatewayAccount.objects.update(webhook_secret_before_until=database_now() - timedelta(seconds=1))
    assert post(account, from_c(EVENT, secret="the old one")).status_code == 498
    assert post(account, from_c(EVENT, secret="the-new-one")).status_code == 200


def test_an_exposed_secret_counts_no_longer_at_once() -> None:
    account = an_account_at_c(secret="exposed")
    set_webhook_secret(account_id=account.pk, secret="new", overlaps=False, by=None, source=Source.COMMAND)

    assert post(account, from_c(EVENT, secret="exposed")).status_code == 498


def test_64_kib_are_taken_and_one_byte_more_is_not() -> None:
    account, body = an_account_at_c(), from_c(EVENT).body
    full = body + b" " * (receiving.BODY_MAXIMUM - len(body))

    assert post(account, signed_by_c(full + b" ")).status_code == 413
    assert not InboxDelivery.objects.exists()
    assert post(account, signed_by_c(full)).status_code == 200


def test_an_address_that_is_nobodys_is_not_found_and_only_posts_are_taken(client: Client) -> None:
    account = an_account_at_c()
    nobodys = reverse("orders:webhook", args=["x" * 32])

    assert client.post(nobodys, b"{}", content_type="application/json").status_code == 404
    assert client.get(reverse("orders:webhook", args=[account.webhook_token])).status_code == 405
    assert not InboxRejection.objects.exists()


def test_a_flood_is_put_off_and_forgeries_do_not_crowd_out_what_is_proved() -> None:
    account = an_account_at_c()
    with patch.object(receiving, "FLOOD_A_MINUTE", 2):
        for _ in range(5):
            post(account, from_c(EVENT, secret="forged"))
        answers = [post(account, from_c(EVENT)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "60"
    assert InboxDelivery.objects.count() == 2


def test_many_forgeries_are_refused_without_filling_the_database() -> None:
    account = an_account_at_c()
    with patch.object(receiving, "REJECTIONS_A_MINUTE", 3):
        answers = {post(account, from_c(EVENT, secret="forged")).status_code for _ in range(6)}

    assert answers == {498}
    assert InboxRejection.objects.count() == 3


@pytest.mark.parametrize("key", ["k" * 161, "nul\0", "", "line\nbreak", "\ud800"])
def test_a_key_that_no_column_can_hold_becomes_its_hash(key: str) -> None:
    stored = receiving.key_of(Opened(key=key, signed=True, events=()))

    assert len(stored) == 64
    assert stored.isalnum()


@pytest.mark.parametrize("key", ["k", "k" * 160])
def test_any_other_key_stays_as_it_is(key: str) -> None:
    assert receiving.key_of(Opened(key=key, signed=True, events=())) == key


def test_taking_one_in_costs_a_fixed_number_of_queries() -> None:
    account = an_account_at_c()
    post(account, from_c(EVENT))

    with CaptureQueriesContext(connection) as captured:
        post(account, from_c(EVENT))

    statements = [
        query["sql"] for query in captured.captured_queries if not query["sql"].startswith(("SAVEPOINT", "REL"))
    ]
    assert len(statements) <= 6, statements


def test_the_log_holds_no_webhook_address() -> None:
    account = an_account_at_c()

    line = scrubbed_text(f"POST {reverse('orders:webhook', args=[account.webhook_token])}")

    assert account.webhook_token not in line
    assert line.startswith("POST /webhooks/")
