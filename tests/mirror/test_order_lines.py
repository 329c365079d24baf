"""What a shop's file may say of cards, authorizations and articles; one wrong word refuses the line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orders.mirror.ingest import LineRow, OrderRow, TransactionRow
from orders.mirror.order_files import read_order_file
from orders.mirror.order_lines import BadLine, order_row, read_json_line

PAYMENT = {"transactionId": "P-1", "amount": 49.99, "cardReference": "card-1", "authorized": 49.99}
ARTICLE = {"name": "Teapot", "quantity": 2, "unitAmount": 24.5}
ORDER = {"reference": "R-1", "currency": "EUR", "amount": 49.99, "transactions": [PAYMENT], "lines": [ARTICLE]}


def read(**changes: Any) -> OrderRow:
    return order_row(read_json_line(json.dumps({**ORDER, **changes})))


def test_cards_authorizations_and_articles_are_read() -> None:
    row = read()

    assert row.transactions == (
        TransactionRow(reference="P-1", amount=4_999, card_reference="card-1", authorized=4_999),
    )
    assert row.lines == (LineRow(name="Teapot", quantity=2, unit_amount=2_450),)


def test_all_of_them_may_be_left_out() -> None:
    row = read(lines=None, transactions=[{"transactionId": "P-1", "amount": "49.99"}])

    assert (row.lines, row.transactions[0].authorized, row.transactions[0].card_reference) == ((), None, "")


@pytest.mark.parametrize(
    "article",
    [
        "Teapot",
        {**ARTICLE, "quantity": 0},
        {**ARTICLE, "quantity": 1_000_001},
        {**ARTICLE, "quantity": 1.5},
        {**ARTICLE, "quantity": "²"},
        {**ARTICLE, "quantity": True},
        {**ARTICLE, "quantity": 10**30},
        {**ARTICLE, "unitAmount": "abc"},
        {**ARTICLE, "name": ""},
        {**ARTICLE, "name": "x" * 201},
        {**ARTICLE, "price": 1},
    ],
)
def test_an_article_that_cannot_be_one_refuses_the_line(article: Any) -> None:
    with pytest.raises(BadLine):
        read(lines=[article])


@pytest.mark.parametrize("given", ["no list", {"name": "Teapot"}, [ARTICLE] * 201])
def test_articles_that_are_no_list_refuse_the_line(given: Any) -> None:
    with pytest.raises(BadLine, match="lines must be a list"):
        read(lines=given)


@pytest.mark.parametrize("change", [{"cardReference": "x" * 65}, {"authorized": "1e2"}, {"authorized": "49.999"}])
def test_a_payment_that_cannot_be_one_refuses_the_line(change: dict[str, Any]) -> None:
    with pytest.raises(BadLine):
        read(transactions=[{**PAYMENT, **change}])


def test_a_csv_file_names_them_in_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "reference,currency,amount,transactionId,cardReference,authorized\nR-1,EUR,49.99,P-1,card-1,49.99\n"
        "R-2,EUR,10.00,P-2,,\n"
    )

    found = read_order_file(path)

    rows = [row.transactions[0] for row in found.rows.values()]
    assert [(row.card_reference, row.authorized) for row in rows] == [("card-1", 4_999), ("", None)]


def test_a_moment_is_kept_in_utc_however_far_its_offset() -> None:
    assert str(read(placed_at="2026-01-31T12:00:00+23:59").placed_at) == "2026-01-30 12:01:00+00:00"


def test_a_moment_before_the_first_year_is_none() -> None:
    with pytest.raises(BadLine, match="placed_at must be a past moment"):
        read(placed_at="0001-01-01T00:00:00+14:00")
