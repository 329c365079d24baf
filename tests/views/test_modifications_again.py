"""The same click again, a click too late, a click that looks like a repeat: one row, and a sentence that helps."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.urls import reverse

from orders.gateways.base import Kind, Verdict
from orders.models import Modification, ModificationState, Transaction
from tests.factories import a_captured_transaction, a_person, a_transaction
from tests.views.asking import AS_HTMX, draw, fields_of, send
from tests.views.scenes import a_modification, a_shop, answered, logged_in, sent

pytestmark = pytest.mark.django_db


def _text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def test_a_click_makes_a_queued_row_and_leads_to_its_page() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)

    answer = send(
        client, transaction, Kind.REFUND, draw(client, transaction) | {"amount": "20.00", "reason": "returned"}
    )

    modification = Modification.objects.get()
    assert answer.status_code == 303
    assert answer.headers["Location"] == reverse("orders:modification", args=[modification.pk])
    assert (modification.amount, modification.state, modification.source) == (2_000, "queued", "page")


def test_a_click_on_the_order_page_answers_with_the_card_and_what_it_changed() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)

    page = _text(send(client, transaction, Kind.REFUND, draw(client, transaction) | {"amount": "20.00"}, htmx=True))

    modification = Modification.objects.get()
    assert page.count(f'id="modification-{modification.pk}"') == 1
    assert "Undo" in page
    for part in ("now", "state", "timeline"):
        element = page.partition(f'id="order-{transaction.order_id}-{part}"')[2].partition(">")[0]
        assert 'hx-swap-oob="true"' in element
    assert "<html" not in page


@pytest.mark.parametrize("htmx", [True, False], ids=["fragment", "page"])
def test_a_double_click_refunds_once(htmx: bool) -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    form = draw(client, transaction) | {"amount": "20.00"}

    first, second = (send(client, transaction, Kind.REFUND, form, htmx=htmx) for _ in range(2))

    assert first.status_code == second.status_code == (200 if htmx else 303)
    assert Modification.objects.count() == 1
    assert Transaction.objects.get().refunding == 2_000


@pytest.mark.parametrize(
    "change", [{"amount": "21.00"}, {"description": "Something else"}], ids=["amount", "description"]
)
def test_the_same_form_with_other_content_is_a_conflict_and_gives_a_fresh_form(change: dict[str, str]) -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    form = draw(client, transaction) | {"amount": "20.00"}
    send(client, transaction, Kind.REFUND, form)

    answer = send(client, transaction, Kind.REFUND, form | change, htmx=True)

    assert answer.status_code == 409
    assert "This form was already used for a refund of 20.00 EUR; nothing was sent now." in _text(answer)
    assert fields_of(answer.content.decode())["modification_id"] != form["modification_id"]
    assert Modification.objects.count() == 1


def test_another_persons_form_is_a_conflict() -> None:
    account, person = a_shop()
    colleague = a_person(merchants=[account.merchant])
    transaction = a_captured_transaction(account=account)
    form = draw(logged_in(person), transaction) | {"amount": "20.00"}
    send(logged_in(person), transaction, Kind.REFUND, form)

    answer = send(logged_in(colleague), transaction, Kind.REFUND, form)

    assert answer.status_code == 409
    assert Modification.objects.count() == 1


def test_who_looked_before_it_changed_sees_what_changed_and_keeps_the_typing() -> None:
    account, person = a_shop()
    colleague = a_person("colleague", merchants=[account.merchant])
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    form = draw(client, transaction) | {"amount": "30.00", "description": "Strap returned", "reason": "returned"}
    a_modification(transaction, colleague, amount=1_000)

    answer = send(client, transaction, Kind.REFUND, form, htmx=True)

    fresh = fields_of(answer.content.decode())
    assert answer.status_code == 409
    assert "Changed meanwhile." in _text(answer)
    assert "colleague asked to refund 10.00 EUR." in _text(answer)
    assert f'id="order-{transaction.order_id}-now" hx-swap-oob="true"' in _text(answer)
    assert "€10.00 pending" in _text(answer)
    assert (fresh["amount"], fresh["description"]) == ("30.00", "Strap returned")
    assert '<option value="returned" selected>' in answer.content.decode()
    assert fresh["modification_id"] != form["modification_id"]
    assert int(fresh["version"]) == Transaction.objects.get().version
    assert Modification.objects.count() == 1


def test_the_fresh_form_after_a_change_works() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    stale = draw(client, transaction) | {"amount": "30.00"}
    a_modification(transaction, person, amount=1_000)
    fresh = fields_of(send(client, transaction, Kind.REFUND, stale, htmx=True).content.decode())

    answer = send(client, transaction, Kind.REFUND, fresh)

    assert answer.status_code == 303
    assert Transaction.objects.get().refunding == 4_000


def test_a_twin_is_shown_and_asked_about_once() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    twin = answered(a_modification(transaction, person, amount=2_000), Verdict.SUCCEEDED)
    client = logged_in(person)
    form = draw(client, transaction) | {"amount": "20.00"}

    asked = send(client, transaction, Kind.REFUND, form, htmx=True)
    meant = send(client, transaction, Kind.REFUND, form | {"confirmed_twin": "on"})

    assert asked.status_code == 422
    assert "This looks like a repeat." in _text(asked)
    assert reverse("orders:modification", args=[twin.pk]) in _text(asked)
    assert 'name="confirmed_twin"' in _text(asked)
    assert fields_of(asked.content.decode())["modification_id"] == form["modification_id"]
    assert meant.status_code == 303
    assert Modification.objects.count() == 2


def test_a_fresh_form_does_not_offer_to_confirm_a_twin() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)

    page = logged_in(person).get(reverse("orders:modification_new", args=[transaction.pk, Kind.REFUND]))

    assert "confirmed_twin" not in page.content.decode()


def test_the_preview_follows_the_typing() -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)
    url = reverse("orders:modification_preview", args=[transaction.pk, Kind.CAPTURE])
    client = logged_in(person)

    part = _text(client.get(url, {"amount": "60.00"}, headers=AS_HTMX))
    too_much = _text(client.get(url, {"amount": "100.01"}, headers=AS_HTMX))
    nonsense = _text(client.get(url, {"amount": "1e2"}, headers=AS_HTMX))

    assert "40.00 EUR is not captured and goes back to the shopper" in part
    assert "€60.00" in part
    assert "100.01 EUR is more than the 100.00 EUR that can be captured." in too_much
    assert "is not an amount" in nonsense
    assert "<html" not in part


def test_the_preview_button_works_without_script_and_changes_nothing() -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)
    client = logged_in(person)
    form = draw(client, transaction, Kind.CAPTURE) | {"amount": "60.00", "description": "First half"}

    answer = client.post(reverse("orders:modification_preview", args=[transaction.pk, Kind.CAPTURE]), form)

    assert answer.status_code == 200
    assert "40.00 EUR is not captured and goes back to the shopper" in _text(answer)
    assert fields_of(answer.content.decode()) == form
    assert not Modification.objects.exists()


@pytest.mark.parametrize("htmx", [True, False], ids=["fragment", "page"])
def test_undo_withdraws_and_doing_it_twice_is_doing_it_once(htmx: bool) -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    modification = a_modification(transaction, person)
    client = logged_in(person)
    url = reverse("orders:withdrawal_create", args=[modification.pk])

    answers = [client.post(url, headers=AS_HTMX if htmx else {}) for _ in range(2)]

    modification.refresh_from_db()
    assert [answer.status_code for answer in answers] == [200 if htmx else 303] * 2
    assert modification.state == ModificationState.WITHDRAWN
    assert Transaction.objects.get().refunding == 0


@pytest.mark.parametrize("htmx", [True, False], ids=["fragment", "page"])
def test_undo_after_the_send_says_that_it_is_too_late(htmx: bool) -> None:
    account, person = a_shop()
    modification = sent(a_modification(a_captured_transaction(account=account), person))
    client = logged_in(person)

    answer = client.post(
        reverse("orders:withdrawal_create", args=[modification.pk]), headers=AS_HTMX if htmx else {}, follow=not htmx
    )

    modification.refresh_from_db()
    assert "it can no longer be withdrawn. Wait for its result." in _text(answer)
    assert modification.state == ModificationState.IN_FLIGHT


def test_somebody_elses_modification_is_not_withdrawn() -> None:
    account, person = a_shop()
    _, stranger = a_shop("supervisor")
    modification = a_modification(a_captured_transaction(account=account), person)

    answer = logged_in(stranger).post(reverse("orders:withdrawal_create", args=[modification.pk]))

    modification.refresh_from_db()
    assert answer.status_code == 404
    assert modification.state == ModificationState.QUEUED
