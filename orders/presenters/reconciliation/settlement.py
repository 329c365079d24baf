"""Which settlement lines met the money of an order or of one modification, and what does not fit about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from orders.models import Discrepancy, FileState, Match, RunState
from orders.presenters.reconciliation.lines import Met, met_of, unsettled
from orders.presenters.reconciliation.words import line_word
from orders.templatetags.presentation import money_text

SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class SettledRow:
    """A line that met a movement of ours, as texts."""

    met: Met
    word: str
    gross: str
    fee: str
    net: str


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """The settlement side of some transactions."""

    rows: tuple[SettledRow, ...]
    discrepancies: tuple[Discrepancy, ...]
    more: bool

    @property
    def unsettled(self) -> int:
        """How many discrepancies still need somebody."""
        return len(unsettled(self.discrepancies))

    @property
    def empty(self) -> bool:
        """Whether no file has said anything about this money."""
        return not self.rows and not self.discrepancies


def settlement_of(transaction_ids: Collection[int], *, modification: UUID | None = None) -> Settlement:
    """Lines that count and what they met, in two queries, in none for none; of one modification where it is named."""
    if not transaction_ids:
        return Settlement(rows=(), discrepancies=(), more=False)
    matches = Match.objects.filter(
        transaction__in=list(transaction_ids),
        ended_at__isnull=True,
        run__state=RunState.APPLIED,
        line__file__state=FileState.APPLIED,
        line__overlap=False,
    )
    discrepancies = Discrepancy.objects.filter(transaction__in=list(transaction_ids))
    if modification is not None:
        matches = matches.filter(modification=modification)
        discrepancies = discrepancies.filter(modification=modification)
    found = list(matches.select_related("run", "modification", "movement", "line__file").order_by("-pk")[: SHOWN + 1])
    return Settlement(
        rows=tuple(_row(match) for match in found[:SHOWN]),
        discrepancies=tuple(discrepancies.order_by("-pk")[:SHOWN]),
        more=len(found) > SHOWN,
    )


def _row(match: Match) -> SettledRow:
    line = match.line
    return SettledRow(
        met=met_of(match, line.file.state),
        word=line_word(line.type),
        gross=money_text(line.gross, line.currency),
        fee=money_text(line.fee, line.currency),
        net=money_text(line.net, line.currency),
    )
