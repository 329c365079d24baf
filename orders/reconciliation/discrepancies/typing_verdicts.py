"""What is wrong with each line that met nothing: one statement over the candidates, then plain findings.

Verdicts are tried in the order of `_VERDICTS`; the first that holds for any candidate is the line's. A movement is
named by one line: further lines for it are its parts (amount) or come once too often (duplicate), so that no sum counts
twice. What a person took apart from the line is nothing that it could be. A line that names nothing and may be a failed
movement or an open one is ambiguous: who said that the failed one was paid would book it, and the open one besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orders.models import DiscrepancyType as T
from orders.reconciliation.discrepancies import typing_words as words
from orders.reconciliation.discrepancies.typing_rows import Finding, as_date, as_uuid
from orders.reconciliation.matching import sql, whereabouts
from orders.reconciliation.matching.candidates import CANDIDATES, LINES, NAMED, SPOKEN, Scope, gather, scatter

_TABLE = "night_verdict"
_AT_ONCE = 1_000
_FREE = "standing = 'done' AND NOT taken AND NOT spoken_for AND NOT apart"
_NEAR = "abs(days) <= %(days)s"
_ALIKE = "kind = type AND item_currency = currency"
_EXACT = f"{_ALIKE} AND abs(gross - signed) <= %(minor)s"
_MAY_BE_OPEN = (
    f"standing = 'open' AND NOT taken AND NOT apart AND {_EXACT} AND same_transaction AND agrees AND reference_agrees "
    f"AND {_NEAR}"
)
_NAMELESS = "NOT has_words AND same_transaction"
_VERDICTS: tuple[tuple[T, str], ...] = (
    (T.SETTLED_THOUGH_FAILED, f"standing = 'failed' AND {_ALIKE} AND {SPOKEN}"),
    (
        T.KIND,
        f"{_FREE} AND {NAMED} AND kind <> type AND item_currency = currency AND abs(gross) = abs(signed) "
        "AND type <> 'reversal' AND NOT (type = 'chargeback' AND kind = 'capture')",
    ),
    (
        T.DUPLICATE,
        f"standing = 'done' AND (taken OR spoken_for) AND ({SPOKEN} OR ({_NAMELESS} AND {_NEAR})) "
        f"AND {_ALIKE} AND (abs(gross - signed) <= %(minor)s OR listed)",
    ),
    (T.AMOUNT, f"{_FREE} AND {NAMED} AND {_ALIKE} AND abs(gross - signed) > %(minor)s"),
    (T.CURRENCY, f"{_FREE} AND {NAMED} AND kind = type AND item_currency <> currency"),
    (
        T.CHARGEBACK_AFTER_REFUND,
        "type = 'chargeback' AND kind = 'refund' AND standing = 'done' AND days >= -1 AND sure",
    ),
    (
        T.SETTLED_THOUGH_FAILED,
        f"standing = 'failed' AND NOT never_sent AND NOT has_open AND {_EXACT} AND same_transaction "
        f"AND reference_agrees AND {_NEAR}",
    ),
    (
        T.AMBIGUOUS,
        f"standing <> 'failed' AND NOT taken AND NOT spoken_for AND NOT apart AND {_EXACT} AND (same_reference OR "
        f"(agrees AND reference_agrees AND {_NEAR} AND (same_transaction OR same_custom)))",
    ),
    (T.DUPLICATE, f"standing = 'done' AND taken AND NOT has_free AND {_EXACT} AND {_NEAR} AND same_transaction"),
)
"""The last is a movement under other ids, the like of one that met, with nothing left that it could be: paid twice."""
_NAMING = (T.KIND, T.AMOUNT, T.CURRENCY)
"""Verdicts that say where a movement of ours is; one line of a movement may, and further amounts are its parts."""


def findings(scope: Scope) -> Iterator[list[Finding]]:
    """Batches of what each unmet line of the scope is; a part of another line's difference has an empty type."""
    gather(scope)
    sql.fill_scratch(_TABLE, _verdicts(scope), scope.parameters, index="line_id")
    last = 0
    while batch := _rows_after(last):
        last = batch[-1]["line_id"]
        yield [_finding(row) for row in batch]
    sql.drop_scratch(_TABLE)
    scatter()


