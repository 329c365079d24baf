"""The order page: what it shows, to whom, and at what cost."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders import audit
from orders.gateways.base import Kind, TransactionState, Verdict
from orders.models import ExternalMovement, Modification, ModificationState, OrderLine, Source, Transaction
from orders.modifications.rules import decide_all
from orders.modifications.situation import situation_of
from tests.factories import a_captured_transaction, a_merchant, a_person, a_transaction, an_order
from tests.views.asking import AS_HTMX
from tests.views.scenes import a_modification, a_shop, answered, in_state, logged_in

pytestmark = pytest.mark.django_db

QUERY_BUDGET = 10
S = ModificationState


def _page(client: Client, transaction: Transaction) -> str:
    answer = client.get(reverse("orders:order", args=[transaction.order_id]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def _queries(client: Client, transaction: Transaction) -> int:
    _page(client, transaction)  # The session notes once a minute that somebody is there; that is not this page's cost.
    with CaptureQueriesContext(connection) as queries:
        _page(client, transaction)
    return len(queries)


def test_money_and_customer_are_shown() -> None:
    account, person = a_shop()
    order = an_order(account=account, reference="ORD-1", customer_name="Jana Novák", amount=24_990)
    transaction = a_transaction(
        order=order, authorized=24_990, captured=15_000, refunded=4_000, released=9_990, state=TransactionState.CAPTURED
    )

    page = _page(logged_in(person), transaction)

    for text in ("ORD-1", "Jana Novák", "€249.90", "€150.00", "€40.00", "€99.90", "€110.00", "All figures add up."):
        assert text in page


def test_the_tick_names_the_exact_amount_that_is_missing() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    Transaction.objects.filter(pk=transaction.pk).update(captured=9_000)

    page = _page(logged_in(person), transaction)

    assert "10.00 EUR is missing: the captures add up to captured." in page
    assert "All figures add up." not in page


def test_money_that_moved_outside_and_is_not_booked_is_a_line_of_its_own() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account, frozen_reason="A portal refund does not fit.")
    ExternalMovement.objects.create(
        account=account,
        transaction=transaction,
        kind="refund",
        amount=12_345,
        currency="EUR",
        key="portal-1",
        source="mirror",
        seen_at=timezone.now(),
        booked=False,
        unbooked_reason="It is more than was captured.",
    )

    page = _page(logged_in(person), transaction)

    assert "Not in our books: Refund" in page
    assert "123.45 EUR moved at the gateway and is not in our books." in page
    assert "A portal refund does not fit." in page


def test_every_button_carries_the_sentence_of_its_rule_and_a_void_that_is_not_offered_has_none() -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)

    page = _page(logged_in(person), transaction)

    for kind, decision in decide_all(situation_of(transaction, person)).items():
        shown = kind is not Kind.VOID
        assert (decision.sentence in page) is shown
        assert not shown or decision.unlock in page


def test_a_closed_button_leads_to_the_nearest_allowed_alternative() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)

    page = _page(logged_in(person), transaction)

    assert "Refund is possible instead" in page
    assert f'href="{reverse("orders:modification_new", args=[transaction.pk, Kind.REFUND])}"' in page


def test_another_merchants_order_does_not_exist() -> None:
    account, _ = a_shop()
    _, stranger = a_shop("supervisor")
    transaction = a_captured_transaction(account=account)
    client = logged_in(stranger)

    answers = [
        client.get(reverse(f"orders:{name}", args=[transaction.order_id]))
        for name in ("order", "order_live", "order_events", "order_conversation")
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.parametrize("order_id", [0, 999_999, 10**18, 10**30])
def test_an_order_that_is_not_there_is_404_and_never_500(order_id: int) -> None:
    _, person = a_shop()

    answer = logged_in(person).get(f"/orders/{order_id}/")

    assert answer.status_code == 404


def test_a_member_without_the_view_permission_is_refused() -> None:
    account, _ = a_shop()
    person = a_person(merchants=[account.merchant], groups=[])
    transaction = a_transaction(account=account)

    answer = logged_in(person).get(reverse("orders:order", args=[transaction.order_id]))

    assert answer.status_code == 403


def test_nobody_sees_anything_without_logging_in(client: Client) -> None:
    account, _ = a_shop()
    transaction = a_transaction(account=account)

    answer = client.get(reverse("orders:order", args=[transaction.order_id]))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/")


def test_the_page_costs_the_same_queries_with_one_and_with_twenty_modifications() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    OrderLine.objects.create(order=transaction.order, name="Roof box", quantity=1, unit_amount=10_000)
    answered_one = a_modification(transaction, person, amount=100)
    client = logged_in(person)
    with_one = _queries(client, transaction)

    in_state(answered_one, S.SUCCEEDED)
    for number in range(19):
        in_state(a_modification(transaction, person, amount=101 + number), S.SUCCEEDED)
    with_twenty = _queries(client, transaction)

    assert Modification.objects.count() == 20
    assert with_one == with_twenty <= QUERY_BUDGET


def test_the_budget_holds_for_a_transaction_that_moved_outside() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account, frozen_reason="Look.")
    for number in range(5):
        ExternalMovement.objects.create(
            account=account,
            transaction=transaction,
            kind="refund",
            amount=100,
            currency="EUR",
            key=f"portal-{number}",
            source="mirror",
            seen_at=timezone.now(),
            booked=True,
        )

    assert _queries(logged_in(person), transaction) <= QUERY_BUDGET


def test_every_stored_field_of_the_gateways_answer_is_shown() -> None:
    account, person = a_shop()
    facts: dict[str, Any] = {
        "transactionReference": "TR-9",
        "transactionOverview": {"deal": {"typeCode": "3RIDS", "amount": "249.90"}, "mit": False},
        "customReferences": {"custom1": "till 4", "custom2": ""},
        "modifications": [{"modificationData": {"paymentSplitResults": [{"status": "FAILED", "error": "closed"}]}}],
    }
    transaction = a_captured_transaction(account=account, facts=facts)

    page = _page(logged_in(person), transaction)

    for text in (
        "transactionReference",
        "TR-9",
        "transactionOverview.deal.typeCode",
        "3RIDS",
        "customReferences.custom2",
        "modifications[1].modificationData.paymentSplitResults[1].error",
    ):
        assert text in page


def test_the_timeline_pages_through_every_event_once() -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)
    for number in range(60):
        audit.record(verb="test", sentence=f"event number {number}.", source=Source.WORKER, transaction=transaction)
    client = logged_in(person)
    url = reverse("orders:order_events", args=[transaction.order_id])

    seen, before = [], ""
    for _ in range(3):
        page = client.get(url, {"before": before}, headers=AS_HTMX).content.decode()
        seen += [number for number in range(60) if f"event number {number}." in page]
        before = page.partition("before=")[2].partition('"')[0]

    assert sorted(seen) == list(range(60))
    assert before == ""


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 40, "١٢"])
def test_a_damaged_paging_address_shows_the_newest(before: str) -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)
    audit.record(verb="test", sentence="the only event.", source=Source.WORKER, transaction=transaction)
    client = logged_in(person)

    for name in ("order_events", "order_conversation"):
        answer = client.get(reverse(f"orders:{name}", args=[transaction.order_id]), {"before": before})
        assert answer.status_code == 200


def test_the_conversation_shows_what_was_said() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    modification = answered(a_modification(transaction, person), Verdict.SUCCEEDED)
    modification.attempts.update(request_transcript="POST /payment/refund", response_transcript="HTTP/1.1 200 OK")

    page = logged_in(person).get(reverse("orders:order_conversation", args=[transaction.order_id])).content.decode()

    assert "POST /payment/refund" in page
    assert "HTTP/1.1 200 OK" in page


def test_an_order_without_a_transaction_says_what_that_means() -> None:
    account, person = a_shop()
    order = an_order(account=account)

    answer = logged_in(person).get(reverse("orders:order", args=[order.pk]))

    assert "Nothing can be captured or refunded." in answer.content.decode()


def test_asking_the_gateway_is_a_post_and_goes_into_the_audit_log() -> None:
    account, person = a_shop("viewer")
    transaction = a_transaction(account=account)
    client, url = logged_in(person), reverse("orders:refresh_create", args=[transaction.pk])

    looked, asked = client.get(url), client.post(url)

    assert looked.status_code == 405
    assert asked.status_code == 302
    assert transaction.events.filter(verb="refresh.asked").count() == 1


def test_a_superuser_sees_every_merchants_orders() -> None:
    account, _ = a_shop()
    root = User.objects.create_superuser("root", password="x")
    transaction = a_transaction(account=account)
    a_merchant()

    assert "Capture" in _page(logged_in(root), transaction)
