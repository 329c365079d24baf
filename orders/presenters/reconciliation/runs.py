"""Runs of the reconciliation: the list, and what one run came to by rule and by type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from orders.models import DiscrepancyType, LineType, ReconciliationRun, Rule, RunState
from orders.presenters.paging import cut
from orders.presenters.reconciliation.charts import shares
from orders.presenters.reconciliation.words import RUN_TONES, added, line_word
from orders.templatetags.presentation import money_text, span_text

ROWS_PER_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run in the list, as texts."""

    run: ReconciliationRun
    tone: str
    word: str
    title: str
    matches: str
    discrepancies: str
    lasted: str


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """One page of the list; `after` leads to the next one and is empty on the last."""

    account: int | None
    rows: tuple[RunRow, ...]
    after: str
    first: bool

    @property
    def query(self) -> str:
        """The choice of account in an address."""
        return f"account={self.account}" if self.account else ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of a run's figures. `code` is the rule or type; `length` that of its bar."""

    code: str
    label: str
    count: int
    values: tuple[str, ...]
    """One for each currency."""
    length: int


@dataclass(frozen=True, kw_only=True)
class RunFigures:
    """What a run came to."""

    lines: tuple[Figure, ...]
    matches: tuple[Figure, ...]
    discrepancies: tuple[Figure, ...]


def page_of(runs: QuerySet[ReconciliationRun], *, account: int | None, after: int | None) -> RunPage:
    """Runs before the id `after`, newest first, in one query."""
    rows = runs if account is None else runs.filter(account_id=account)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    related = rows.select_related("account", "merchant", "file", "started_by")
    shown = cut(related.order_by("-pk"), ROWS_PER_PAGE)
    return RunPage(
        account=account,
        rows=tuple(row_of(run) for run in shown.rows),
        after=shown.after,
        first=after is None,
    )


def row_of(run: ReconciliationRun) -> RunRow:
    """The run with its file loaded."""
    figures = figures_of(run)
    return RunRow(
        run=run,
        tone=RUN_TONES[RunState(run.state)],
        word=run.get_stage_display() if run.state == RunState.RUNNING else run.get_state_display(),
        title=run.file.name if run.file is not None else run.get_kind_display(),
        matches=f"{sum(one.count for one in figures.matches):,}",
        discrepancies=f"{sum(one.count for one in figures.discrepancies):,}",
        lasted=span_text(run.finished_at - run.started_at) if run.finished_at else "",
    )


def figures_of(run: ReconciliationRun) -> RunFigures:
    """The figures that the run wrote at its end; nothing while it has not."""
    figures: dict[str, Any] = run.figures if isinstance(run.figures, dict) else {}
    return RunFigures(
        lines=_typed(_table(figures, "lines"), list(LineType.values), "lines", "gross", line_word),
        matches=_rules(_table(figures, "matches")),
        discrepancies=_typed(
            _table(figures, "discrepancies"), list(DiscrepancyType.values), "count", "amount", discrepancy_word
        ),
    )


def discrepancy_word(type_: str) -> str:
    """The word for a discrepancy's type; an unknown one as it stands."""
    return str(DiscrepancyType(type_).label) if type_ in DiscrepancyType.values else type_


def _typed(table: Mapping[str, Any], order: list[str], count: str, value: str, word: Any) -> tuple[Figure, ...]:
    codes = [code for code in order if isinstance(table.get(code), dict)]
    counts = [sum(added([table[code]], count).values()) for code in codes]
    return tuple(
        Figure(
            code=code, label=word(code), count=number, values=_by_currency(added([table[code]], value)), length=length
        )
        for code, number, length in zip(codes, counts, shares(counts), strict=True)
    )


def _by_currency(sums: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(money_text(amount, currency) for currency, amount in sorted(sums.items()))


def _rules(table: Mapping[str, Any]) -> tuple[Figure, ...]:
    codes = [rule.value for rule in Rule if isinstance(table.get(rule.value), int)]
    counts = [int(table[code]) for code in codes]
    return tuple(
        Figure(code=code, label=str(Rule(code).label), count=number, values=(), length=length)
        for code, number, length in zip(codes, counts, shares(counts), strict=True)
    )


def _table(figures: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = figures.get(name)
    return table if isinstance(table, dict) else {}
