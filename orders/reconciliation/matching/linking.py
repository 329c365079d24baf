"""A person says that a line and a movement are the same money, or that they are not. Nothing is ever unwritten."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import OperationalError

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import (
    Discrepancy,
    ExternalMovement,
    FileState,
    Match,
    Modification,
    ModificationState,
    ReconciliationRun,
    Rule,
    RunKind,
    RunStage,
    RunState,
    SettlementLine,
    Source,
)
from orders.modifications.refusals import Refused, UnknownThing
from orders.money import Money
from orders.permissions import permissions_of
from orders.reconciliation.closed import closed_month, hold_months
from orders.reconciliation.matching import whereabouts
from orders.reconciliation.matching.candidates import MOVING

if TYPE_CHECKING:
    from django.contrib.auth.models import User

REASON_MAXIMUM = 300
Item = Modification | ExternalMovement


def link(
    line_id: int,
    *,
    modification_id: UUID | None = None,
    movement_id: int | None = None,
    by: User,
    reason: str,
    source: Source = Source.PAGE,
) -> Match:
    """Match a line with one movement of its account by a person's word: a run of its own, applied at once.

    A line may be a part of the movement; what is left of it stays on the way. Raises UnknownThing for what this person
    may not see, and Refused with a sentence.
    """

    def write() -> Match:
        line = _line(line_id, by)
        _refuse_while_matching(line.account_id)
        item = _item(line, modification_id, movement_id)
        no = why_not_link(line, item, reason=reason, left=left_of(item), met=_is_met(line))
        if no:
            raise Refused(no, code="cannot_link")
        match = _matched(line, item, by)
        _record(
            "linked a settlement line", f"Linked line {line} with {_words(item)}: {reason.strip()}", match, by, source
        )
        return match

    return in_one_transaction(write)


def unlink(match_id: int, *, by: User, reason: str, source: Source = Source.PAGE) -> Match:
    """End a counting match, a machine's or a person's; it stays in the history. The line is looked at again afterwards.

    Raises UnknownThing and Refused like `link`.
    """

    def write() -> Match:
        found = Match.objects.filter(pk=match_id).select_related("line").first()
        line = _line(found.line_id if found else 0, by)
        match = Match.objects.select_for_update().select_related("run").get(pk=match_id)
        no = why_not_unlink(match, line, reason=reason)
        if no:
            raise Refused(no, code="cannot_unlink")
        end(match, line, by=by, reason=reason, source=source)
        return match

    return in_one_transaction(write)


def end(match: Match, line: SettlementLine, *, by: User | None, reason: str, source: Source) -> None:
    """Let a match count no longer, by a person's word or, without one, by what became known; the caller has asked
    `why_not_unlink` and holds its row."""
    match.ended_at, match.ended_by = database_now(), by
    match.ended_reason = reason.strip()[:REASON_MAXIMUM]
    match.save(update_fields=["ended_at", "ended_by", "ended_reason"])
    sentence = f"Took line {line} apart from its movement: {reason.strip()}"
    _record("unlinked a settlement line", sentence, match, by, source)


def left_of(item: Item) -> int:
    """Signed minor units of a movement that no counting line covers yet."""
    left = whereabouts.left_of([item])[item.pk]
    return left if signed_of(item) > 0 else -left


def signed_of(item: Item) -> int:
    """What moved, by the merchant's sign."""
    amount = item.amount
    if isinstance(item, Modification) and item.executed_amount is not None:
        amount = item.executed_amount
    return amount if kind_of(item) == "capture" else -amount


def kind_of(item: Item) -> str:
    """Capture, refund or chargeback; a void and a cancellation that became one are refunds."""
    if isinstance(item, ExternalMovement):
        return item.kind
    return "capture" if item.kind == "capture" else "refund"


def moved_at_of(item: Item) -> datetime:
    """When it moved, as far as anybody knows."""
    if isinstance(item, ExternalMovement):
        return item.moved_at or item.seen_at
    return item.gateway_at or item.finished_at or item.last_sent_at or item.requested_at


def why_not_link(line: SettlementLine, item: Item, *, reason: str, left: int, met: bool) -> str:
    """The rule behind `link`: empty, or a sentence."""
    if not reason.strip():
        return "Say why they belong together. Nothing was linked."
    if line.overlap or line.file.state != FileState.APPLIED:
        return "This line does not count: its file was replaced, or another file holds it already. Nothing was linked."
    if f"'{line.type}'" not in MOVING:
        return (
            f"A line of type “{line.get_type_display()}” stands for itself and meets no movement. Nothing was linked."
        )
    if closed := _closed_with(line):
        return f"The line's discrepancy was closed with {closed}. Reopen the month first; nothing was linked."
    if met:
        return "This line has met a movement already. Take them apart first; nothing was linked."
    if isinstance(item, Modification) and not _may_have_moved(item):
        return "Our books say that this moved no money. Ask the gateway, or adopt the line instead; nothing was linked."
    if line.currency != item.currency:
        return (
            f"The line is in {line.currency}, the movement in {item.currency}. They cannot be one; nothing was linked."
        )
    if (line.gross < 0) != (signed_of(item) < 0):
        return "One gives money, the other takes it. They cannot be the same movement; nothing was linked."
    if left * signed_of(item) <= 0:
        return "Lines cover this movement already, to the last minor unit. Nothing was linked."
    if abs(line.gross) > abs(left):
        said, rest = Money(abs(line.gross), line.currency), Money(abs(left), line.currency)
        return (
            f"The line says {said}, of the movement {rest} is left. Accept the difference instead; nothing was linked."
        )
    return ""


