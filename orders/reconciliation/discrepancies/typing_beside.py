"""What can be wrong although a line met: its fee, its day, a payment refunded before, a payout that does not add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any

from orders.models import DiscrepancyType as T
from orders.models import SettlementTerms
from orders.money import Money
from orders.reconciliation.calendar import Terms, late_before
from orders.reconciliation.discrepancies import typing_words as words
from orders.reconciliation.discrepancies.typing_rows import Finding, as_date, as_uuid
from orders.reconciliation.matching import sql
from orders.reconciliation.matching.candidates import MOVING, Scope, scope_lines

_AT_ONCE = 1_000
_DAYS_MAXIMUM = 400
"""So many days of booking are looked at for lateness; a file has few."""
_FEW = 5_000
"""So many lines are named one by one in a statement."""
_EARLIEST, _LATEST = date(1990, 1, 1), date(9990, 1, 1)
_LINE = "l.id, l.identity, l.reference, l.gross, l.fee, l.currency, l.booked_on"


def findings(scope: Scope) -> Iterator[list[Finding]]:
    """Batches of everything that stands beside a line of the scope. Without terms no fee and no day is checked."""
    terms = SettlementTerms.objects.filter(account_id=scope.run.account_id).first()
    if terms is not None and terms.fee_basis_points is not None:
        yield from _batches(_fees(scope, terms))
    if terms is not None:
        yield from _batches(_late(scope, Terms.of(terms)))
    few = _of_types(scope, "('chargeback', 'payout')")
    if few is not None:
        yield from _batches(_charged_back(few))
        yield from _batches(_payouts(few))


def _of_types(scope: Scope, types: str) -> Scope | None:
    """The scope with only its lines of these types, where they are few; None where there are none. A file may have a
    million others, so that it is gone through once and not for each question."""
    rows = sql.unhurried_rows(
        f"SELECT l.id FROM orders_settlementline l WHERE {scope_lines(scope)} AND l.type IN {types} "  # noqa: S608
        f"LIMIT {_FEW + 1}",
        scope.parameters,
    )
    if not rows:
        return None
    return scope if len(rows) > _FEW else replace(scope, line_ids=tuple(line_id for (line_id,) in rows))


def expected_fee(gross: int, currency: str, terms: SettlementTerms) -> int:
    """Basis points of the gross, half up, and the fixed part where it is in this currency; minor units."""
    fixed = terms.fee_fixed if terms.fee_currency in ("", currency) else 0
    return (abs(gross) * (terms.fee_basis_points or 0) + 5_000) // 10_000 + fixed


def _fees(scope: Scope, terms: SettlementTerms) -> Iterator[Finding]:
    """Captures that met and whose fee is not the agreed one, in files that tell fees; parts may be a unit off.

    Of a line that met nothing the gross itself is in question; its fee is looked at once it meets.
    """
    share = "((abs(l.gross) * %(points)s + 5000) / 10000)"
    fixed = "(CASE WHEN %(fee_currency)s IN ('', l.currency) THEN %(fixed)s ELSE 0 END)"
    tells = "SELECT 1 FROM orders_settlementline o WHERE o.file_id = l.file_id AND o.type = 'capture' AND o.fee <> 0"
    leg = f"SELECT 1 FROM orders_match x WHERE x.line_id = l.id AND x.rule = 'legs' AND {scope.counting('x')}"  # noqa: S608
    a_part = f"EXISTS ({leg}) AND (abs(l.fee - {share}) <= 1 OR abs(l.fee - {share} - {fixed}) <= 1)"
    files = f"SELECT DISTINCT l.file_id FROM orders_settlementline l WHERE {scope_lines(scope)}"  # noqa: S608
    of_files = f"SELECT l.file_id FROM ({files}) l WHERE EXISTS ({tells})"  # noqa: S608
    telling = [file_id for (file_id,) in sql.unhurried_rows(of_files, scope.parameters)]
    rows = sql.unhurried_rows(
        f"SELECT {_LINE}, {_met('modification_id', scope)}, {_met('movement_id', scope)}, "  # noqa: S608
        f"{_met('transaction_id', scope)} "
        f"FROM orders_settlementline l WHERE {scope_lines(scope)} AND l.type = 'capture' "
        f"AND l.file_id IN {sql.numbers(telling)} AND l.fee <> {share} + {fixed} AND NOT ({a_part}) "
        f"AND EXISTS (SELECT 1 FROM orders_match x WHERE x.line_id = l.id AND {scope.counting('x')}) ORDER BY l.id",
        {
            **scope.parameters,
            "points": terms.fee_basis_points,
            "fixed": terms.fee_fixed,
            "fee_currency": terms.fee_currency,
        },
    )
    for row in rows:
        gross, fee, currency = row[3], row[4], row[5]
        agreed = expected_fee(gross, currency, terms)
        sentence = words.of_fee(Money(fee, currency), Money(agreed, currency))
        yield _beside(row, "fee", T.FEE, amount=abs(fee - agreed), difference=agreed - fee, sentence=sentence)


def _late(scope: Scope, terms: Terms) -> Iterator[Finding]:
    """Lines that met a movement which was late on the day they were booked."""
    days = sql.unhurried_rows(
        f"SELECT DISTINCT l.booked_on FROM orders_settlementline l WHERE {scope_lines(scope)} "  # noqa: S608
        "AND l.type IN ('capture', 'refund') ORDER BY 1",
        scope.parameters,
    )
    given, limits = scope.parameters, list[str]()
    for number, booked_on in enumerate(as_date(day) for (day,) in days[:_DAYS_MAXIMUM]):
        if not _EARLIEST < booked_on < _LATEST:
            continue
        before = late_before(terms, booked_on)
        given |= {f"day{number}": booked_on, f"before{number}": sql.moment(before)}
        apart = (booked_on - before.date()).days
        limits.append(f"SELECT %(day{number})s AS day, %(before{number})s AS before, {apart} AS apart")
    if not limits:
        return
    for row in sql.unhurried_rows(_late_lines(scope, " UNION ALL ".join(limits)), given):
        sentence = words.of_late(row[10], row[2])
        yield _beside(row, "late", T.LATE, amount=abs(row[3]), difference=0, sentence=sentence)


def _late_lines(scope: Scope, limits: str) -> str:
    """By the days of the match first, so that few movements are read."""
    return (
        f"SELECT {_LINE}, x.modification_id, x.movement_id, x.transaction_id, x.days_apart "  # noqa: S608
        f"FROM ({limits}) late JOIN orders_settlementline l ON l.booked_on = late.day "
        f"JOIN orders_match x ON x.line_id = l.id AND x.days_apart >= late.apart AND {scope.counting('x')} "
        "LEFT JOIN orders_modification m ON m.id = x.modification_id LEFT JOIN orders_externalmovement e "
        f"ON e.id = x.movement_id WHERE {scope_lines(scope)} AND l.type IN ('capture', 'refund') "
        f"AND COALESCE({sql.MODIFICATION_AT}, {sql.MOVEMENT_AT}) < late.before ORDER BY l.id"
    )


def _charged_back(scope: Scope) -> Iterator[Finding]:
    """Chargebacks that our books know, of payments refunded before: nothing moved unseen, yet money is lost."""
    refunded = (
        "EXISTS (SELECT 1 FROM orders_modification m WHERE m.transaction_id = x.transaction_id "  # noqa: S608
        f"AND m.state = 'succeeded' AND NOT (m.kind = 'capture') AND {sql.IS_ITEM} "
        f"AND {sql.days_apart('l.booked_on', sql.MODIFICATION_AT)} >= -1) OR EXISTS (SELECT 1 "
        "FROM orders_externalmovement e WHERE e.transaction_id = x.transaction_id AND e.kind = 'refund' "
        f"AND e.amount > 0 AND {sql.days_apart('l.booked_on', sql.MOVEMENT_AT)} >= -1)"
    )
    rows = sql.unhurried_rows(
        f"SELECT {_LINE}, x.modification_id, x.movement_id, x.transaction_id FROM orders_settlementline l "  # noqa: S608
        f"JOIN orders_match x ON x.line_id = l.id AND {scope.counting('x')} WHERE {scope_lines(scope)} "
        f"AND l.type = 'chargeback' AND ({refunded}) ORDER BY l.id",
        scope.parameters,
    )
    for row in rows:
        sentence = words.of_line(_as_words(row), T.CHARGEBACK_AFTER_REFUND)
        yield _beside(row, "line", T.CHARGEBACK_AFTER_REFUND, amount=abs(row[3]), difference=0, sentence=sentence)


def _payouts(scope: Scope) -> Iterator[Finding]:
    """Payouts beside their lines must be their sum; payouts alone must have met a span of movements."""
    owed = (
        "SELECT sum(o.net) FROM orders_settlementline o JOIN orders_settlementfile f ON f.id = o.file_id "  # noqa: S608
        "WHERE o.account_id = %(account)s AND NOT o.overlap AND NOT (o.type = 'payout') AND o.currency = l.currency "
        "AND o.payout_reference = COALESCE(NULLIF(l.payout_reference, ''), l.reference) "
        f"AND (f.state = 'applied' OR f.id IN {sql.numbers(scope.file_ids)}) AND f.business_date >= %(since)s"
    )
    met = f"EXISTS (SELECT 1 FROM orders_match x WHERE x.line_id = l.id AND {scope.counting('x')})"  # noqa: S608
    beside = f"EXISTS (SELECT 1 FROM orders_settlementline o WHERE o.file_id = l.file_id AND o.type IN {MOVING})"  # noqa: S608
    rows = sql.unhurried_rows(
        f"SELECT {_LINE}, NULL, NULL, NULL, ({owed}), {met}, {beside} FROM orders_settlementline l "  # noqa: S608
        f"WHERE {scope_lines(scope)} AND l.type = 'payout' ORDER BY l.id",
        scope.parameters,
    )
    for row in rows:
        paid, owed_sum = -row[3], row[10]
        reference, currency = row[2], row[5]
        if owed_sum is not None and int(owed_sum) != paid:
            sentence = words.of_payout(Money(paid, currency), Money(int(owed_sum), currency), reference)
            yield _beside(row, "line", T.AMOUNT, amount=abs(int(owed_sum) - paid), difference=0, sentence=sentence)
        elif owed_sum is None and not row[11] and not row[12]:
            sentence = words.of_lone_payout(Money(paid, currency), reference)
            yield _beside(row, "line", T.THEIRS_NOT_OURS, amount=abs(paid), difference=0, sentence=sentence)
        else:
            yield _beside(row, "line", None, amount=0, difference=0, sentence="")


def _met(column: str, scope: Scope) -> str:
    return (
        f"(SELECT x.{column} FROM orders_match x WHERE x.line_id = l.id AND {scope.counting('x')} "  # noqa: S608
        "ORDER BY x.id LIMIT 1)"
    )


def _as_words(row: tuple[Any, ...]) -> dict[str, Any]:
    """A chargeback line as its sentence wants it."""
    return {
        "type": "chargeback",
        "reference": row[2],
        "gross": row[3],
        "currency": row[5],
        "signed": None,
        "kind": "",
    }


def _beside(
    row: tuple[Any, ...], prefix: str, type: T | None, *, amount: int, difference: int, sentence: str
) -> Finding:
    """From the columns of `_LINE`, modification, movement and transaction."""
    line_id, identity, reference, _, _, currency, booked_on, modification_id, movement_id, transaction_id = row[:10]
    return Finding(
        key=f"{prefix}:{as_uuid(identity)}",
        type=type,
        line_id=line_id,
        modification_id=modification_id,
        movement_id=movement_id,
        transaction_id=transaction_id,
        reference=reference,
        amount=amount,
        difference=difference,
        currency=currency,
        sentence=sentence,
        occurred_on=as_date(booked_on),
    )


def _batches(found: Iterator[Finding]) -> Iterator[list[Finding]]:
    while batch := list(islice(found, _AT_ONCE)):
        yield batch
