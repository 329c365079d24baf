"""A gateway that can be read: webhooks are opened by the real module, what is shown is whatever a test puts there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from orders.database import database_now
from orders.gateways import smartpay_orders
from orders.gateways.base import (
    Capability,
    Delivery,
    Door,
    Fetched,
    FrozenRequest,
    Instruction,
    Listed,
    Movement,
    Opened,
    Snapshot,
    TransactionState,
    Verdict,
)
from orders.gateways.registry import GATEWAYS
from orders.money import Money


@dataclass
class PretendGateway:
    """Stands in for gateway B (or another `module`); counts what it was asked for."""

    module: Any = smartpay_orders
    shown: dict[str, Snapshot] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """The transaction that a capture or refund id belongs to."""
    pages: dict[str, Listed] = field(default_factory=dict)
    trouble: str = ""
    asked: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.module.name)

    @property
    def title(self) -> str:
        return str(self.module.title)

    def capability(self, overrides: Mapping[str, Any]) -> Capability:
        found: Capability = self.module.capability(overrides)
        return found

    def compose(self, instruction: Instruction) -> FrozenRequest:
        found: FrozenRequest = self.module.compose(instruction)
        return found

    def fetch(self, door: Door, transaction_reference: str, currency: str) -> Fetched:
        self.asked.append(transaction_reference)
        if self.trouble:
            return Fetched(snapshot=None, reason=self.trouble)
        snapshot = self.shown.get(transaction_reference)
        return Fetched(snapshot=snapshot, reason="" if snapshot else "There is none.", missing=snapshot is None)

    def find(self, door: Door, gateway_id: str) -> Fetched:
        return self.fetch(door, self.owners.get(gateway_id, gateway_id), "")

    def fetch_list(self, door: Door, page: str) -> Listed:
        self.asked.append(f"page {page}")
        return Listed(reason=self.trouble) if self.trouble else self.pages.get(page, Listed())

    def open_delivery(self, delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> Opened:
        found: Opened = self.module.open_delivery(delivery, secrets, options)
        return found

    def read_delivery(self, delivery: Delivery) -> Opened:
        found: Opened = self.module.read_delivery(delivery)
        return found


def stands_in(patch: pytest.MonkeyPatch, settings: Settings, *, module: Any = smartpay_orders) -> PretendGateway:
    """From now on accounts of this gateway meet the pretended one, wherever they are said to stand."""
    settings.ALLOW_INSECURE_GATEWAYS = True
    pretended = PretendGateway(module=module)
    patch.setitem(GATEWAYS, pretended.name, pretended)
    return pretended


def a_snapshot(
    reference: str,
    *,
    state: TransactionState = TransactionState.AUTHORIZED,
    amount: int = 10_000,
    currency: str = "JPY",
    status_at: datetime | None = None,
    **fields: Any,
) -> Snapshot:
    now = database_now()
    return Snapshot(
        transaction_reference=reference,
        state=state,
        raw_status=state.value,
        status_at=status_at or now,
        created_at=fields.pop("created_at", now),
        amount=Money(amount, currency),
        **fields,
    )


def moved(kind: str, amount: int, *, gateway_id: str, currency: str = "JPY", **fields: Any) -> Movement:
    values: dict[str, Any] = {
        "raw_type": kind,
        "modification_id": "",
        "reference": gateway_id,
        "raw_status": "succeeded",
        "at": database_now(),
        **fields,
    }
    return Movement(
        type=kind, amount=Money(amount, currency), gateway_id=gateway_id, verdict=Verdict.SUCCEEDED, **values
    )
