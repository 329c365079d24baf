"""One discrepancy on its own page: what does not meet, why, since when, who has it, and all that happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from orders.models import Cause, Discrepancy, DiscrepancyEntry, Match, RunState
from orders.presenters.reconciliation.discrepancies import Row, row_of
from orders.presenters.reconciliation.discrepancies_sides import Pair, sides_of
from orders.presenters.reconciliation.hands import NOBODY, hands_of
from orders.templatetags.presentation import money_text

ENTRIES_SHOWN = 100
MATCHES_SHOWN = 10
_VERBS = {
    "opened": "Opened",
    "typed": "Typed anew",
    "explained": "Cause looked for",
    "commented": "Comment",
    "comment": "Comment",
    "assigned": "Owner set",
    "assign": "Owner set",
    "due": "Due date set",
    "carried": "Carried into another month",
    "carry": "Carried into another month",
    "reopened": "Opened again",
    "reopen": "Opened again",
    "vanished": "Explained by itself",
}
_TONES = {"opened": "careful", "reopened": "careful", "reopen": "careful", "vanished": "good"}


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """One cause that was tested, in the order tested."""

    cause: str
    holds: bool
    likely: bool
    confidence: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One line of the history, the newest first."""

    at: datetime
    who: str
    what: str
    text: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class DiscrepancyPage:
    """Everything of the page but its forms."""

    discrepancy: Discrepancy
    row: Row
    zone: str
    sides: tuple[Pair, ...]
    difference: str
    hypotheses: tuple[Hypothesis, ...]
    moments: tuple[Moment, ...]
    earlier: bool
    matches: tuple[Match, ...]

    @property
    def has_theirs(self) -> bool:
        """Whether a line says anything."""
        return self.discrepancy.line_id is not None

    @property
    def has_ours(self) -> bool:
        """Whether our books say anything."""
        return any(pair.ours for pair in self.sides)

    @property
    def ended_by(self) -> str:
        """What ended it where no person did."""
        return next((moment.who for moment in self.moments if moment.what == _VERBS["vanished"]), NOBODY)

    @property
    def differing(self) -> str:
        """The differing facts in words, for those who do not see the marks."""
        return ", ".join(pair.label.lower() for pair in self.sides if pair.differs)


def discrepancy_page(discrepancy: Discrepancy, *, today: date) -> DiscrepancyPage:
    """Everything it points at is loaded (`WITH_SIDES`). At most four queries."""
    zone = discrepancy.merchant.time_zone
    entries = list(
        DiscrepancyEntry.objects.filter(discrepancy_id=discrepancy.pk)
        .select_related("actor")
        .order_by("-pk")[: ENTRIES_SHOWN + 1]
    )
    hands = hands_of(entries)
    return DiscrepancyPage(
        discrepancy=discrepancy,
        row=row_of(discrepancy, today),
        zone=zone,
        sides=sides_of(discrepancy, zone),
        difference=_difference(discrepancy),
        hypotheses=hypotheses_of(discrepancy),
        moments=tuple(_moment(entry, hands[entry.pk]) for entry in entries[:ENTRIES_SHOWN]),
        earlier=len(entries) > ENTRIES_SHOWN,
        matches=_matches(discrepancy),
    )


WITH_SIDES = (
    *("account", "merchant", "owner", "closed_by", "proposed_by", "run"),
    *("line__file", "modification", "movement", "transaction__order"),
)
"""What a discrepancy needs loaded for its page."""


def hypotheses_of(discrepancy: Discrepancy) -> tuple[Hypothesis, ...]:
    """Every cause that was tested, as stored; what an older version stored differently is left out."""
    tested = discrepancy.evidence.get("tested")
    if not isinstance(tested, list):
        return ()
    return tuple(_hypothesis(one, discrepancy) for one in tested if isinstance(one, dict) and one.get("cause"))


def _hypothesis(tested: dict[str, Any], discrepancy: Discrepancy) -> Hypothesis:
    cause = str(tested["cause"])
    holds = bool(tested.get("holds"))
    return Hypothesis(
        cause=str(Cause(cause).label) if cause in Cause.values else cause,
        holds=holds,
        likely=holds and cause == discrepancy.cause,
        confidence=int(tested.get("confidence") or 0),
        sentence=str(tested.get("sentence") or ""),
    )


def _moment(entry: DiscrepancyEntry, who: str) -> Moment:
    return Moment(
        at=entry.at,
        who=who,
        what=_VERBS.get(entry.verb, entry.verb.replace("_", " ").capitalize()),
        text=entry.text,
        tone=_TONES.get(entry.verb, "quiet"),
    )


def _matches(discrepancy: Discrepancy) -> tuple[Match, ...]:
    """The lines that meet the same movement now: through the transaction, whose index finds them."""
    if discrepancy.transaction_id is None:
        return ()
    counting = Match.objects.filter(
        transaction_id=discrepancy.transaction_id, ended_at__isnull=True, run__state=RunState.APPLIED
    )
    if discrepancy.modification_id is not None:
        rows = counting.filter(modification_id=discrepancy.modification_id)
    elif discrepancy.movement_id is not None:
        rows = counting.filter(movement_id=discrepancy.movement_id)
    else:
        return ()
    if discrepancy.line_id is not None:
        rows = rows.exclude(line_id=discrepancy.line_id)
    return tuple(rows.select_related("line__file").order_by("pk")[:MATCHES_SHOWN])


def _difference(discrepancy: Discrepancy) -> str:
    """How their side stands to ours: `€10.00 less than`, before “ours”."""
    if not discrepancy.difference:
        return "the same as"
    much = money_text(abs(discrepancy.difference), discrepancy.currency)
    return f"{much} {'more' if discrepancy.difference > 0 else 'less'} than"
