"""The list of cards at the data API (gateways.md C.6), with the misspellings it is known for."""

from __future__ import annotations

from typing import Any

from orders.sandbox import json_text
from orders.sandbox.audit import iso
from orders.sandbox.gateway_c.answers import GATEWAY
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.records import Action, Card, Payment
from orders.sandbox.wire import Reply

FILTERS = ("ID", "custom_referance", "customer_id", "status", "transaction_type")
"""Assumed; the list of filters is cut off in the documents. Other parameters are ignored."""


def listed(books: Books, merchant_key: str, query: dict[str, str]) -> Reply:
    """Newest first, all in one answer."""
    lines = [_line(books, card) for card in books.cards(merchant_key)]
    wanted = {name: query[name] for name in FILTERS if name in query}
    chosen = [line for line in lines if all(line[name] == value for name, value in wanted.items())]
    return Reply(body=json_text.write({"cards": chosen}))


def _line(books: Books, card: Card) -> dict[str, Any]:
    """A card, and the last thing that was done under it."""
    payments = books.payments_under(card.card_id)
    first = payments[0]
    everything: list[Payment | Action] = [*payments]
    for payment in payments:
        everything += books.actions_on(payment.payment_id)
    latest = sorted(everything, key=lambda one: one.created_at)[-1]
    return {
        "ID": card.card_id,
        "card_number_ending": card.number_ending,
        "card_type": card.card_type,
        "created_at": (iso(card.created_at) or "")[:19] + "Z",
        "custom_referance": first.custom_reference,
        "customer_id": card.customer_id,
        "expiry_date": card.expiry_date,
        "gateway_payment_description": first.gateway_description,
        "internal_payment_description": first.internal_description,
        "name_on_card": card.name_on_card,
        "payment_gateway": GATEWAY,
        "status": latest.status,
        "transaction_type": latest.payment_type,
        "metadata": None if first.metadata is None else json_text.read(first.metadata.encode()),
    }
