"""One line's page and one match's page: what the file says, what it met and why, and what else it could be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from orders.models import ExternalMovement, Match, Modification, SettlementLine, Transaction
from orders.presenters.reconciliation.lines import LineRow, Met, history_of, line_rows, met_of
from orders.presenters.reconciliation.original import Original, original_of
from orders.reconciliation.figures import NEEDS_AN_ITEM
from orders.reconciliation.matching.explain import Plan, explain
from orders.templatetags.presentation import kind_word, money_text

CANDIDATES_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A movement of the transaction that the line names; `word` is what links it, typed or copied."""

    word: str
    title: str
    state: str
    modification: Modification | None


@dataclass(frozen=True, kw_only=True)
class LinePage:
    """Everything that the page of a line shows."""

    row: LineRow
    facts: tuple[tuple[str, str], ...]
    original: Original
    history: tuple[Met, ...]
    candidates: tuple[Candidate, ...]
    may_link: bool
    """Whether the line moves money and has met nothing yet. The verb asks its own rule again."""


@dataclass(frozen=True, kw_only=True)
class MatchPage:
    """Everything that the page of a match shows."""

    met: Met
    plan: Plan
    runner_up: Modification | None
    line_word: str
    line_gross: str


def line_page_of(line: SettlementLine, *, today: date) -> LinePage:
    """The line with its file, the file's merchant and profile loaded."""
    (row,) = line_rows([line], line.file.state)
    may_link = line.type in NEEDS_AN_ITEM and not row.met and row.verdict not in ("Does not count", "Counted before")
    return LinePage(
        row=row,
        facts=_facts(line),
        original=original_of(line, today=today),
        history=history_of(line),
        candidates=_candidates(line) if may_link else (),
        may_link=may_link,
    )


def match_page_of(match: Match) -> MatchPage:
    """The match with its line, the line's file, its run and our side loaded."""
    (row,) = line_rows([match.line], match.line.file.state)
    second = None
    if match.runner_up is not None:
        second = Modification.objects.filter(pk=match.runner_up, account_id=match.account_id).first()
    return MatchPage(
        met=met_of(match, match.line.file.state),
        plan=explain(match),
        runner_up=second,
        line_word=row.word,
        line_gross=row.gross,
    )


def _facts(line: SettlementLine) -> tuple[tuple[str, str], ...]:
    """What the line says, normalised; what it does not say is left out."""
    before = ""
    if line.original_amount is not None and line.original_currency:
        before = money_text(line.original_amount, line.original_currency)
    told = (
        ("Reconciliation reference", line.reference),
        ("Transaction", line.transaction_reference),
        ("Gateway id", line.gateway_id),
        ("Our reference", line.custom_reference),
        ("Payout", line.payout_reference),
        ("Before conversion", before),
        ("Text", line.text),
    )
    return tuple((name, value) for name, value in told if value)


def _candidates(line: SettlementLine) -> tuple[Candidate, ...]:
    """Movements of the transaction that the line names, whatever kind and amount they have."""
    if not line.transaction_reference:
        return ()
    transaction = Transaction.objects.filter(account_id=line.account_id, reference=line.transaction_reference).first()
    if transaction is None:
        return ()
    modifications = (
        Modification.objects.filter(transaction=transaction).exclude(kind="cancel").order_by("-requested_at")
    )
    movements = ExternalMovement.objects.filter(transaction=transaction).order_by("-pk")
    return (
        *(
            _modification(one)
            for one in modifications.defer("body", "headers").order_by("-requested_at")[:CANDIDATES_SHOWN]
        ),
        *(_movement(one) for one in movements[:CANDIDATES_SHOWN]),
    )


def _modification(one: Modification) -> Candidate:
    amount = one.amount if one.executed_amount is None else one.executed_amount
    title = f"{kind_word(one.executed_kind or one.kind)} of {money_text(amount, one.currency)}"
    return Candidate(word=str(one.pk), title=title, state=one.get_state_display(), modification=one)


def _movement(one: ExternalMovement) -> Candidate:
    title = f"{kind_word(one.kind)} of {money_text(one.amount, one.currency)} at the gateway"
    state = "in our books" if one.booked else "not in our books"
    return Candidate(word=str(one.pk), title=title, state=state, modification=None)
