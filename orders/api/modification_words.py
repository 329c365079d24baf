"""Captures, cancellations, reversals, voids and refunds in JSON: what is asked for, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from orders.api.words import Amount, Currency, Flag, Given, RowId, Text127, Text255, Told, Version
from orders.gateways.base import Kind
from orders.models import ModificationState

PAGE_MAXIMUM = 100
Reason = Literal["", "customer_request", "returned", "out_of_stock", "shipped", "duplicate", "fraud", "price", "other"]


class CustomReferences(Given):
    """Three words of the shop's own that the gateway keeps with the money."""

    custom1: Text255 = ""
    custom2: Text255 = ""
    custom3: Text255 = ""


class Asked(Given):
    """What every request may say besides its amount."""

    reason: Reason = ""
    description: Text127 = Field(default="", description="The gateway keeps it with the money.")
    custom_references: CustomReferences = CustomReferences()
    expected_version: Version | None = Field(
        default=None, description="The transaction’s `version` as you read it; if it has changed since, 409."
    )


class WholeGiven(Asked):
    """A cancellation or void: everything that is left, which an amount can only confirm."""

    amount: Amount | None = None
    currency: Currency | None = None


class ReversalGiven(WholeGiven):
    """A cancellation or refund, whichever fits."""

    confirmed_twin: Flag = Field(default=False, description="A second one of the same amount is meant.")


class CaptureGiven(Asked):
    """An amount to capture."""

    amount: Amount
    currency: Currency
    release_rest: Flag = Field(
        default=False, description="Give what is not captured back to the shopper, where the gateway leaves the choice."
    )


class RefundGiven(Asked):
    """An amount to refund."""

    amount: Amount
    currency: Currency
    confirmed_twin: Flag = Field(default=False, description="A second one of the same amount is meant.")
    customer_may_see: Flag = Field(default=False, description="The description may reach the shopper.")


class ModificationTold(Told):
    """A modification from the request to its end. Amounts are minor units of `currency`."""

    object: Literal["modification"] = "modification"
    id: UUID
    account: str
    order_id: RowId
    transaction_id: RowId
    capture_id: RowId | None = Field(description="The capture that a refund or void draws on.")
    plan_id: UUID | None = Field(description="The refund over several captures that this is a part of.")
    kind: Kind
    amount: int
    currency: str
    state: ModificationState
    finished: bool = Field(description="Whether the end is known and nothing will change any more.")
    sentence: str = Field(description="What happened and what it means for the money.")
    reason: str
    description: str
    custom_references: dict[str, str]
    release_rest: bool
    requested_by: str
    requested_at: datetime
    first_sent_at: datetime | None
    finished_at: datetime | None
    executed_kind: str
    executed_amount: int | None
    gateway_reference: str
    gateway_id: str
    gateway_status: str
    failure_code: str


class RefundPlanTold(Told):
    """A refund larger than one capture: several modifications, each of which ends for itself.

    `amount` is the sum of `done`, `open` and `missing`. Amounts are minor units of `currency`.
    """

    object: Literal["refund_plan"] = "refund_plan"
    id: UUID
    account: str
    order_id: RowId
    transaction_id: RowId
    amount: int
    currency: str
    done: int
    open: int
    missing: int = Field(description="Refused or withdrawn: nothing of it moved. Post to `rest` to ask for it again.")
    finished: bool
    reason: str
    description: str
    requested_by: str
    requested_at: datetime
    modifications: list[ModificationTold]


class RestGiven(Given):
    """On which figures the rest is asked for."""

    expected_version: Version = Field(description="The transaction’s `version` as you read it.")


class ModificationList(Told):
    """One page, newest first."""

    modifications: list[ModificationTold]
    next: str | None = Field(description="Send it as `after` for the next page; null on the last.")


class ModificationQuery(Given):
    """What a list of modifications may be narrowed to."""

    order_id: RowId | None = None
    transaction_id: RowId | None = None
    kind: Kind | None = None
    state: ModificationState | None = None
    after: Annotated[str, Field(max_length=200)] | None = Field(default=None, description="`next` of the page before.")
    limit: Annotated[int, Field(ge=1, le=PAGE_MAXIMUM)] = 50
