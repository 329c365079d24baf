"""Page, click, back office and API agree on every cell of gateway × situation × role × kind × amount."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from orders.forms import amount_text
from orders.gateways.base import ACTIONS, Kind
from orders.models import GatewayAccount, Modification, Transaction
from orders.tokens import SCOPES
from orders.views.nouns import NOUNS
from tests import factories
from tests.api.shop import Shop, a_shop
from tests.views import cells
from tests.views.asking import button_is_open, panel_has_a_form, send
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

Ask = Callable[[Transaction, Kind, int], bool]

PLACES = [(gateway, situation) for gateway, those in cells.SITUATIONS.items() for situation in those]
ADMIN = {
    Kind.CAPTURE: "capture_transaction",
    Kind.CANCEL: "cancel_transaction",
    Kind.CANCEL_OR_REFUND: "reverse_transaction",
    Kind.VOID: "void_transaction",
    Kind.REFUND: "refund_transaction",
}
NOUN_OF = {kind: noun for noun, kind in NOUNS.items()}
READS = frozenset({"orders:read"})


def test_the_cells_are_those_that_were_read_against_the_seeds() -> None:
    lines = [cells.head()]
    for gateway, situation in PLACES:
        for role in cells.ROLES:
            account = factories.an_account(gateway=gateway)
            person = factories.a_person(merchants=[account.merchant], groups=[role])
            found = cells.cells_of(cells.SITUATIONS[gateway][situation](account), person)
            lines.append(cells.line(gateway, situation, role, found))
    text = "\n".join(lines) + "\n"
    if os.environ.get("REWRITE_CELLS"):
        cells.FILE.write_text(text, encoding="utf-8")

    assert text == cells.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("role", cells.ROLES)
@pytest.mark.parametrize(("gateway", "situation"), PLACES)
def test_every_door_says_what_the_cell_says(gateway: str, situation: str, role: str) -> None:
    account = factories.an_account(gateway=gateway)
    person = factories.a_person(merchants=[account.merchant], groups=[role], is_staff=True)
    expected = cells.reviewed()[f"{gateway}, {situation}, {role}"]
    client = logged_in(person)
    doors = _doors(account, client, role)
    shared = cells.SITUATIONS[gateway][situation](account)
    page = client.get(reverse("orders:order", args=[shared.order_id])).content.decode()

    may_something = any(expected[kind].amounts for kind in ACTIONS)
    for turn, kind in enumerate(ACTIONS, start=PLACES.index((gateway, situation))):
        open_for = expected[kind].amounts
        assert button_is_open(page, shared, kind) is bool(open_for), kind
        assert panel_has_a_form(client, shared, kind) is bool(open_for), kind
        for number, name in enumerate(cells.AMOUNTS if open_for else ("all",)):
            # The first amount is asked for at every door, each other one at the door whose turn it is; so is what
            # those ask for who may nothing here.
            in_turn = [*doors.items()][(turn + number) % len(doors)]
            for door, ask in doors.items() if may_something and not number else (in_turn,):
                transaction = cells.SITUATIONS[gateway][situation](account) if name in open_for else shared
                amount = cells.amounts_of(kind, transaction, person)[name]
                before = Modification.objects.count()
                assert ask(transaction, kind, amount) is (name in open_for), (door, kind, name)
                assert (Modification.objects.count() > before) is (name in open_for), (door, kind, name)


def _doors(account: GatewayAccount, client: Client, role: str) -> dict[str, Ask]:
    shop = a_shop(account=account, scopes=READS if role == "viewer" else tuple(SCOPES))
    return {
        "click": lambda transaction, kind, amount: _click_is_taken(client, transaction, kind, amount),
        "back office": lambda transaction, kind, amount: _office_takes_it(client, transaction, kind, amount),
        "API": lambda transaction, kind, amount: _api_takes_it(shop, transaction, kind, amount),
    }


def _form(transaction: Transaction, amount: int) -> dict[str, object]:
    return {
        "amount": amount_text(amount, transaction.currency),
        "modification_id": str(uuid.uuid4()),
        "version": transaction.version,
        "confirmed_twin": "on",
    }


def _click_is_taken(client: Client, transaction: Transaction, kind: Kind, amount: int) -> bool:
    answer = send(client, transaction, kind, _form(transaction, amount))
    assert answer.status_code in (303, 422)
    return answer.status_code == 303


def _office_takes_it(client: Client, transaction: Transaction, kind: Kind, amount: int) -> bool:
    choose = {"action": ADMIN[kind], "_selected_action": transaction.pk, "confirmed": "yes"}
    answer = client.post(reverse("admin:orders_transaction_changelist"), _form(transaction, amount) | choose)
    assert answer.status_code in (302, 422)
    return answer.status_code == 302


def _api_takes_it(shop: Shop, transaction: Transaction, kind: Kind, amount: int) -> bool:
    body: dict[str, object] = {"amount": amount, "currency": transaction.currency}
    if kind in (Kind.REFUND, Kind.CANCEL_OR_REFUND):
        body["confirmed_twin"] = True
    answer = shop.ask(transaction.pk, NOUN_OF[kind], body)
    assert answer.status in (201, 403, 422), answer.content
    return answer.status == 201
