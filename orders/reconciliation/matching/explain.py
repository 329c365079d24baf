"""Why a line and a movement are the same money: the rule in a sentence, and both sides of what was compared. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from orders.models import Match, Rule
from orders.money import Money
from orders.reconciliation.matching.linking import Item, kind_of, moved_at_of, signed_of

SENTENCES = {
    Rule.REFERENCE: "Both carry the same reconciliation reference, and the kind is the same.",
    Rule.GATEWAY_ID: "Both carry the gateway's own id, and the kind is the same.",
    Rule.CUSTOM: "The line carries our own reference, and the kind is the same.",
    Rule.COMPOSITE: "Transaction, kind and amount are the same, the dates are near, and nothing else fits.",
    Rule.LEGS: "Several lines of one reference and kind add up to the movement.",
    Rule.PAYOUT: "The movements since the payout before add up to this payout, day by day.",
    Rule.PERSON: "A person linked them.",
}


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One field on both sides, as text."""

    name: str
    theirs: str
    ours: str

    @property
    def same(self) -> bool:
        """Whether both say the same."""
        return self.theirs.casefold() == self.ours.casefold()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a match came about. `tolerance` is a sentence, empty where none was used."""

    rule: str
    sentence: str
    compared: tuple[Compared, ...]
    tolerance: str
    candidates: int
    runner_up: UUID | None
    others: str


def explain(match: Match) -> Plan:
    """The plan of a match. It comes with line, transaction, and modification or movement loaded."""
    rule = Rule(match.rule)
    return Plan(
        rule=rule.label,
        sentence=SENTENCES[rule],
        compared=tuple(row for row in _compared(match) if row.theirs or row.ours),
        tolerance=_tolerance(match),
        candidates=match.candidates,
        runner_up=match.runner_up,
        others=_others(match),
    )


def _compared(match: Match) -> list[Compared]:
    line, item = match.line, _item(match)
    moved_at = moved_at_of(item)
    return [
        Compared(name="Reference", theirs=line.reference, ours=item.gateway_reference),
        Compared(name="Kind", theirs=line.type, ours=kind_of(item)),
        Compared(
            name="Amount", theirs=str(Money(line.gross, line.currency)), ours=str(Money(signed_of(item), item.currency))
        ),
        Compared(name="Gateway's id", theirs=line.gateway_id, ours=item.gateway_id),
        Compared(name="Transaction", theirs=line.transaction_reference, ours=match.transaction.reference),
        Compared(name="Our reference", theirs=line.custom_reference, ours=_custom(match)),
        Compared(name="Day", theirs=line.booked_on.isoformat(), ours=moved_at.date().isoformat()),
    ]


def _item(match: Match) -> Item:
    item = match.modification or match.movement
    assert item is not None, "a match has another side, says the database"
    return item


def _custom(match: Match) -> str:
    """Our side of the line's custom reference: the modification's id where it names that, else the partner's word."""
    own = str(match.modification_id or "")
    named = match.line.custom_reference.replace("-", "").lower()
    return own if own and named == own.replace("-", "") else match.transaction.partner_reference


def _tolerance(match: Match) -> str:
    if match.difference:
        allowed = Money(match.tolerance_minor, match.line.currency)
        off = Money(abs(match.difference), match.line.currency)
        return f"They differ by {off}; the profile allows {allowed}."
    if match.rule == Rule.COMPOSITE:
        return f"They lie {abs(match.days_apart)} days apart; the profile allows {match.tolerance_days}."
    return ""


def _others(match: Match) -> str:
    if match.rule in (Rule.PERSON, Rule.PAYOUT) or match.candidates < 2:
        return "Nothing else was near." if match.rule not in (Rule.PERSON, Rule.PAYOUT) else ""
    others = match.candidates - 1
    if others == 1:
        return "1 other movement of the same payments was looked at and fits less."
    return f"{others:,} other movements of the same payments were looked at and fit less."