_COLUMNS = (
    *("line_id", "identity", "type", "gross", "currency", "booked_on", "reference", "verdict", "modification_id"),
    *(
        "movement_id",
        "transaction_id",
        "signed",
        "item_currency",
        "kind",
        "legs",
        "place",
        "leading",
        "total",
        "parts",
        "candidates",
    ),
)


def _rows_after(last: int) -> list[dict[str, Any]]:
    statement = (
        "SELECT l.id, l.identity, l.type, l.gross, l.currency, l.booked_on, l.reference, v.verdict, v.modification_id, "  # noqa: S608
        "v.movement_id, COALESCE(v.transaction_id, t.id), v.signed, v.item_currency, v.kind, "
        "m.legs, v.place, v.leading, v.total, v.parts, v.candidates "
        f"FROM {LINES} l JOIN orders_settlementfile f ON f.id = l.file_id LEFT JOIN {_TABLE} v ON v.line_id = l.id "
        "AND v.line_id > %(last)s "
        "LEFT JOIN orders_modification m ON m.id = v.modification_id AND v.verdict = 'amount' LEFT JOIN "
        "orders_transaction t ON t.account_id = f.account_id AND t.reference = l.transaction_reference "
        "AND v.transaction_id IS NULL "
        f"WHERE l.id > %(last)s ORDER BY l.id LIMIT {_AT_ONCE}"
    )
    return [dict(zip(_COLUMNS, row, strict=True)) for row in sql.rows(statement, {"last": last})]


def _verdicts(scope: Scope) -> str:
    """The best candidate of each line that has one, what it says, and which of the candidate's lines this one is."""
    of_line = "PARTITION BY c.line_id"
    spoken_for = (
        "EXISTS (SELECT 1 FROM orders_discrepancy d WHERE d.account_id = %(account)s "  # noqa: S608
        "AND d.transaction_id = c.transaction_id "
        "AND (d.modification_id = c.modification_id OR d.movement_id = c.movement_id) AND d.line_id <> c.line_id "
        f"AND NOT EXISTS (SELECT 1 FROM {LINES} o WHERE o.id = d.line_id) AND {whereabouts.tells_by_line('d')})"
    )
    listed = (
        "EXISTS (SELECT 1 FROM orders_match x WHERE x.transaction_id = c.transaction_id AND x.amount = abs(c.gross) "  # noqa: S608
        "AND (x.modification_id = c.modification_id OR x.movement_id = c.movement_id) "
        f"AND {scope.counting('x')})"
    )
    sure = (
        f"max(CASE WHEN {SPOKEN} OR same_transaction THEN 1 ELSE 0 END) "
        "OVER (PARTITION BY c.line_id, c.transaction_id) = 1"
    )
    verdict = " ".join(f"WHEN {condition} THEN {number}" for number, (_, condition) in enumerate(_VERDICTS))
    names = " ".join(f"WHEN {number} THEN '{type.value}'" for number, (type, _) in enumerate(_VERDICTS))
    naming = ", ".join(str(number) for number, (type, _) in enumerate(_VERDICTS) if type in _NAMING)
    of_item = f"PARTITION BY item, CASE WHEN place_of_verdict IN ({naming}) THEN -1 ELSE place_of_verdict END"
    of_verdict = "PARTITION BY item, place_of_verdict"
    return (
        f"SELECT b.*, CASE place_of_verdict {names} END AS verdict, row_number() OVER ({of_item} ORDER BY "  # noqa: S608
        f"place_of_verdict, line_id) AS place, min(place_of_verdict) OVER ({of_item}) = place_of_verdict AS leading, "
        f"sum(gross) OVER ({of_verdict}) AS total, count(*) OVER ({of_verdict}) AS parts "
        f"FROM (SELECT w.*, row_number() OVER (PARTITION BY line_id ORDER BY place_of_verdict, "
        "CASE WHEN same_gateway THEN 0 ELSE 1 END, abs(gross - signed), abs(days), item) AS best, "
        "count(*) OVER (PARTITION BY line_id, place_of_verdict) AS candidates "
        f"FROM (SELECT k.*, CASE {verdict} END AS place_of_verdict FROM (SELECT c.*, {spoken_for} AS spoken_for, "
        f"{listed} AS listed, {sure} AS sure, max(CASE WHEN {SPOKEN} OR NOT (c.reference = '') THEN 1 ELSE 0 END) "
        f"OVER ({of_line}) = 1 AS has_words, max(CASE WHEN standing = 'done' AND NOT taken AND NOT apart AND {_EXACT} "
        f"THEN 1 ELSE 0 END) OVER ({of_line}) = 1 AS has_free, max(CASE WHEN {_MAY_BE_OPEN} THEN 1 ELSE 0 END) "
        f"OVER ({of_line}) = 1 AS has_open FROM {CANDIDATES} c) k) w "
        "WHERE place_of_verdict IS NOT NULL) b WHERE best = 1"
    )


