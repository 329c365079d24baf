"""Who may do what: button, panel and click over HTTP give the same answer, and it is the one written here."""

from __future__ import annotations

import html
import uuid

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from orders.gateways.base import ACTIONS, Kind, TransactionState
from orders.models import Event, GatewayAccount, Modification, Transaction
from tests.factories import a_captured_transaction, a_transaction
from tests.views.asking import button_is_open, panel_has_a_form, send
from tests.views.scenes import a_shop, logged_in

pytestmark = pytest.mark.django_db

GROUPS = ("viewer", "agent", "supervisor", "finance", "integrator")
MOVES_MONEY = frozenset({"agent", "supervisor"})
NOTHING: frozenset[Kind] = frozenset()
WHOLE = 10_000

# What somebody who may move money can do with a transaction of 100.00 EUR in each state; everybody else nothing.
OPEN = {
    "pending_authorization": NOTHING,
    "authorized": frozenset({Kind.CAPTURE, Kind.CANCEL, Kind.CANCEL_OR_REFUND}),
    "capture_pending": NOTHING,
    "captured": frozenset({Kind.REFUND, Kind.CANCEL_OR_REFUND}),
    "settled": frozenset({Kind.REFUND, Kind.CANCEL_OR_REFUND}),
    "cancel_pending": NOTHING,
    "cancelled": NOTHING,
    "chargeback": NOTHING,
    "expired": NOTHING,
    "failed": NOTHING,
    "unrecognised": NOTHING,
    "frozen": NOTHING,
    "unknown outcome": NOTHING,
}


def _transaction(account: GatewayAccount, situation: str) -> Transaction:
    if situation == "frozen":
        return a_captured_transaction(account=account, frozen_reason="Look.")
    if situation == "unknown outcome":
        return a_captured_transaction(account=account, unknown_count=1)
    state = TransactionState(situation)
    if state in (TransactionState.CAPTURED, TransactionState.SETTLED, TransactionState.CHARGEBACK):
        return a_captured_transaction(account=account, state=state)
    if state in (TransactionState.CANCELLED, TransactionState.EXPIRED):
        return a_transaction(account=account, state=state, released=WHOLE, capture_open=False)
    return a_transaction(account=account, state=state)


# Where nothing is open to anybody, those who may nothing anywhere need not be asked.
CELLS = [(group, situation) for group in GROUPS for situation in OPEN if group in MOVES_MONEY or OPEN[situation]]


@pytest.mark.parametrize(("group", "situation"), CELLS)
def test_button_panel_and_click_agree_with_the_table(group: str, situation: str) -> None:
    account, person = a_shop(group)
    client = logged_in(person)
    expected = OPEN[situation] if group in MOVES_MONEY else NOTHING

    looked_at = _transaction(account, situation)
    page = client.get(reverse("orders:order", args=[looked_at.order_id])).content.decode()

    shown = {kind for kind in ACTIONS if button_is_open(page, looked_at, kind)}
    drawn = {kind for kind in ACTIONS if panel_has_a_form(client, looked_at, kind)}
    taken = {kind for kind in ACTIONS if _click_is_taken(client, _transaction(account, situation), kind)}

    assert shown == drawn == taken == expected
    assert Modification.objects.count() == len(expected)
    assert Event.objects.filter(refused=True, actor=person).count() == len(ACTIONS) - len(expected)


def test_whoever_may_refund_and_not_cancel_is_told_so() -> None:
    account, person = a_shop("viewer")
    _grant(person, "refund")
    client = logged_in(person)
    transaction = a_captured_transaction(account=account)

    page = html.unescape(client.get(reverse("orders:order", args=[transaction.order_id])).content.decode())

    assert _button_is_open(client, transaction, Kind.REFUND)
    assert not _button_is_open(client, transaction, Kind.CANCEL_OR_REFUND)
    assert "You may not cancel or refund for this merchant." in page


def _button_is_open(client: Client, transaction: Transaction, kind: Kind) -> bool:
    page = client.get(reverse("orders:order", args=[transaction.order_id])).content.decode()
    return button_is_open(page, transaction, kind)


def _click_is_taken(client: Client, transaction: Transaction, kind: Kind) -> bool:
    form = {
        "amount": "100.00",
        "modification_id": str(uuid.uuid4()),
        "version": transaction.version,
        "confirmed_twin": "on",
    }
    answer = send(client, transaction, kind, form)
    assert answer.status_code in (303, 422)
    return answer.status_code == 303


def _grant(person: User, codename: str) -> None:
    person.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label="orders"))
