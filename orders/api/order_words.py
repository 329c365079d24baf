"""Orders in JSON: what a shop sends, what it is told, the verdicts of a batch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils import timezone
from pydantic import AfterValidator, Field

from orders.api.transaction_words import TransactionTold
from orders.api.words import (
    Amount,
    Currency,
    Email,
    FieldError,
    Given,
    Moment,
    Name60,
    Reference,
    RowId,
    Text40,
    Text64,
    Text200,
    Told,
    Word64,
    Word200,
)
from orders.mirror.ingest import LineRow, OrderRow, TransactionRow
from orders.models import OrderState
from orders.money import MAXIMUM_MINOR

BATCH_MAXIMUM = 1000
TRANSACTIONS_MAXIMUM = 50
LINES_MAXIMUM = 100
PAGE_MAXIMUM = 100
CLOCKS_DIFFER = timedelta(minutes=5)


def _not_to_come(moment: datetime) -> datetime:
    if moment > timezone.now() + CLOCKS_DIFFER:
        raise ValueError("must not lie in the future")
    return moment


class TransactionGiven(Given):
    """One payment of the order, by its id at the gateway."""

    reference: Reference
    partner_reference: Text64 = ""
    payment_method: Text40 = ""
    card_reference: Text64 = Field(default="", description="Gateway C: the card record that the payment stands under.")
    authorized: Amount | None = Field(
        default=None,
        description="Minor units that the gateway authorized, as it told you. Believed only where the gateway cannot "
        "be asked (capability `reads` is false); elsewhere the gateway is read.",
    )


class LineGiven(Given):
    """One article."""

    name: Word200
    quantity: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    unit_amount: Annotated[int, Field(strict=True, ge=-MAXIMUM_MINOR, le=MAXIMUM_MINOR)] = Field(
        description="Minor units; a discount is negative."
    )


class OrderFacts(Given):
    """An order as the shop knows it. What it leaves out stays as it is; amount and currency never change."""

    currency: Currency
    amount: Amount
    customer_name: Text200 = ""
    customer_email: Email = ""
    placed_at: Annotated[Moment, AfterValidator(_not_to_come)] | None = Field(
        default=None, description="With its offset; the present when left out."
    )
    transactions: list[TransactionGiven] = Field(default_factory=list, max_length=TRANSACTIONS_MAXIMUM)
    lines: list[LineGiven] = Field(
        default_factory=list, max_length=LINES_MAXIMUM, description="Replace the articles; left out, they stay."
    )

    def row(self, reference: str) -> OrderRow:
        """As the books take it over."""
        return OrderRow(
            reference=reference,
            currency=self.currency,
            amount=self.amount,
            customer_name=self.customer_name,
            customer_email=self.customer_email,
            placed_at=self.placed_at,
            transactions=tuple(_transaction_row(one, self.amount) for one in self.transactions),
            lines=tuple(LineRow(**one.model_dump()) for one in self.lines),
        )


class OrderGiven(OrderFacts):
    """An order in a batch."""

    reference: Word64


class BatchGiven(Given):
    """Up to a thousand orders of one account. Each is checked by itself: a bad one never sinks the others."""

    account: Name60
    orders: list[Any] = Field(min_length=1, max_length=BATCH_MAXIMUM, description="Each an OrderGiven.")


class LineTold(Told):
    """One article."""

    name: str
    quantity: int
    unit_amount: int


class OrderTold(Told):
    """An order with its transactions. Amounts are minor units of `currency`."""

    id: RowId
    account: str
    reference: str
    currency: str
    amount: int
    customer_name: str
    customer_email: str
    placed_at: datetime
    state: OrderState
    captured: int
    refunded: int
    in_flight: bool = Field(description="Whether a capture, cancellation or refund is on its way.")
    attention: bool = Field(description="Whether a person must look: an outcome is unknown or a transaction frozen.")
    expires_at: datetime | None
    transactions: list[TransactionTold]
    lines: list[LineTold]


class OrderList(Told):
    """One page, newest first."""

    orders: list[OrderTold]
    next: str | None = Field(description="Send it as `after` for the next page; null on the last.")


class OrderQuery(Given):
    """What a list of orders may be narrowed to."""

    reference: Word200 | None = Field(
        default=None,
        description="Any word that names an order: its own reference, a transaction, partner, payment, reconciliation, "
        "modification, capture or refund id, a card record, an e-mail address.",
    )
    account: Name60 | None = None
    state: OrderState | None = None
    placed_from: Moment | None = None
    placed_before: Moment | None = None
    after: Annotated[str, Field(max_length=200)] | None = Field(default=None, description="`next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=PAGE_MAXIMUM)] = 50


class BatchVerdict(Told):
    """What became of one order of a batch."""

    index: int = Field(description="Its place in the batch, from 0.")
    reference: str
    verdict: Literal["created", "updated", "unchanged", "refused"]
    id: int | None = Field(description="The order’s id; null when it was refused.")
    detail: str = Field(description="Why it was refused; empty otherwise.")
    errors: list[FieldError] = Field(default_factory=list)


class BatchTold(Told):
    """How many orders got which verdict, and each verdict in the batch’s order."""

    created: int
    updated: int
    unchanged: int
    refused: int
    results: list[BatchVerdict]


def _transaction_row(given: TransactionGiven, amount: int) -> TransactionRow:
    return TransactionRow(
        reference=given.reference,
        amount=amount,
        partner_reference=given.partner_reference,
        payment_method=given.payment_method,
        card_reference=given.card_reference,
        authorized=given.authorized,
    )
