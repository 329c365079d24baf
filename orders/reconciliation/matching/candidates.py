"""The lines of a scope that are not met, and beside each everything of ours that it could be.

Two temporary tables, so that each rule and each typing is one small statement over facts:

`night_line`       one row for each line that is not met: its words, and `custom_id` where its reference is a UUID
`night_candidate`  one row for each line and each movement of a transaction that any of the line's words leads to

A candidate's `standing` is `done`, `open` or `failed`; `taken` says that a counting match holds it already, `apart`
that a person took it and the line apart. `agrees` says that no id contradicts: an id of the whole payment, as gateway B
gives its captures, contradicts nothing. `names_another` says that a word of the line is another candidate's own,
`names_alike` that no id speaks against that other one, which is of the line's kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import connection

from orders.models import ReconciliationRun
from orders.models.discrepancy import UNSETTLED
from orders.reconciliation.matching import apart, sql, whereabouts

LINES, CANDIDATES, _SUSPECTS = "night_line", "night_candidate", "night_suspect"
MOVING = "('capture', 'refund', 'chargeback', 'reversal')"
"""Types of lines that move money between shopper and merchant; the others stand for themselves."""
MEMORY_DAYS = 60
"""So far back a night looks for lines that are not met and that no unsettled discrepancy names, or one that people have
settled and whose movement another line is by now."""
_WORD_KINDS = "('transaction', 'partner', 'reconciliation', 'payment', 'modification', 'gateway', 'order')"
SPOKEN = "(same_reference OR same_gateway OR same_id)"
NAMED = "((same_reference AND agrees) OR same_gateway OR same_id)"
_SHARED_BY_MANY = 50
"""A word that leads to more transactions than this, such as a shop's name, leads nowhere."""


def nothing_to_renew() -> None:
    """Nobody else can be at it."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which lines a run matches, and how far they may be off.

    Neither `line_ids` nor `file_ids` means every counting line of the account that is not met. Matches of the lines of
    `replaced_file_ids` do not count as taken. `fresh` (a trial) looks through every match but the run's own; `reread`
    pairs each file of a trial with the one that it is read from, whose decisions hold for it too.
    """

    run: ReconciliationRun
    line_ids: tuple[int, ...] = ()
    file_ids: tuple[int, ...] = ()
    replaced_file_ids: tuple[int, ...] = ()
    with_named: bool = False
    """Beside the lines of the files those that a discrepancy of the account names which is not settled, or was and is
    overtaken, for typing."""
    fresh: bool = False
    reread: tuple[tuple[int, int], ...] = ()
    renew: Callable[[], None] = nothing_to_renew
    """Called inside each transaction that writes: keeps the run's turn, or raises when it was lost."""
    tolerance_minor: int = 0
    tolerance_days: int = 5

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements are given."""
        return {
            "run": self.run.pk,
            "account": self.run.account_id,
            "merchant": self.run.merchant_id,
            "minor": self.tolerance_minor,
            "days": self.tolerance_days,
            "since": self.run.business_date - timedelta(days=MEMORY_DAYS),
        }

    def counting(self, alias: str) -> str:
        """The conditions that make a match count within this scope."""
        return sql.counting_match(alias, fresh=self.fresh, replaced=self.replaced_file_ids)


def unmet_lines(scope: Scope, types: str = MOVING) -> str:
    """FROM and WHERE of the scope's lines `l` of these types that no counting match holds."""
    return (
        f"FROM orders_settlementline l WHERE {scope_lines(scope)} AND l.type IN {types} AND NOT EXISTS "  # noqa: S608
        f"(SELECT 1 FROM orders_match x WHERE x.line_id = l.id AND {sql.counting_on_line('x', fresh=scope.fresh)})"
    )


