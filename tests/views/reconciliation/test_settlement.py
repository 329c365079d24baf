"""What the pages of orders and modifications say of settlement: lines that count, and what does not fit."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.models import (
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    GatewayAccount,
    Match,
    Modification,
    RunState,
)
from tests.factories import a_captured_transaction, a_transaction
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of, a_movement, a_run

pytestmark = pytest.mark.django_db

NOT_YET = "No line of a settlement file has met this money yet."


@pytest.fixture
def capture(shop: tuple[GatewayAccount, User]) -> Modification:
    return a_modification_of(a_captured_transaction(account=shop[0]))


def order_page(client: Client, capture: Modification) -> str:
    return page(client, reverse("orders:order", args=[capture.transaction.order_id]))


def modification_page(client: Client, row: Modification) -> str:
    return page(client, reverse("orders:modification", args=[row.pk]))


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def met(capture: Modification, *, file: dict[str, Any] | None = None, run: dict[str, Any] | None = None) -> Match:
    row = a_file(capture.account, name="day.csv", **(file or {}))
    return a_match(a_line(row, number=7), modification=capture, run=a_run(file=row, **(run or {})))


def test_both_pages_show_the_line_that_met(client: Client, capture: Modification) -> None:
    match = met(capture)

    for shown in (order_page(client, capture), modification_page(client, capture)):
        assert "day.csv, line 7" in shown
        assert reverse("orders:settlement_line", args=[match.line_id]) in shown
        assert reverse("orders:match", args=[match.pk]) in shown
        assert NOT_YET not in shown


def test_a_movement_of_the_gateway_stands_on_the_order(client: Client, capture: Modification) -> None:
    file = a_file(capture.account)
    a_match(a_line(file, gross=-2_500, fee=0), movement=a_movement(capture.transaction), run=a_run(file=file))

    assert "Refund of €25.00 at the gateway" in order_page(client, capture)
    assert NOT_YET in modification_page(client, capture)


@pytest.mark.parametrize(
    ("file", "run"),
    [
        ({"state": FileState.LOADING}, {"state": RunState.RUNNING}),
        ({"state": FileState.REPLACED}, {"state": RunState.REPLACED}),
        ({}, {"state": RunState.ABANDONED}),
    ],
)
def test_what_does_not_count_is_not_shown(
    client: Client, capture: Modification, file: dict[str, Any], run: dict[str, Any]
) -> None:
    met(capture, file=file, run=run)

    assert NOT_YET in order_page(client, capture)
    assert NOT_YET in modification_page(client, capture)


def test_a_match_that_ended_is_not_shown(client: Client, capture: Modification) -> None:
    match = met(capture)
    match.ended_at, match.ended_reason = match.run.started_at, "A mistake."
    match.save()

    assert NOT_YET in order_page(client, capture)


def test_what_does_not_fit_is_told_with_what_became_of_it(client: Client, capture: Modification) -> None:
    about: dict[str, Any] = {"modification": capture, "transaction": capture.transaction}
    open_one = a_discrepancy(capture.account, type=DiscrepancyType.AMOUNT, **about)
    a_discrepancy(capture.account, type=DiscrepancyType.FEE, state=DiscrepancyState.ACCEPTED, **about)

    for shown in (order_page(client, capture), modification_page(client, capture)):
        assert "Something did not meet" in shown
        assert reverse("orders:discrepancy", args=[open_one.pk]) in shown
        assert "Difference accepted" in shown


def test_another_modification_of_the_transaction_has_its_own_lines(client: Client, capture: Modification) -> None:
    met(capture)
    refund = a_modification_of(capture.transaction, kind="refund", amount=1_000)

    assert NOT_YET in modification_page(client, refund)


def test_an_order_without_captured_money_says_nothing_of_settlement(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    transaction = a_transaction(account=shop[0])

    assert "Settlement" not in page(client, reverse("orders:order", args=[transaction.order_id]))
