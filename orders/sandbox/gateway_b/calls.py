"""One request to gateway B on its way through: who calls, for which object, and which fault strikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orders.sandbox.gateway_b import fields
from orders.sandbox.gateway_b.acting import Cause
from orders.sandbox.gateway_b.merchants import Merchant
from orders.sandbox.ledger import Ledger
from orders.sandbox.store import Store
from orders.sandbox.wire import Request

Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`id` is the second part of the path, empty when there is none. Handlers run inside a store transaction."""

    ledger: Ledger
    merchant: Merchant
    request: Request
    id: str
    cause: Cause
    fault: str | None = None

    @property
    def store(self) -> Store:
        return self.ledger.store

    @property
    def now(self) -> int:
        """Milliseconds of the virtual clock."""
        return self.ledger.dials.clock_ms()

    @property
    def expand(self) -> bool:
        return self.request.query.get("expand") == "all"

    def body(self) -> Body:
        """Without its nulls. Raises Refused."""
        return fields.object_in(self.request.body)
