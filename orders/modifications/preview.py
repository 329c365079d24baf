"""What-if: every money figure before and after, without touching anything."""

from __future__ import annotations

from dataclasses import dataclass

from orders.gateways.base import GIVES_BACK, Kind
from orders.modifications.rules import Situation
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The money of a transaction once nothing is pending, in minor units."""

    captured: int
    released: int
    refunded: int

    def still_open(self, authorized: int) -> int:
        """Authorized and neither captured nor released."""
        return authorized - self.captured - self.released


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure before and after."""

    name: str
    before: Money
    after: Money

    @property
    def changes(self) -> bool:
        """Whether the modification moves this figure."""
        return self.before != self.after


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the modification would leave behind."""

    lines: tuple[Line, ...]
    sentences: tuple[str, ...]


def preview(kind: Kind, situation: Situation, amount: int, *, release_rest: bool = False) -> Preview:
    """Before and after for every figure if the gateway does as asked; what is already pending is counted as done."""
    before = Figures(
        captured=situation.captured + situation.capturing,
        released=situation.released,
        refunded=situation.refunded + situation.refunding,
    )
    after = figures_after(kind, situation, before, amount, release_rest=release_rest)
    return Preview(lines=_lines(situation, before, after), sentences=_sentences(kind, situation, before, after))


def figures_after(
    kind: Kind, situation: Situation, before: Figures, amount: int, *, release_rest: bool = False
) -> Figures:
    """The figures once this modification has succeeded."""
    rest = before.still_open(situation.authorized)
    if kind is Kind.CAPTURE:
        keeps_rest = _keeps_rest(situation, release_rest=release_rest)
        return Figures(
            captured=before.captured + amount,
            released=before.released if keeps_rest else before.released + rest - amount,
            refunded=before.refunded,
        )
    if kind in GIVES_BACK:
        return Figures(captured=before.captured, released=before.released, refunded=before.refunded + amount)
    refunded = before.refunded + amount if kind is Kind.CANCEL_OR_REFUND and before.captured else before.refunded
    return Figures(captured=before.captured, released=before.released + rest, refunded=refunded)


def _keeps_rest(situation: Situation, *, release_rest: bool) -> bool:
    capability = situation.capability
    if capability.remainder_choice:
        return not release_rest
    return capability.multiple_capture or not capability.releases_remainder


def _lines(situation: Situation, before: Figures, after: Figures) -> tuple[Line, ...]:
    def line(name: str, was: int, becomes: int) -> Line:
        return Line(name=name, before=Money(was, situation.currency), after=Money(becomes, situation.currency))

    lost = situation.charged_back
    return (
        line("Still open to capture", before.still_open(situation.authorized), after.still_open(situation.authorized)),
        line("Captured", before.captured, after.captured),
        line("Released to the shopper", before.released, after.released),
        line("Refunded", before.refunded, after.refunded),
        line(
            "Still refundable",
            max(0, before.captured - before.refunded - lost),
            max(0, after.captured - after.refunded - lost),
        ),
        line("Kept by the merchant", before.captured - before.refunded - lost, after.captured - after.refunded - lost),
    )


def _sentences(kind: Kind, situation: Situation, before: Figures, after: Figures) -> tuple[str, ...]:
    said = []
    released = after.released - before.released
    if released and kind is Kind.CAPTURE:
        said.append(
            f"{Money(released, situation.currency)} is not captured and goes back to the shopper; "
            "it cannot be captured later."
        )
    elif released:
        said.append(f"{Money(released, situation.currency)} is released to the shopper.")
    if kind is Kind.CANCEL_OR_REFUND:
        said.append("The gateway decides between cancel and refund; it always moves the full amount.")
    if after.refunded > before.refunded and after.captured == after.refunded:
        said.append("Nothing remains refundable after this.")
    return tuple(said)