def why_not_unlink(match: Match, line: SettlementLine, *, reason: str) -> str:
    """The rule behind `unlink`: empty, or a sentence."""
    if not reason.strip():
        return "Say why they do not belong together. Nothing was changed."
    if match.ended_at is not None or match.run.state != RunState.APPLIED:
        return "This match does not count any more. Nothing was changed."
    closed = closed_month(line.account_id, match.run.business_date)
    if closed is not None:
        return f"{closed.month:%B %Y} is closed, and the match with it. Reopen the month first; nothing was changed."
    if closed_with := _closed_with(line):
        return (
            f"The line's discrepancy was closed with {closed_with} and could not open anew. Reopen the month first; "
            "nothing was changed."
        )
    return ""


def _closed_with(line: SettlementLine) -> str:
    """The closed month, in words, that tells of the line in a discrepancy; empty when none does."""
    for month in Discrepancy.objects.filter(line=line).values_list("month", flat=True):
        if closed_month(line.account_id, month) is not None:
            return f"{month:%B %Y}"
    return ""


def _may_have_moved(item: Modification) -> bool:
    if item.kind == "cancel_or_refund":
        return item.state == ModificationState.SUCCEEDED and item.executed_kind == "refund"
    moved = (
        ModificationState.SUCCEEDED,
        ModificationState.UNKNOWN,
        ModificationState.PENDING,
        ModificationState.REVIEW,
    )
    return item.kind in ("capture", "refund", "void") and item.state in moved


def _line(line_id: int, by: User) -> SettlementLine:
    for account_id in SettlementLine.objects.filter(pk=line_id).values_list("account_id", flat=True):
        hold_months(account_id)
    line = (
        SettlementLine.objects.select_for_update(of=("self",))
        .select_related("file__account")
        .filter(pk=line_id)
        .first()
    )
    if line is None or "view" not in permissions_of(by, line.file.merchant_id):
        raise UnknownThing("There is no such line; nothing was linked.", code="unknown_line")
    if "reconcile" not in permissions_of(by, line.file.merchant_id):
        raise Refused(
            "You do not have the “reconcile” permission. Ask an administrator of your merchant for it.",
            code="no_permission",
        )
    return line


def _refuse_while_matching(account_id: int) -> None:
    """A run that is choosing just now would take the same movement a second time. Runs that have not begun to choose
    wait until this link stands, and see it."""
    running = ReconciliationRun.objects.filter(account=account_id, state=RunState.RUNNING)
    try:
        stages = list(running.select_for_update(nowait=True, no_key=True).values_list("stage", flat=True))
    except OperationalError:
        stages = [RunStage.MATCHING.value]
    if RunStage.MATCHING in stages:
        raise Refused(
            "The lines of this account are being matched just now; nothing was linked. Try again in a minute.",
            code="busy",
        )


def _item(line: SettlementLine, modification_id: UUID | None, movement_id: int | None) -> Item:
    item: Item | None
    if modification_id is not None:
        item = Modification.objects.filter(pk=modification_id, account_id=line.account_id).first()
    else:
        item = ExternalMovement.objects.filter(pk=movement_id or 0, account_id=line.account_id).first()
    if item is None:
        raise UnknownThing("This account has no such movement. Nothing was linked.", code="unknown_item")
    return item


def _is_met(line: SettlementLine) -> bool:
    return Match.objects.filter(line=line, ended_at__isnull=True, run__state=RunState.APPLIED).exists()


def _matched(line: SettlementLine, item: Item, by: User) -> Match:
    now = database_now()
    run = ReconciliationRun.objects.create(
        merchant_id=line.file.merchant_id,
        account_id=line.account_id,
        kind=RunKind.PERSON,
        business_date=now.date(),
        state=RunState.APPLIED,
        stage=RunStage.DONE,
        started_by=by,
        started_at=now,
        finished_at=now,
    )
    return Match.objects.create(
        account_id=line.account_id,
        run=run,
        line=line,
        modification=item if isinstance(item, Modification) else None,
        movement=item if isinstance(item, ExternalMovement) else None,
        transaction_id=item.transaction_id,
        rule=Rule.PERSON,
        amount=abs(line.gross),
        days_apart=max(-32_000, min(32_000, (line.booked_on - moved_at_of(item).date()).days)),
        made_by=by,
    )


def _words(item: Item) -> str:
    return f"the {kind_of(item)} of {Money(abs(signed_of(item)), item.currency)}"


def _record(verb: str, sentence: str, match: Match, by: User | None, source: Source) -> None:
    audit.record(
        verb=verb,
        sentence=sentence[:600],
        source=source,
        by=by,
        merchant=match.run.merchant,
        transaction=match.transaction,
        modification=match.modification,
        details={"match": match.pk, "line": match.line_id},
    )
