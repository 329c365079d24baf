"""Transactions in JSON: the money columns, the captures, and what may be done with them now."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from orders.api.words import RowId, Told
from orders.gateways.base import TransactionState

Noun = Literal["captures", "cancellations", "reversals", "voids", "refunds"]


class CaptureTold(Told):
    """Money that was taken; refunds draw on it."""

    id: RowId
    gateway_id: str
    amount: int
    refunding: int
    refunded: int
    captured_at: datetime


class TransactionTold(Told):
    """One authorization. Amounts are minor units of `currency`; `capturing` and `refunding` are reserved."""

    id: RowId
    order_id: RowId
    account: str
    reference: str = Field(description="The gateway’s id; empty while a new payment has none yet.")
    card_reference: str
    partner_reference: str
    payment_reference: str = Field(description="What the buyer of a prepayment or an invoice quotes when paying.")
    reconciliation_reference: str
    payment_method: str
    currency: str
    state: TransactionState
    raw_status: str = Field(description="The gateway’s own word.")
    status_at: datetime | None
    expires_at: datetime | None
    authorized: int
    capturing: int
    captured: int
    released: int
    refunding: int
    refunded: int
    charged_back: int
    frozen_reason: str
    version: int = Field(description="Send it as `expected_version`, so that nothing is done on old figures.")
    captures: list[CaptureTold]


class ActionTold(Told):
    """What the rules say about one kind of modification, for this token and now."""

    noun: Noun = Field(description="The last word of the address to post to.")
    allowed: bool
    rule: str
    sentence: str
    unlock: str
    maximum: int | None = Field(description="The most that can be asked for, in minor units; null when closed.")


class TransactionWithActions(TransactionTold):
    """A transaction, and what may be done with it now."""

    actions: list[ActionTold]
