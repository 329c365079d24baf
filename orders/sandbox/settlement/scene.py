"""What a mistake may know: the movement, its siblings, the other merchants' movements, and the days with a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from orders.sandbox.settlement.draws import Draw
from orders.sandbox.settlement.lines import CAPTURE, CHARGEBACK, REFUND, Line, Movement, Story, Truth, fee_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One movement and its surroundings. `strangers_on` answers what other merchants of the gateway moved on a day.

    `file_from` answers the first day from a given one on which there is a file.
    """

    movement: Movement
    siblings: Sequence[Movement]
    strangers_on: Callable[[date], Sequence[Movement]]
    draw: Draw
    fee_basis_points: int
    file_from: Callable[[date], date]

    @property
    def day(self) -> date:
        return self.movement.day

    @property
    def is_payment_or_refund(self) -> bool:
        """Carried out, and a capture or a refund."""
        return self.movement.done and self.movement.type in (CAPTURE, REFUND)

    @property
    def fee(self) -> int:
        return fee_of(self.movement.type, self.movement.amount, self.fee_basis_points)

    def alike(self) -> list[Movement]:
        """Carried-out siblings of the same type and amount."""
        mine = self.movement
        return [
            one
            for one in self.siblings
            if one.done and one.key != mine.key and (one.type, one.amount) == (mine.type, mine.amount)
        ]

    def line(self, *, amount: int | None = None) -> Line:
        """The honest line, or that of another amount; unsigned minor units."""
        return line_of(self.movement, self.fee_basis_points, amount=amount)

    def more(self, type: str, amount: int, *, on: date) -> Line:
        """A line of the same transaction for something that the ledger does not know."""
        gateway = self.movement.gateway
        return replace(
            line_of(replace(self.movement, type=type, amount=amount), self.fee_basis_points),
            listed_on=on,
            booked_on=on,
            reference=self.draw.reference("more"),
            gateway_id="" if type == CHARGEBACK else self.draw.gateway_id("more", gateway=gateway, type=type),
            custom_reference="",
        )

    def next_file(self) -> date:
        return self.file_from(date.fromordinal(self.day.toordinal() + 1))

    def story(self, kind: str, type: str, cause: str, *lines: Line, about: Line | None = None) -> Story:
        """One truth, about one of the lines or about the movement itself."""
        return Story(
            lines=lines, truths=(Truth(kind=kind, type=type, cause=cause, movement=self.movement, line=about),)
        )


def line_of(movement: Movement, fee_basis_points: int, *, amount: int | None = None) -> Line:
    """As it really was, or of another amount."""
    value = movement.amount if amount is None else amount
    return Line(
        merchant_key=movement.merchant_key,
        listed_on=movement.day,
        booked_on=movement.day,
        type=movement.type,
        gross=value if movement.type == CAPTURE else -value,
        fee=fee_of(movement.type, value, fee_basis_points),
        currency=movement.currency,
        reference=movement.reference,
        transaction_id=movement.transaction_id,
        partner_reference=movement.partner_reference,
        gateway_id=movement.gateway_id,
        custom_reference=movement.custom_reference,
    )
