"""The first page: who the merchants are, what happened last, and the way to everything else."""

from __future__ import annotations

from orders.sandbox.amounts import for_people
from orders.sandbox.audit import iso
from orders.sandbox.gateway_a.passing_time import catch_up_all
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.ledger import Ledger, transaction_from
from orders.sandbox.pages import settlements, smarterpay, smartpay_orders
from orders.sandbox.pages.frame import facts, page, section, table, text
from orders.sandbox.records import Transaction
from orders.sandbox.wire import Reply

LATEST = 50
LATEST_OF_B = 10
LATEST_OF_C = 10


def show(ledger: Ledger) -> Reply:
    catch_up_all(ledger)
    sql = "SELECT * FROM transactions ORDER BY created_at DESC, transaction_id LIMIT ?"
    latest = [transaction_from(row) for row in ledger.store.rows(sql, (LATEST,))]
    return page(
        "Three gateways, pretended",
        section("Merchants", _merchants(ledger)),
        section("Settlement files", settlements.files_table(ledger)),
        section(f"Latest transactions of gateway A (at most {LATEST})", _transactions(latest)),
        section("Latest orders of gateway B", _orders(ledger)),
        section("Latest payments of gateway C", smarterpay.payments_table(Books(ledger).latest_payments(LATEST_OF_C))),
        here="/",
    )


def _orders(ledger: Ledger) -> str:
    return smartpay_orders.orders_table(smartpay_orders.latest_orders(ledger, LATEST_OF_B))


def transaction_link(transaction_id: str) -> str:
    return f'<a href="/transactions/{text(transaction_id)}"><code>{text(transaction_id)}</code></a>'


def _merchants(ledger: Ledger) -> str:
    clock = (iso(ledger.dials.clock_ms()) or "").replace("T", " ")
    return facts([("Introduced", text(", ".join(ledger.merchant_keys()))), ("Virtual clock", f"{text(clock)} UTC")])


def _transactions(latest: list[Transaction]) -> str:
    columns = ("Transaction", "Reference", "Status", "Amount", "Captured amount", "Refunded amount")
    rows = [
        (
            transaction_link(one.transaction_id),
            text(one.partner_reference or "–"),
            text(one.status),
            for_people(one.authorized, one.currency),
            for_people(one.captured, one.currency),
            for_people(one.refunded, one.currency),
        )
        for one in latest
    ]
    return table(columns, rows, label="Latest transactions")
