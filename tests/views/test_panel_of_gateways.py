"""What a gateway changes on the panel and the order page: choices, hints, instalments, ids, deals, the portal."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.gateways.base import Kind
from orders.models import ExternalMovement, Modification, Transaction
from tests import factories
from tests.modifications.other_accounts import a_card_account, an_orders_account, in_yen, on_card
from tests.views.asking import AS_HTMX, draw, send
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db


def browser(transaction: Transaction, *groups: str) -> Client:
    person: User = factories.a_person(merchants=[transaction.merchant], groups=groups or ("agent",))
    return logged_in(person)


def panel(transaction: Transaction, kind: Kind) -> str:
    url = reverse("orders:modification_new", args=[transaction.pk, kind])
    return html.unescape(browser(transaction).get(url).content.decode())


def what_if(transaction: Transaction, kind: Kind, **query: str) -> str:
    url = reverse("orders:modification_preview", args=[transaction.pk, kind])
    return html.unescape(browser(transaction).get(url, query, headers=AS_HTMX).content.decode())


def order_page(transaction: Transaction) -> str:
    url = reverse("orders:order", args=[transaction.order_id])
    return html.unescape(browser(transaction).get(url).content.decode())


# The rest of a capture.


def test_the_rest_is_a_choice_only_where_the_gateway_leaves_it() -> None:
    assert "Release the rest to the shopper" in panel(in_yen(), Kind.CAPTURE)
    assert "Release the rest to the shopper" not in panel(factories.a_transaction(), Kind.CAPTURE)
    assert "Release the rest to the shopper" not in panel(on_card(), Kind.CAPTURE)
    assert "Release the rest to the shopper" not in panel(in_yen(10_000), Kind.REFUND)


def test_the_what_if_follows_the_choice() -> None:
    transaction = in_yen()

    kept = what_if(transaction, Kind.CAPTURE, amount="6000")
    released = what_if(transaction, Kind.CAPTURE, amount="6000", release_rest="on")

    assert "goes back to the shopper" not in kept
    assert "4000 JPY is not captured and goes back to the shopper" in released


def test_a_choice_that_is_not_offered_changes_no_what_if() -> None:
    transaction = factories.a_transaction(account=factories.an_account(profile={"multiple_capture": True}))

    assert "goes back to the shopper" not in what_if(transaction, Kind.CAPTURE, amount="60", release_rest="on")


@pytest.mark.parametrize("released", [False, True])
def test_the_click_carries_the_choice(released: bool) -> None:
    transaction = in_yen()
    client = browser(transaction)
    form = draw(client, transaction, Kind.CAPTURE) | {"amount": "6000"} | ({"release_rest": "on"} if released else {})

    assert send(client, transaction, Kind.CAPTURE, form).status_code == 303
    assert Modification.objects.get().release_rest is released


def test_the_preview_button_without_script_keeps_the_choice() -> None:
    transaction = in_yen()
    client = browser(transaction)
    form = draw(client, transaction, Kind.CAPTURE) | {"amount": "6000", "release_rest": "on"}

    page = client.post(reverse("orders:modification_preview", args=[transaction.pk, Kind.CAPTURE]), form)

    text = page.content.decode()
    box = text.partition('name="release_rest"')[2].partition(">")[0]
    assert "checked" in box
    assert "goes back to the shopper" in text


def test_a_choice_smuggled_into_another_gateways_form_is_refused_with_a_sentence() -> None:
    transaction = factories.a_transaction()
    client = browser(transaction)

    answer = send(
        client,
        transaction,
        Kind.CAPTURE,
        draw(client, transaction, Kind.CAPTURE) | {"amount": "60", "release_rest": "on"},
    )

    assert answer.status_code == 422
    assert "Nobody is asked here" in answer.content.decode()
    assert not Modification.objects.exists()


# Void, and the text for the shopper.


def test_a_void_is_offered_until_the_capture_has_cleared() -> None:
    fresh, cleared = on_card(captured=10_000), on_card(captured=10_000, hours_ago=25)

    assert "A void takes back the whole capture" in panel(fresh, Kind.VOID)
    assert "Refund opens when it has cleared" in panel(fresh, Kind.REFUND)
    assert "Nothing can be voided any more" in panel(cleared, Kind.VOID)
    assert "Up to 100.00 GBP can be refunded." in panel(cleared, Kind.REFUND)


def test_a_void_is_clicked_whole() -> None:
    transaction = on_card(captured=10_000)
    client = browser(transaction)

    answer = send(client, transaction, Kind.VOID, draw(client, transaction, Kind.VOID))

    row = Modification.objects.get()
    assert (answer.status_code, row.kind, row.amount) == (303, "void", 10_000)


def test_the_button_void_stands_only_where_the_gateway_knows_one() -> None:
    card, yen = on_card(captured=10_000), in_yen(10_000)

    assert f'id="transaction-{card.pk}-void"' in order_page(card)
    assert f'id="transaction-{yen.pk}-void"' not in order_page(yen)


def test_where_there_is_no_cancel_or_refund_the_button_says_what_fits() -> None:
    assert "Use void: that is what fits this transaction now." in order_page(on_card(captured=10_000))
    assert "Use refund: that is what fits this transaction now." in order_page(in_yen(10_000))
    assert "Use cancel: that is what fits this transaction now." in order_page(in_yen())


def test_the_description_reaches_the_shopper_only_when_it_is_ticked() -> None:
    transaction = on_card()
    client = browser(transaction)
    form = draw(client, transaction, Kind.CAPTURE)

    send(client, transaction, Kind.CAPTURE, form | {"description": "Thank you", "customer_may_see": "on"})

    row = Modification.objects.get()
    assert row.customer_may_see
    assert b"gateway_payment_description" in bytes(row.body)
    assert "The customer may see this text" in panel(on_card(), Kind.CAPTURE)
    assert "The customer may see this text" not in panel(in_yen(), Kind.CAPTURE)


def test_an_account_that_answers_later_says_so() -> None:
    later = on_card(account=a_card_account(profile={"asynchronous": True}))

    assert "tells the result later by a webhook" in panel(later, Kind.CAPTURE)
    assert "tells the result later by a webhook" not in panel(on_card(), Kind.CAPTURE)


@pytest.mark.parametrize(("transaction", "most"), [(in_yen, 80), (on_card, 127), (factories.a_transaction, 127)])
def test_the_panel_says_how_long_a_description_this_gateway_takes(
    transaction: Callable[[], Transaction], most: int
) -> None:
    text = panel(transaction(), Kind.CAPTURE)

    assert f"at most {most} characters" in text
    assert f'data-maximum="{most}"' in text


def test_a_description_that_is_too_long_for_this_gateway_is_refused_with_a_sentence() -> None:
    transaction = in_yen()
    client = browser(transaction)

    for length, status in ((81, 422), (80, 303)):
        form = draw(client, transaction, Kind.CAPTURE) | {"amount": "6000", "description": "x" * length}
        answer = send(client, transaction, Kind.CAPTURE, form)
        assert answer.status_code == status

    assert len(Modification.objects.get().description) == 80


# Hints and instalments.


def test_the_refund_of_an_instalment_order_says_what_the_vendor_demands() -> None:
    text = panel(in_yen(10_000), Kind.REFUND)

    for demand in ("no cash, no exchange and no store credit", "Nothing can be added", "Only you can start"):
        assert demand in text
    assert "no store credit" not in panel(factories.a_captured_transaction(), Kind.REFUND)


def test_the_schedule_is_an_estimate_on_the_order_page_and_moves_in_the_what_if() -> None:
    transaction = in_yen(10_000)

    page = order_page(transaction)
    moved = what_if(transaction, Kind.REFUND, amount="9000")

    schedule = page.partition("Instalments of the shopper")[2].partition("</table>")[0]
    assert "Estimate; Smartpay keeps the schedule" in schedule
    assert (schedule.count("3,333"), schedule.count("3,334"), schedule.count("paid")) == (2, 1, 1)
    after = moved.partition("Instalments of the shopper")[2].partition("</table>")[0]
    assert after.count("¥0<") == 3, "two parts are gone, and nothing had come back to the card before"
    assert "Back to the card" in after


def test_an_account_without_instalments_shows_no_schedule() -> None:
    transaction = in_yen(10_000, account=an_orders_account(profile={"instalments": 0}))

    assert "Instalments of the shopper" not in order_page(transaction)
    assert "Instalments of the shopper" not in what_if(transaction, Kind.REFUND, amount="100")
    assert "Instalments of the shopper" not in order_page(factories.a_captured_transaction())


# What the gateway calls it, and what moved outside.


def test_a_card_payment_shows_its_card_and_payment_ids() -> None:
    transaction = on_card()

    page = order_page(transaction)

    assert "Card id" in page
    assert transaction.card_reference in page
    assert "Payment id" in page
    assert "Transaction id" not in page


def test_a_gateway_that_shows_nothing_is_not_asked_from_the_page() -> None:
    card, yen = on_card(), in_yen()

    assert "it shows no payment when asked; its webhooks tell" in order_page(card)
    assert f'id="ask-{card.pk}"' not in order_page(card)
    assert f'id="ask-{yen.pk}"' in order_page(yen)


def test_a_deal_is_named_with_what_is_left_of_it() -> None:
    first = factories.a_transaction(
        deal_reference="deal-7", deal_type="3RIPSS", deal_amount=12_000, captured=5_000, capture_open=True
    )

    page = order_page(first)

    assert "deal-7" in page
    assert "split shipment" in page
    assert "70.00 EUR of it can still be captured" in page


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("webhook", "in a webhook of the gateway"),
        ("worker", "when the gateway was read"),
        ("page", "when somebody had the gateway read"),
    ],
)
def test_a_movement_of_the_portal_is_named_with_the_channel_that_told_it(source: str, told: str) -> None:
    transaction = in_yen(10_000)
    now = timezone.now()
    ExternalMovement.objects.create(
        account=transaction.account,
        transaction=transaction,
        kind="refund",
        amount=1_000,
        currency="JPY",
        key="portal-1",
        source=source,
        moved_at=now - timedelta(hours=1),
        seen_at=now,
        booked=True,
    )

    page = order_page(transaction)

    assert "Moved at the gateway without our asking" in page
    assert told in page
