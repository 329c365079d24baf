"""Gateway C's control doors under /_control/smarterpay: payments to order, the portal's buttons, the card holder."""

from __future__ import annotations

from typing import Any

from orders.sandbox.amounts import BadAmount, minor_from_control
from orders.sandbox.audit import iso
from orders.sandbox.gateway_c import given_payments, portal
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.ledger_lines import action_line, payment_line
from orders.sandbox.ledger import Ledger

Answer = dict[str, Any]
REFUSALS = (given_payments.BadPayment, portal.Impossible)


def make_payments(ledger: Ledger, wishes: list[Answer]) -> Answer:
    """Fields in given_payments.KNOWN. Answers the ledger's lines under `transactions`. Raises BadPayment."""
    made = given_payments.make(Books(ledger), wishes)
    return {"transactions": [payment_line(payment) for payment in made]}


def act_in_portal(ledger: Ledger, body: Answer) -> Answer:
    """paymentId, action (release, cancel, void, refund, expire), amount. Raises Impossible."""
    books, payment_id = Books(ledger), str(body.get("paymentId", ""))
    if body.get("action") == "expire":
        return payment_line(portal.expire(books, payment_id=payment_id))
    amount = amount_in(books, payment_id, body.get("amount"))
    return action_line(portal.act(books, payment_id=payment_id, action=str(body.get("action", "")), amount=amount))


def decide_as_shopper(ledger: Ledger, body: Answer) -> Answer:
    """paymentId, decision (pay or decline). Raises Impossible."""
    if body.get("decision") not in ("pay", "decline"):
        raise portal.Impossible("decision is pay or decline.")
    pays = body["decision"] == "pay"
    return payment_line(portal.shopper_decides(Books(ledger), payment_id=str(body.get("paymentId", "")), pays=pays))


def warnings(ledger: Ledger, query: dict[str, str]) -> Answer:
    """What careless clients sent, newest first; filter paymentId."""
    lines = Books(ledger).warnings(query.get("paymentId"))
    return {
        "warnings": [
            {
                "at": iso(line["at"]),
                "merchantKey": line["merchant_key"],
                "transactionId": line["original_id"],
                "sentence": line["sentence"],
            }
            for line in lines
        ]
    }


def amount_in(books: Books, payment_id: str, value: object) -> int | None:
    """Integer minor units or a text in major units; None means all. Raises BadAmount."""
    if value is None:
        return None
    payment = books.original_of(payment_id)
    amount = minor_from_control(value, payment.currency if payment else "GBP")
    if amount <= 0:
        raise BadAmount("An amount is more than zero.")
    return amount
