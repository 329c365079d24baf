"""Typing: after a run, everything that does not meet has one open discrepancy, and nothing else has.

Repeatable: a second time finds the same rows and changes nothing. Rows that people have closed open again only when
what is found now differs; rows of closed months are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date
from itertools import chain, islice

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    ExternalMovement,
    FileState,
    GatewayAccount,
    Match,
    Modification,
    ReconciliationRun,
    RunKind,
    RunState,
)
from orders.models.discrepancy import BESIDE
from orders.money import Money
from orders.reconciliation import evidence
from orders.reconciliation.discrepancies import typing_beside, typing_verdicts, typing_words
from orders.reconciliation.discrepancies.typing_closing import PART, groundless, stale_rests, told_otherwise
from orders.reconciliation.discrepancies.typing_overtaken import end_overtaken
from orders.reconciliation.discrepancies.typing_rows import Finding, as_uuid, keep, vanish
from orders.reconciliation.matching.candidates import Scope, nothing_to_renew
from orders.reconciliation.matching.linking import kind_of, moved_at_of, signed_of
from orders.reconciliation.matching.partings import stories
from orders.reconciliation.matching.taken_back import taken_back
from orders.reconciliation.matching.whereabouts import left_of

_AT_ONCE = 1_000
_TOLERANCE_DAYS = 5
Item = Modification | ExternalMovement


def type_leftovers(run: ReconciliationRun, *, renew: Callable[[], None] = nothing_to_renew) -> int:
    """Type what an applied run left, close what explained itself; how many discrepancies are new or changed.

    Of a file's run: its lines and those that were open before; of a night's: everything of the account that counts.
    `renew` keeps the run's turn from batch to batch, or raises when it was lost.
    """
    scope = replace(_scope_of(run), renew=renew)
    return _type(run.account, scope) + _settle(run)


def look_again(match: Match) -> int:
    """After a person linked or unlinked: type that line and those told beside its movement anew, close what is met."""
    scope = replace(_scope_of(match.run), file_ids=(), with_named=False, line_ids=_lines_about(match))
    person, did = (match.made_by, "linked") if match.ended_at is None else (match.ended_by, "took apart")
    by = f"{person.get_username() if person else 'Somebody'}, who {did} a line and a movement"
    return _type(match.run.account, scope, by) + _settle(match.run, by)


def _lines_about(match: Match) -> tuple[int, ...]:
    """The line, and counting ones whose discrepancy names the movement that this line holds now, or let go."""
    side = {"modification": match.modification_id} if match.modification_id else {"movement": match.movement_id}
    told = Discrepancy.objects.filter(account=match.account_id, line__file__state=FileState.APPLIED, **side)
    of_ground = told.exclude(state__in=(DiscrepancyState.VANISHED, DiscrepancyState.RESOLVED))
    return (match.line_id, *of_ground.values_list("line_id", flat=True))


def miss(account: GatewayAccount, items: Iterable[Item], run: ReconciliationRun | None, business_date: date) -> int:
    """Open a discrepancy for each movement whose line is overdue on that date; how many are new or open again.

    Of a movement that lines cover in part its rest is missed. The caller names only movements of which something is
    left that no discrepancy tells.
    """
    changed, rest = 0, iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        missed = _all_missed(account, some, business_date)
        changed += keep(account, run, missed, by=f"the night of {business_date:%-d %B %Y}")
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


def _type(account: GatewayAccount, scope: Scope, by: str = "") -> int:
    changed, apart = 0, stories(account.pk)
    unmet = ([_with_story(finding, apart) for finding in batch] for batch in typing_verdicts.findings(scope))
    batches: Iterator[Sequence[Finding]] = chain(unmet, typing_beside.findings(scope))
    for batch in batches:
        scope.renew()
        of_lines = [finding for finding in batch if finding.type not in BESIDE]
        vanish(told_otherwise(of_lines), run=scope.run, by=by)
        changed += keep(account, scope.run, batch, by=by)
        _tell_of_failed(batch)
    return changed


def _tell_of_failed(batch: Sequence[Finding]) -> None:
    paid = (one for one in batch if one.type == DiscrepancyType.SETTLED_THOUGH_FAILED)
    evidence.tell_of_failed(
        {one.line_id: as_uuid(one.modification_id) for one in paid if one.line_id and one.modification_id}
    )


def _settle(run: ReconciliationRun, by: str = "") -> int:
    """What typing leaves behind: what has no ground ends, also where people had decided, and rests are told anew."""
    return _close(run, by) + end_overtaken(run, by=by) + _restate(run, by)


def _close(run: ReconciliationRun, by: str = "") -> int:
    closed, rest = 0, iter(groundless(run.account_id, run.pk))
    while batch := list(islice(rest, _AT_ONCE)):
        closed += vanish(batch, run=run, by=by)
    return closed


def _restate(run: ReconciliationRun, by: str = "") -> int:
    """What is missed of movements that met in part says how much is left now; who proposed to give up another amount
    begins anew."""
    changed, rest = 0, iter(stale_rests(run.account_id))
    while some := list(islice(rest, _AT_ONCE)):
        vanish([(one.row_id, PART) for one in some if one.waits], run=run, by=by)
        ours = [one.modification_id for one in some if one.modification_id is not None]
        theirs = [one.movement_id for one in some if one.movement_id is not None]
        items: list[Item] = [*Modification.objects.filter(pk__in=ours), *ExternalMovement.objects.filter(pk__in=theirs)]
        changed += keep(run.account, run, _all_missed(run.account, items, run.business_date), by=by)
    return changed


def _all_missed(account: GatewayAccount, items: Sequence[Item], business_date: date) -> list[Finding]:
    back, left = taken_back({item.transaction_id for item in items}), left_of(items)
    told = {f"item:{key}": one.sentence for key, one in back.items()} | stories(account.pk)
    missed = [_missed(item, left[item.pk], business_date) for item in items if left.get(item.pk, 0) > 0]
    return [_with_story(finding, told) for finding in missed]


def _with_story(finding: Finding, told: Mapping[str, str]) -> Finding:
    """What became of the line or the movement before stands beside what does not meet."""
    story = told.get(finding.key)
    return replace(finding, sentence=typing_words.with_story(finding.sentence, story)) if story else finding


def _missed(item: Item, left: int, business_date: date) -> Finding:
    signed, moved_on = signed_of(item), moved_at_of(item).astimezone(UTC).date()
    modification_id = item.pk if isinstance(item, Modification) else None
    movement_id = item.pk if isinstance(item, ExternalMovement) else None
    reference = item.gateway_reference
    whole, rest = Money(abs(signed), item.currency), Money(left, item.currency)
    return Finding(
        key=typing_words.item_key(modification_id, movement_id),
        type=DiscrepancyType.OURS_NOT_THEIRS,
        modification_id=modification_id,
        movement_id=movement_id,
        transaction_id=item.transaction_id,
        reference=reference,
        amount=left,
        difference=left if signed < 0 else -left,
        currency=item.currency,
        sentence=typing_words.of_missed(kind_of(item), whole, reference, moved_on, rest=rest),
        occurred_on=min(moved_on, business_date),
    )
