"""How much of a movement of ours lines cover, and which discrepancy says where the rest of it is.

One rule for the balance, for what is missed and for typing; fragments as in `sql`, without parameters. A rest is told

by a line     that names the movement and says something else (`tells_by_line`): it counts and met nothing, and no
              other line is the movement; it tells of the whole movement
by its lack   (`misses`): of so much as is left, and only where no line tells; at most what the discrepancy says, so
              that what is left besides is missed again
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL

from orders.models import DiscrepancyType, ExternalMovement, FileState, Match, Modification, RunState
from orders.models.discrepancy import STANDING as _STANDING
from orders.models.discrepancy import TELL_BY_LINE
from orders.reconciliation.matching import sql

STANDING, BY_LINE = sql.one_of(_STANDING), sql.one_of(TELL_BY_LINE)
MISSED = DiscrepancyType.OURS_NOT_THEIRS.value
COVERS = "(CASE WHEN {x}.rule = 'payout' THEN 0 ELSE {l}.gross - {x}.difference END)"
"""What of a movement the line `l` of a match `x` covers, by the merchant's sign; what a payout pays has no sign."""
PAYS = "(CASE WHEN {x}.rule = 'payout' THEN {x}.amount ELSE 0 END)"


def counts(alias: str) -> str:
    """A match counts, whoever asks."""
    return sql.counting_match(alias) % {"run": 0}


def counting_matches() -> QuerySet[Match]:
    """The same for queries: matches of applied runs that have not ended and whose line counts."""
    return Match.objects.filter(
        ended_at__isnull=True, run__state=RunState.APPLIED, line__file__state=FileState.APPLIED, line__overlap=False
    )


def covered(column: str, item: str, capture: str) -> str:
    """Signed minor units of a movement `item` that counting lines cover; `capture` says that money comes in.

    `column` is the match's: `modification_id` or `movement_id`. By the transaction first, as matches are indexed.
    """
    covers, pays = COVERS.format(x="wx", l="wl"), PAYS.format(x="wx")
    return (
        f"COALESCE((SELECT sum({covers} + CASE WHEN {capture} THEN {pays} ELSE -{pays} END) FROM orders_match wx "  # noqa: S608
        f"JOIN orders_settlementline wl ON wl.id = wx.line_id WHERE wx.transaction_id = {item}.transaction_id "
        f"AND wx.{column} = {item}.id AND {counts('wx')}), 0)"
    )


def left_of_modification(m: str) -> str:
    """Minor units of a modification that no counting line covers; negative where lines say more than moved."""
    return _left(covered("modification_id", m, f"{m}.kind = 'capture'"), sql.MODIFICATION_SIGNED.replace("m.", f"{m}."))


def left_of_movement(e: str) -> str:
    """The same of an external movement."""
    return _left(covered("movement_id", e, f"{e}.kind = 'capture'"), sql.MOVEMENT_SIGNED.replace("e.", f"{e}."))


def left_of_its(d: str) -> str:
    """The same of the movement that the discrepancy `d` is about; NULL where it is about none."""
    return (
        f"(CASE WHEN {d}.modification_id IS NOT NULL THEN (SELECT {left_of_modification('lm')} "  # noqa: S608
        f"FROM orders_modification lm WHERE lm.id = {d}.modification_id) ELSE (SELECT {left_of_movement('le')} "
        f"FROM orders_externalmovement le WHERE le.id = {d}.movement_id) END)"
    )


def line_met(d: str) -> str:
    """The line of the discrepancy `d` is a movement of ours."""
    return f"EXISTS (SELECT 1 FROM orders_match tm WHERE tm.line_id = {d}.line_id AND {counts('tm')})"  # noqa: S608


def item_met(d: str) -> str:
    """A counting line is the movement that the discrepancy `d` is about, or a part of it."""
    return (
        f"EXISTS (SELECT 1 FROM orders_match ti WHERE ti.transaction_id = {d}.transaction_id "  # noqa: S608
        f"AND (ti.modification_id = {d}.modification_id OR ti.movement_id = {d}.movement_id) AND {counts('ti')})"
    )


def tells_by_line(d: str) -> str:
    """The discrepancy `d` says by its line where a movement of ours is."""
    return (
        f"({d}.type IN {BY_LINE} AND {d}.state IN {STANDING} AND EXISTS (SELECT 1 FROM orders_settlementline tl "  # noqa: S608
        f"JOIN orders_settlementfile tf ON tf.id = tl.file_id WHERE tl.id = {d}.line_id AND NOT tl.overlap "
        f"AND tf.state = 'applied') AND NOT {line_met(d)} AND NOT {item_met(d)})"
    )


def overtaken(d: str) -> str:
    """The discrepancy `d` says by its line where a movement is, and another line is that movement, or a part of it."""
    return f"({d}.type IN {BY_LINE} AND {d}.line_id IS NOT NULL AND {item_met(d)})"


def told_by_a_line(d: str) -> str:
    """Another discrepancy says by its line where the movement of the discrepancy `d` is."""
    return (
        f"EXISTS (SELECT 1 FROM orders_discrepancy o WHERE o.transaction_id = {d}.transaction_id "  # noqa: S608
        f"AND NOT (o.id = {d}.id) AND (o.modification_id = {d}.modification_id OR o.movement_id = {d}.movement_id) "
        f"AND {tells_by_line('o')})"
    )


def misses(d: str) -> str:
    """The discrepancy `d` says that there is no line for a movement of ours, or for a part of it, and none tells."""
    return f"({d}.type = '{MISSED}' AND {d}.state IN {STANDING} AND NOT {told_by_a_line(d)})"


def is_missing(column: str, item: str, left: str) -> str:
    """Something of the movement `item` is left (`left` says how much) that no discrepancy tells of yet."""
    of_item = f"FROM orders_discrepancy d WHERE d.{column} = {item}.id"
    said = f"COALESCE((SELECT sum(abs(d.difference)) {of_item} AND {misses('d')}), 0)"
    return (
        f"(CASE WHEN EXISTS (SELECT 1 {of_item} AND {tells_by_line('d')}) THEN 0 "
        f"WHEN {left} > {said} THEN 1 ELSE 0 END = 1)"
    )


def left_of(items: Sequence[Modification | ExternalMovement]) -> dict[UUID | int, int]:
    """Minor units of each movement that no counting line covers, by its id; two queries."""
    ours = Modification.objects.filter(pk__in=[one.pk for one in items if isinstance(one, Modification)])
    theirs = ExternalMovement.objects.filter(pk__in=[one.pk for one in items if isinstance(one, ExternalMovement)])
    left_ours = as_number(left_of_modification("orders_modification"))
    left_theirs = as_number(left_of_movement("orders_externalmovement"))
    return {**dict(ours.values_list("pk", left_ours)), **dict(theirs.values_list("pk", left_theirs))}


def as_number(fragment: str) -> RawSQL:
    """One of these fragments for a query."""
    return RawSQL(fragment, (), output_field=BigIntegerField())  # noqa: S611  # our own words


def _left(covered_part: str, signed: str) -> str:
    """As a number of minor units by the movement's own direction, so that a rest is positive."""
    return f"(abs({signed}) - (CASE WHEN ({signed}) < 0 THEN -1 ELSE 1 END) * ({covered_part}))"
