"""The nouns of a settlement: a movement of the ledger, a line of a file, and what is true about a mistake."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

CAPTURE, REFUND, CHARGEBACK, FEE, PAYOUT = "CAPTURE", "REFUND", "CHARGEBACK", "FEE", "PAYOUT"
CHARGEBACK_FEE_MINOR = 1500
"""What the gateway charges for each chargeback, in minor units of its currency (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One execution as any of the gateways carried it out. Amounts in minor units, `at` in milliseconds.

    `key` is the same as long as the ledger lives. `parts` are the amounts of its lines where it is listed in parts;
    `lost_part` is the amount of a part that failed, and is not among them. `captured`, `refunded` and `charged_back`
    are those of the whole transaction.
    """

    key: str
    gateway: str
    merchant_key: str
    modification_id: str
    transaction_id: str
    type: str
    amount: int
    currency: str
    at: int
    done: bool
    failed: bool
    reference: str
    gateway_id: str
    partner_reference: str
    custom_reference: str
    captured: int
    refunded: int
    charged_back: int
    parts: tuple[int, ...] = ()
    lost_part: int = 0

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.at / 1000, UTC).date()

    @property
    def signed(self) -> int:
        """Money that leaves the merchant is negative."""
        return self.amount if self.type == CAPTURE else -self.amount

    @property
    def refundable(self) -> int:
        return self.captured - self.refunded - self.charged_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file of `listed_on`. Minor units of `currency`; net = gross - fee."""

    merchant_key: str
    listed_on: date
    booked_on: date
    type: str
    gross: int
    fee: int
    currency: str
    reference: str = ""
    transaction_id: str = ""
    partner_reference: str = ""
    gateway_id: str = ""
    custom_reference: str = ""

    @property
    def net(self) -> int:
        return self.gross - self.fee

    def moved_to(self, day: date) -> Line:
        return replace(self, listed_on=day, booked_on=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a careful reader of the file should find, in the words of the issue's list.

    `kind` is what was done, `type` what should be found (empty: nothing, it meets all the same), `cause` why. `amount`
    is signed minor units of `currency`: the line's where there is one, else the movement's.
    """

    kind: str
    type: str
    cause: str
    movement: Movement
    line: Line | None = None

    def as_wire(self) -> dict[str, Any]:
        line, movement = self.line, self.movement
        return {
            "kind": self.kind,
            "type": self.type,
            "cause": self.cause,
            "gateway": movement.gateway,
            "merchantKey": movement.merchant_key,
            "modificationId": movement.modification_id,
            "transactionId": line.transaction_id if line else movement.transaction_id,
            "reference": line.reference if line else movement.reference,
            "gatewayId": line.gateway_id if line else movement.gateway_id,
            "executedOn": movement.day.isoformat(),
            "lineDate": line.listed_on.isoformat() if line else None,
            "lineType": line.type if line else None,
            "amount": line.gross if line else movement.signed,
            "currency": line.currency if line else movement.currency,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the files tell of one movement, and what is true about it. `instead_of` are movements told here as well."""

    lines: tuple[Line, ...] = ()
    truths: tuple[Truth, ...] = ()
    instead_of: frozenset[str] = field(default=frozenset())


def fee_of(type: str, amount: int, basis_points: int) -> int:
    """Captures cost, rounded half up; refunds cost nothing."""
    return (abs(amount) * basis_points + 5_000) // 10_000 if type == CAPTURE else 0
