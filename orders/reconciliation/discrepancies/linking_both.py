"""Linking a discrepancy's line with a movement, and ending what was open about either side because they had not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orders.database import database_now
from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, Match, RunState, Source
from orders.modifications.refusals import NotAllowed
from orders.money import Money
from orders.reconciliation.discrepancies.writing import REASON_MAXIMUM, write
from orders.reconciliation.matching.linking import REASON_MAXIMUM as LINK_REASON_MAXIMUM
from orders.reconciliation.matching.linking import left_of, link, signed_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_DIGITS = 18
_OF_LINES = (DiscrepancyType.THEIRS_NOT_OURS, DiscrepancyType.AMBIGUOUS)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A line and the movement of ours that it is: one of the last two."""

    line_id: int
    modification_id: UUID | None = None
    movement_id: int | None = None

    @property
    def item_key(self) -> str:
        """The key of the discrepancy that says the movement has no line."""
        return f"item:{self.modification_id or f'm{self.movement_id}'}"


def pair_of(row: Discrepancy, details: Mapping[str, Any]) -> Pair:
    """The two sides, one of them from the discrepancy, the other as a person chose it. Raises NotAllowed."""
    if row.type == DiscrepancyType.OURS_NOT_THEIRS:
        line_id = _number(details.get("line"))
        if line_id is None:
            raise NotAllowed("Choose the line that is this movement; nothing was linked.", code="details")
        return Pair(line_id=line_id, modification_id=row.modification_id, movement_id=row.movement_id)
    modification_id, movement_id = _uuid(details.get("modification")), _number(details.get("movement"))
    if row.line_id is None or (modification_id is None) == (movement_id is None):
        raise NotAllowed("Choose the one movement that the line is; nothing was linked.", code="details")
    return Pair(line_id=row.line_id, modification_id=modification_id, movement_id=movement_id)


def link_both(row: Discrepancy, details: Mapping[str, Any], *, reason: str, by: User, source: Source) -> Match:
    """Link the two sides of a locked discrepancy, and close the other discrepancies that say one of them met nothing.

    A movement of which a part is left without a line stays missed. Runs in the caller's database transaction; the
    discrepancy itself is the caller's to close. Raises Refused.
    """
    pair = pair_of(row, details)
    match = _met_by_a_run(row, pair) or link(
        pair.line_id,
        modification_id=pair.modification_id,
        movement_id=pair.movement_id,
        by=by,
        reason=reason[:LINK_REASON_MAXIMUM],
        source=source,
    )
    item = match.modification or match.movement
    assert item is not None
    left = left_of(item)
    in_part = left * signed_of(item) > 0
    if in_part and row.type == DiscrepancyType.OURS_NOT_THEIRS:
        raise NotAllowed(
            f"{Money(abs(left), item.currency)} of the movement would still have no line, so nothing was linked. "
            "Link its lines one by one from their own pages, or accept the difference.",
            code="part",
        )
    _close_the_other_side(row, pair, whole=not in_part, reason=reason, by=by, source=source)
    return match


def _met_by_a_run(row: Discrepancy, pair: Pair) -> Match | None:
    """The night matches a line that contradicts a failed modification with what its evidence has stored."""
    if row.type != DiscrepancyType.SETTLED_THOUGH_FAILED:
        return None
    matches = Match.objects.filter(line_id=pair.line_id, movement_id=pair.movement_id, ended_at__isnull=True)
    return matches.filter(run__state=RunState.APPLIED).select_related("modification", "movement").first()


def _close_the_other_side(row: Discrepancy, pair: Pair, *, whole: bool, reason: str, by: User, source: Source) -> None:
    unsettled = Discrepancy.objects.unsettled().filter(account_id=row.account_id).exclude(pk=row.pk)
    of_line = unsettled.filter(line_id=pair.line_id, type__in=_OF_LINES)
    of_item = unsettled.filter(key=pair.item_key, type=DiscrepancyType.OURS_NOT_THEIRS)
    ids = [*of_line.values_list("pk", flat=True), *(of_item.values_list("pk", flat=True) if whole else ())]
    rows = Discrepancy.objects.filter(pk__in=ids).select_related("account", "transaction").order_by("pk")
    for other in rows.select_for_update(no_key=True, of=("self",)):
        said = f"The line and the movement were linked: {reason}"
        changes = {
            "state": DiscrepancyState.RESOLVED,
            "closed_at": database_now(),
            "closed_by": by,
            "fix": "link",
            "resolution": said[:REASON_MAXIMUM],
        }
        write(other, verb="link", sentence=said, by=by, source=source, changes=changes)


def _number(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