def scope_lines(scope: Scope) -> str:
    """The conditions that make a line `l` belong to the scope."""
    if scope.line_ids:
        return f"l.id IN {sql.numbers(scope.line_ids)} AND NOT l.overlap"
    if scope.file_ids:
        return f"l.file_id IN {sql.numbers(scope.file_ids)} AND NOT l.overlap"
    applied = "SELECT f.id FROM orders_settlementfile f WHERE f.account_id = %(account)s AND f.state = 'applied'"
    named = (
        "SELECT d.line_id FROM orders_discrepancy d WHERE d.account_id = %(account)s "  # noqa: S608
        f"AND d.line_id IS NOT NULL AND (d.state IN {sql.one_of(UNSETTLED)} OR (d.state IN {whereabouts.STANDING} "
        f"AND {whereabouts.overtaken('d')}))"
    )
    if scope.with_named:
        return f"l.id IN ({named}) AND NOT l.overlap AND l.file_id IN ({applied})"
    return (
        f"l.account_id = %(account)s AND NOT l.overlap AND l.file_id IN ({applied}) "
        f"AND (l.file_id IN ({applied} AND f.business_date >= %(since)s) OR l.id IN ({named}))"
    )


def gather(scope: Scope) -> int:
    """Fill both tables in the connection of the caller; how many lines are not met. `scatter` drops them."""
    columns = (
        "l.id, l.identity, l.number, l.file_id, l.type, l.gross, l.currency, l.booked_on, l.reference, "
        f"l.transaction_reference, l.gateway_id, l.custom_reference, {_custom_id()} AS custom_id"
    )
    lines = f"SELECT {columns} {unmet_lines(scope)}"
    if scope.with_named and scope.file_ids:
        lines += f" UNION SELECT {columns} {unmet_lines(replace(scope, file_ids=()))}"
    found = sql.fill_scratch(LINES, lines, scope.parameters, index="id")
    sql.fill_scratch(_SUSPECTS, _suspects(), scope.parameters, index="line_id")
    sql.fill_scratch(CANDIDATES, _candidates(scope), scope.parameters, index="line_id")
    sql.drop_scratch(_SUSPECTS)
    return found


def scatter() -> None:
    sql.drop_scratch(LINES, CANDIDATES)


def _custom_id() -> str:
    """Our modification id, where the line's reference is one."""
    if sql.on_postgresql():
        pattern = "'^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$'"
        return f"CASE WHEN l.custom_reference ~ {pattern} THEN l.custom_reference::uuid END"
    return "replace(lower(l.custom_reference), '-', '')"


def _suspects() -> str:
    """The transactions that a line's words lead to. CROSS JOIN keeps SQLite, which knows no table's size, to the few
    lines first; to PostgreSQL it is a join like any other."""
    of_words = " UNION ".join(
        f"SELECT l.id, t.id FROM {LINES} l CROSS JOIN orders_reference w CROSS JOIN orders_transaction t "  # noqa: S608
        f"WHERE w.merchant_id = %(merchant)s AND w.value = lower(l.{column}) AND w.kind IN {_WORD_KINDS} "
        f"AND t.order_id = w.order_id AND t.account_id = %(account)s AND NOT (l.{column} = '')"
        for column in ("reference", "gateway_id", "custom_reference")
    )
    return (
        "SELECT line_id, transaction_id FROM (SELECT line_id, transaction_id, "  # noqa: S608
        "count(*) OVER (PARTITION BY line_id) AS n FROM (SELECT l.id AS line_id, t.id AS transaction_id "
        f"FROM {LINES} l CROSS JOIN orders_transaction t "
        "WHERE t.account_id = %(account)s AND t.reference = l.transaction_reference "
        f"UNION SELECT l.id, t.id FROM {LINES} l CROSS JOIN orders_transaction t WHERE t.account_id = %(account)s "
        "AND t.card_reference = l.transaction_reference AND NOT (t.card_reference = '') "
        f"UNION SELECT l.id, m.transaction_id FROM {LINES} l CROSS JOIN orders_modification m "
        "WHERE m.account_id = %(account)s "
        f"AND m.kind IN {sql.ITEM_KINDS} AND m.gateway_reference = l.reference AND {sql.SUCCEEDED} "
        f"UNION SELECT l.id, e.transaction_id FROM {LINES} l JOIN orders_externalmovement e "
        "ON e.account_id = %(account)s AND e.gateway_reference = l.reference AND NOT (l.reference = '') "
        f"UNION SELECT l.id, m.transaction_id FROM {LINES} l JOIN orders_modification m ON m.id = l.custom_id "
        f"AND m.account_id = %(account)s UNION {apart.payments_let_go(LINES)} "
        f"UNION {of_words}) found) counted WHERE n <= {_SHARED_BY_MANY}"
    )


