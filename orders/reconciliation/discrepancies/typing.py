"""Typing: after a run, everything that does not meet has one open discrepancy, and nothing else has.

Repeatable: a second time finds the same rows and changes nothing. Rows that people have closed open again only when
what is found now differs; rows of closed months are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date
from itertools import chain, islice

from orders.models import (
    DiscrepancyType,
    ExternalMovement,
    GatewayAccount,
    Match,
    Modification,
    ReconciliationRun,
    RunKind,
    RunState,
)
from orders.money import Money
from orders.reconciliation.discrepancies import typing_beside, typing_verdicts, typing_words
from orders.reconciliation.discrepancies.typing_closing import groundless, told_otherwise
from orders.reconciliation.discrepancies.typing_rows import Finding, keep, vanish
from orders.reconciliation.matching.candidates import Scope
from orders.reconciliation.matching.linking import kind_of, moved_at_of, signed_of

_AT_ONCE = 500
_TOLERANCE_DAYS = 5
Item = Modification | ExternalMovement


def type_leftovers(run: ReconciliationRun) -> int:
    """Type what an applied run left, close what explained itself; how many discrepancies are new or changed.

    Of a file's run: its lines and those that were open before; of a night's: everything of the account that counts.
    """
    scope = _scope_of(run)
    return _type(run.account, scope) + _close(run)


def look_again(match: Match) -> int:
    """After a person linked or unlinked: type that one line anew, and close what it explains."""
    scope = replace(_scope_of(match.run), file_ids=(), with_named=False, line_ids=(match.line_id,))
    return _type(match.run.account, scope) + _close(match.run)


def miss(account: GatewayAccount, items: Iterable[Item], run: ReconciliationRun | None, business_date: date) -> int:
    """Open a discrepancy for each movement whose line is overdue on that date; how many are new or open again.

    The caller names only movements that no counting line meets and no other open discrepancy names.
    """
    found = (_missed(item, business_date) for item in items)
    changed, rest = 0, iter(found)
    while batch := list(islice(rest, _AT_ONCE)):
        changed += keep(account, run, batch)
    return changed


def _scope_of(run: ReconciliationRun) -> Scope:
    assert run.state == RunState.APPLIED, "only what counts is typed"
    profile = run.profile
    file_ids = (run.file_id,) if run.kind == RunKind.FILE and run.file_id is not None else ()
    return Scope(
        run=run,
        file_ids=file_ids,
        with_named=bool(file_ids),
        tolerance_minor=profile.tolerance_minor if profile else 0,
        tolerance_days=profile.tolerance_days if profile else _TOLERANCE_DAYS,
    )


def _type(account: GatewayAccount, scope: Scope) -> int:
    changed = 0
    batches: Iterator[Sequence[Finding]] = chain(typing_verdicts.findings(scope), typing_beside.findings(scope))
    for batch in batches:
        of_lines = [finding for finding in batch if finding.type not in _BESIDE]
        vanish(told_otherwise(of_lines))
        changed += keep(account, scope.run, batch)
    return changed


_BESIDE = (DiscrepancyType.FEE, DiscrepancyType.LATE)


def _close(run: ReconciliationRun) -> int:
    closed, rest = 0, iter(groundless(run.account_id, run.pk))
    while batch := list(islice(rest, _AT_ONCE)):
        closed += vanish(batch)
    return closed


def _missed(item: Item, business_date: date) -> Finding:
    signed, moved_on = signed_of(item), moved_at_of(item).astimezone(UTC).date()
    modification_id = item.pk if isinstance(item, Modification) else None
    movement_id = item.pk if isinstance(item, ExternalMovement) else None
    reference = item.gateway_reference
    return Finding(
        key=typing_words.item_key(modification_id, movement_id),
        type=DiscrepancyType.OURS_NOT_THEIRS,
        modification_id=modification_id,
        movement_id=movement_id,
        transaction_id=item.transaction_id,
        reference=reference,
        amount=abs(signed),
        difference=-signed,
        currency=item.currency,
        sentence=typing_words.of_missed(kind_of(item), Money(abs(signed), item.currency), reference, moved_on),
        occurred_on=min(moved_on, business_date),
    )
