"""How every verb of the desk writes: the row locked, the version checked, the entry and the event beside the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import DatabaseError

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyType,
    SettlementTerms,
    Source,
)
from orders.modifications.refusals import ChangedSince, NotAllowed, UnknownThing, refusals_on_record
from orders.modifications.situation import capability_of
from orders.permissions import permissions_of
from orders.reconciliation.closed import closed_month, hold_months
from orders.reconciliation.discrepancies.fix_facts import Asker, Facts
from orders.reconciliation.matching.linking import left_of, signed_of
from orders.reconciliation.matching.whereabouts import counting_matches

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Result = TypeVar("Result")
REASON_MAXIMUM = 500
_SHOWN = 5
_RELATED = ("account", "line", "modification", "movement", "transaction", "proposed_by", "owner")


def locked(discrepancy_id: int, by: User, *, version: int | None = None) -> Discrepancy:
    """The row for this person, held until the transaction ends. Raises UnknownThing, and ChangedSince when a version
    is given and somebody has changed the row meanwhile."""
    rows = Discrepancy.objects.of(by).select_related(*_RELATED)
    for account_id in Discrepancy.objects.filter(pk=discrepancy_id).values_list("account_id", flat=True):
        hold_months(account_id)
    row = rows.select_for_update(no_key=True, of=("self",)).filter(pk=discrepancy_id).first()
    if row is None:
        raise UnknownThing("There is no such discrepancy.", code="unknown_discrepancy")
    if version is not None and row.version != version:
        raise ChangedSince(
            f"It was changed since you opened it and is now “{row.get_state_display()}”. Nothing was done; look again.",
            changes=_changes_since(row, version),
        )
    return row


def asker_of(by: User | AnonymousUser, row: Discrepancy) -> Asker:
    """Who asks, as the rules see them."""
    return Asker(person=by.pk, permissions=permissions_of(by, row.merchant_id))


def facts_of(row: Discrepancy) -> Facts:
    """What the rules look at. The row comes with account, line, transaction and proposer loaded."""
    terms = SettlementTerms.objects.filter(account_id=row.account_id).first() or SettlementTerms()
    return Facts(
        type=row.type,
        state=row.state,
        amount=row.amount,
        difference=row.difference,
        currency=row.currency,
        accept_limit=terms.accept_limit,
        line_type=row.line.type if row.line else "",
        has_transaction=row.transaction is not None and row.transaction.named,
        reads=capability_of(row.account).reads,
        line_met=_line_met(row),
        item_met=_item_met(row),
        proposed_by=row.proposed_by_id,
        proposer=row.proposed_by.get_username() if row.proposed_by else "",
        fix=row.fix,
        month=f"{row.month:%B %Y}",
        month_closed=closed_month(row.account_id, row.month) is not None,
    )


def write(
    row: Discrepancy,
    *,
    verb: str,
    sentence: str,
    by: User,
    source: Source,
    text: str = "",
    changes: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Change the locked row, and say so in its history (`text`, else the sentence) and in the audit log."""
    fields = dict(changes or {})
    if fields:
        fields["version"] = row.version + 1
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))
    told = {"version": row.version, **(details or {})}
    DiscrepancyEntry.objects.create(
        discrepancy=row, at=database_now(), actor=by, verb=verb, text=text or sentence, details=told
    )
    audit.record(
        verb=f"discrepancy.{verb}",
        sentence=sentence,
        source=source,
        by=by,
        account=row.account,
        transaction=row.transaction,
        details={"discrepancy": row.pk, "type": row.type, **told},
    )


def attempt(work: Callable[[], Result], *, what: str, discrepancy_id: int, by: User, source: Source) -> Result:
    """Do it in one database transaction. A refusal is an event of its own and goes on to the caller; what the database
    refuses (a month closed meanwhile, a race) becomes one."""
    told = {"discrepancy": discrepancy_id}
    with refusals_on_record(f"discrepancy.{what}_refused", by=by, source=source, details=told):
        return _refereed(work)


def reason_of(text: str) -> str:
    """The reason as it is kept. Raises NotAllowed where none is given or it is too long."""
    plain = " ".join(text.split()).replace("\0", "")
    if not plain:
        raise NotAllowed("Say why; nothing was changed.", code="reason")
    if len(plain) > REASON_MAXIMUM:
        raise NotAllowed(
            f"The reason has {len(plain)} characters, {REASON_MAXIMUM} fit; nothing was changed.", code="reason"
        )
    return plain


def _refereed(work: Callable[[], Result]) -> Result:
    try:
        return in_one_transaction(work)
    except DatabaseError as error:
        if "the month is closed" not in str(error):
            raise
        raise NotAllowed(
            "Its month was closed meanwhile, so nothing was changed. Reopen the month with a reason first.",
            code="month_closed",
        ) from error


def _line_met(row: Discrepancy) -> bool:
    if row.line_id is None:
        return False
    matches = counting_matches().filter(line_id=row.line_id)
    if row.type == DiscrepancyType.SETTLED_THOUGH_FAILED:
        met = matches.values_list("movement__modification_id", flat=True)
        return any(modification_id != row.modification_id for modification_id in met)
    return matches.exists()


def _item_met(row: Discrepancy) -> bool:
    item = row.modification or row.movement
    if row.type != DiscrepancyType.OURS_NOT_THEIRS or item is None:
        return False
    return left_of(item) * signed_of(item) <= 0


def _changes_since(row: Discrepancy, version: int) -> list[str]:
    newest = DiscrepancyEntry.objects.filter(discrepancy=row).select_related("actor").order_by("-pk")[:_SHOWN]
    later = [entry for entry in newest if entry.details.get("version", 0) > version]
    return [_told(entry) for entry in reversed(later)]


def _told(entry: DiscrepancyEntry) -> str:
    who = entry.actor.get_username() if entry.actor else "The system"
    return f"{who}: {entry.text}"