def _finding(row: Mapping[str, Any]) -> Finding:
    """One line's finding; `place` is 1 where it is the one that names its movement."""
    verdict, named = T(row["verdict"] or T.THEIRS_NOT_OURS), row["place"] == 1
    if verdict is T.AMOUNT and named:
        return _of_amount(row)
    if verdict is T.AMOUNT and row["leading"]:
        return _of_line(row, None)
    return _of_line(row, T.DUPLICATE if verdict in _NAMING and not named else verdict)


def _of_line(row: Mapping[str, Any], verdict: T | None) -> Finding:
    difference, currency, amount = row["gross"], row["currency"], abs(row["gross"])
    if verdict is T.KIND:
        difference = row["gross"] - row["signed"]
    if verdict is T.CURRENCY:
        difference, currency, amount = -row["signed"], row["item_currency"], abs(row["signed"])
    about_item = verdict not in (T.AMBIGUOUS, T.THEIRS_NOT_OURS, T.CHARGEBACK_AFTER_REFUND, None)
    return Finding(
        key=f"line:{as_uuid(row['identity'])}",
        type=verdict,
        line_id=row["line_id"],
        modification_id=row["modification_id"] if about_item else None,
        movement_id=row["movement_id"] if about_item else None,
        transaction_id=row["transaction_id"],
        reference=row["reference"],
        amount=amount,
        difference=difference,
        currency=currency,
        sentence=words.of_line(row, verdict) if verdict else "",
        occurred_on=as_date(row["booked_on"]),
    )


def _of_amount(row: Mapping[str, Any]) -> Finding:
    """What all lines of one movement say together, beside the movement; a leg may be what is missing."""
    total, signed = int(row["total"]), row["signed"]
    missing_leg = words.missing_leg(row["legs"], lines=row["parts"]) if abs(total) < abs(signed) else ""
    return Finding(
        key=f"legs:{as_uuid(row['modification_id'])}" if missing_leg else f"line:{as_uuid(row['identity'])}",
        type=T.SPLIT_LEG_FAILED if missing_leg else T.AMOUNT,
        line_id=row["line_id"],
        modification_id=row["modification_id"],
        movement_id=row["movement_id"],
        transaction_id=row["transaction_id"],
        reference=row["reference"],
        amount=abs(total - signed),
        difference=total - signed,
        currency=row["currency"],
        sentence=missing_leg or words.of_amount(row, total),
        occurred_on=as_date(row["booked_on"]),
    )