def _candidates(scope: Scope) -> str:
    line = "l.id AS line_id, l.type, l.gross, l.currency, l.booked_on, l.reference"
    modification = _facts("m", kind=sql.MODIFICATION_KIND, signed=sql.MODIFICATION_SIGNED, moved_at=sql.MODIFICATION_AT)
    movement = _facts("e", kind="e.kind", signed=sql.MOVEMENT_SIGNED, moved_at=sql.MOVEMENT_AT)
    standing = (
        "CASE m.state WHEN 'succeeded' THEN 'done' WHEN 'failed' THEN 'failed' WHEN 'withdrawn' THEN 'failed' "
        "ELSE 'open' END"
    )
    taken = "EXISTS (SELECT 1 FROM orders_match x WHERE x.transaction_id = t.id AND x.{column} = {key} AND {counting})"
    suspects = (
        f"FROM {_SUSPECTS} s JOIN {LINES} l ON l.id = s.line_id JOIN orders_transaction t ON t.id = s.transaction_id"
    )
    counting = scope.counting("x")
    return _told_apart(
        f"SELECT {line}, m.id AS modification_id, NULL AS movement_id, CAST(m.id AS text) AS item, {modification}, "
        f"{standing} AS standing, {taken.format(column='modification_id', key='m.id', counting=counting)} AS taken, "
        f"COALESCE(m.id = l.custom_id, {_no()}) OR {apart.let_go()} AS same_id, m.state = 'withdrawn' AS never_sent, "
        f"{apart.of_modification(scope.reread)} AS apart, {sql.booked_before('l.booked_on', sql.MODIFICATION_SINCE)} "
        f"AS early {suspects} "
        f"JOIN orders_modification m ON m.transaction_id = t.id WHERE {sql.IS_ITEM} AND m.state <> 'queued' "
        f"UNION ALL SELECT {line}, NULL, e.id, 'm' || CAST(e.id AS text), {movement}, 'done', "
        f"{taken.format(column='movement_id', key='e.id', counting=counting)}, {_no()}, {_no()}, "
        f"{apart.of_movement(scope.reread)}, {sql.booked_before('l.booked_on', 'e.moved_at')} {suspects} "
        f"JOIN orders_externalmovement e ON e.transaction_id = t.id WHERE {sql.IS_MOVEMENT}"
    )


def _told_apart(candidates: str) -> str:
    """The candidates with what the line says of the others; none that moved only after the line was booked, unless a
    word of the line is its own: then evidence looks at the day once more."""
    named, alike = (f"CASE WHEN {one} THEN 1 ELSE 0 END" for one in (SPOKEN, f"{NAMED} AND kind = type"))
    return (
        f"SELECT c.*, sum({named}) OVER (PARTITION BY line_id) > {named} AS names_another, "  # noqa: S608
        f"sum({alike}) OVER (PARTITION BY line_id) > {alike} AS names_alike "
        f"FROM ({candidates}) c WHERE NOT early OR {SPOKEN}"
    )


def _facts(item: str, *, kind: str, signed: str, moved_at: str) -> str:
    """What every candidate says of itself and of its likeness with the line."""
    own_id = (
        f"NOT ({item}.gateway_id = '' OR {item}.gateway_id = t.reference OR l.gateway_id = l.transaction_reference)"
    )
    return (
        f"t.id AS transaction_id, {kind} AS kind, {signed} AS signed, {item}.currency AS item_currency, "
        f"{moved_at} AS moved_at, {sql.days_apart('l.booked_on', moved_at)} AS days, "
        f"NOT (l.reference = '') AND l.reference = {item}.gateway_reference AS same_reference, "
        f"{own_id} AND l.gateway_id = {item}.gateway_id AS same_gateway, "
        f"l.gateway_id = '' OR l.gateway_id = {item}.gateway_id OR NOT ({own_id}) AS agrees, "
        f"l.reference = '' OR {item}.gateway_reference IN ('', l.reference) AS reference_agrees, "
        "NOT (l.transaction_reference = '') AND l.transaction_reference IN (t.reference, t.card_reference) "
        "AS same_transaction, "
        "NOT (l.custom_reference = '') AND l.custom_reference = t.partner_reference AS same_custom"
    )


def _no() -> str:
    return "false" if connection.vendor == "postgresql" else "0"
