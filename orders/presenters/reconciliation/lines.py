"""Lines of a settlement file: rows beside what they met, and one line's page with its whole history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    FileState,
    Match,
    Rule,
    RunState,
    SettlementFile,
    SettlementLine,
)
from orders.presenters.paging import cut
from orders.presenters.reconciliation.words import line_word
from orders.reconciliation.figures import NEEDS_AN_ITEM
from orders.templatetags.presentation import kind_word, money_text

ROWS_PER_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Met:
    """What a line met: whose movement, by which rule, and whether the match counts."""

    match: Match
    title: str
    rule: str
    counts: bool

    @property
    def ended(self) -> bool:
        """Whether a person or a later file has taken the line and the movement apart again."""
        return self.match.ended_at is not None


@dataclass(frozen=True, kw_only=True)
class LineRow:
    """One line as texts, with what it met and what does not fit."""

    line: SettlementLine
    word: str
    gross: str
    fee: str
    net: str
    met: tuple[Met, ...]
    discrepancies: tuple[Discrepancy, ...]
    tone: str
    verdict: str


@dataclass(frozen=True, kw_only=True)
class LinePage:
    """Lines of a file from a number on; `after` leads to the next page and is empty on the last."""

    rows: tuple[LineRow, ...]
    after: str
    first: bool


def lines_of(file: SettlementFile, *, after: int | None) -> LinePage:
    """Lines behind a number, in the order of the file, in three queries however long the file is."""
    rows = SettlementLine.objects.filter(file_id=file.pk).order_by("number")
    if after is not None:
        rows = rows.filter(number__gt=after)
    shown = cut(rows, ROWS_PER_PAGE, place=lambda row: str(row.number))
    return LinePage(
        rows=line_rows(shown.rows, file.state),
        after=shown.after,
        first=after is None,
    )


def line_rows(lines: Sequence[SettlementLine], state: str) -> tuple[LineRow, ...]:
    """The lines with what they met and what does not fit, in two queries; `state` is their file's."""
    ids = [line.pk for line in lines]
    matches = list(
        Match.objects.filter(line_id__in=ids, ended_at__isnull=True)
        .exclude(run__state__in=[RunState.TRIAL, RunState.ABANDONED])
        .select_related("run", "modification", "movement")
        .order_by("pk")
    )
    discrepancies = list(Discrepancy.objects.filter(line_id__in=ids).order_by("pk"))
    return tuple(
        _row(
            line,
            state,
            met=[met_of(one, state) for one in matches if one.line_id == line.pk],
            discrepancies=[one for one in discrepancies if one.line_id == line.pk],
        )
        for line in lines
    )


def met_of(match: Match, file_state: str) -> Met:
    """The match with its run, modification and movement loaded."""
    side = match.modification or match.movement
    assert side is not None
    whose = "" if match.modification else " at the gateway"
    kind = getattr(side, "executed_kind", "") or side.kind
    return Met(
        match=match,
        title=f"{kind_word(kind)} of {money_text(match.amount, side.currency)}{whose}",
        rule=str(Rule(match.rule).label),
        counts=match.ended_at is None and match.run.state == RunState.APPLIED and file_state == FileState.APPLIED,
    )


def history_of(line: SettlementLine) -> tuple[Met, ...]:
    """Every match of the line, the ended ones too, newest first."""
    rows = (
        Match.objects.filter(line=line)
        .exclude(run__state=RunState.TRIAL)
        .select_related("run", "modification", "movement", "made_by", "ended_by")
        .order_by("-pk")
    )
    return tuple(met_of(row, line.file.state) for row in rows)


def unsettled(discrepancies: Iterable[Discrepancy]) -> list[Discrepancy]:
    """Those that still need somebody."""
    return [one for one in discrepancies if one.state in (DiscrepancyState.OPEN, DiscrepancyState.WAITING)]


def _row(line: SettlementLine, state: str, *, met: Sequence[Met], discrepancies: Sequence[Discrepancy]) -> LineRow:
    tone, verdict = _verdict(line, state, met=met, discrepancies=discrepancies)
    return LineRow(
        line=line,
        word=line_word(line.type),
        gross=money_text(line.gross, line.currency),
        fee=money_text(line.fee, line.currency),
        net=money_text(line.net, line.currency),
        met=tuple(met),
        discrepancies=tuple(discrepancies),
        tone=tone,
        verdict=verdict,
    )


def _verdict(
    line: SettlementLine, state: str, *, met: Sequence[Met], discrepancies: Sequence[Discrepancy]
) -> tuple[str, str]:
    """The line in two words: whether it met, and whether somebody must look."""
    if state != FileState.APPLIED:
        return "quiet", "Does not count"
    if line.overlap:
        return "quiet", "Counted before"
    if unsettled(discrepancies):
        return "careful", "Look at it"
    if met:
        return "good", "Met"
    if discrepancies:
        return "quiet", "Settled"
    return ("busy", "Nothing met yet") if line.type in NEEDS_AN_ITEM else ("quiet", "Needs nothing")
