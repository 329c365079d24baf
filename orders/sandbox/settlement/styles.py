"""How a settlement file is written: the plain one, and others that merchants meet."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date

from orders.sandbox.amounts import exponent_of, major
from orders.sandbox.settlement.lines import FEE, PAYOUT, Line

COLUMNS = (
    "reconciliationReferenceId",
    "transactionId",
    "partnerReference",
    "type",
    "grossAmount",
    "fee",
    "netAmount",
    "currencyCode",
    "bookingDate",
    "payoutReference",
    "gatewayId",
    "customReference",
)
"""Assumed in gateways.md A.8, and the gateway's and the merchant's own ids. Money that leaves the merchant is negative;
the fee is what netAmount lacks."""
PAYOUT_COLUMNS = ("payoutReference", "payoutDate", "currencyCode", "lines", "grossAmount", "fees", "netAmount")
STYLES = ("csv", "semicolon", "trailer", "payout", "gzip")
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
Money = Callable[[int, str], str]


def written(lines: Sequence[Line], style: str) -> tuple[bytes, str]:
    """The file's bytes and its content type. Raises ValueError for a style that is none."""
    if style == "csv":
        return _plain(lines).encode(), "text/csv; charset=utf-8"
    if style == "semicolon":
        return _semicolon(lines).encode(), "text/csv; charset=utf-8"
    if style == "trailer":
        return (_plain(lines) + _table(_trailer(lines))).encode(), "text/csv; charset=utf-8"
    if style == "payout":
        return _table([PAYOUT_COLUMNS, *_by_payout(lines)]).encode(), "text/csv; charset=utf-8"
    if style == "gzip":
        return gzip.compress(_plain(lines).encode(), mtime=0), "application/gzip"
    raise ValueError(f"style is one of {', '.join(STYLES)}.")


def _plain(lines: Sequence[Line]) -> str:
    return _table([COLUMNS, *(_cells(line, _point, line.booked_on.isoformat()) for line in lines)])


def _semicolon(lines: Sequence[Line]) -> str:
    """As spreadsheets of the continent save it: semicolons, decimal commas, day first, CRLF, a byte order mark."""
    rows = [_cells(line, _comma, line.booked_on.strftime("%d.%m.%Y")) for line in lines]
    return BOM + _table([COLUMNS, *rows], delimiter=";", lineterminator="\r\n")


def _trailer(lines: Sequence[Line]) -> list[list[str]]:
    """One closing line for each currency: how many lines the file has, and its sums."""
    sums = defaultdict[str, list[int]](lambda: [0, 0, 0])
    for line in lines:
        for place, amount in enumerate((line.gross, line.fee, line.net)):
            sums[line.currency][place] += amount
    return [
        ["TRAILER", str(len(lines)), "", "", *(_point(amount, currency) for amount in amounts), currency]
        + [""] * (len(COLUMNS) - 8)
        for currency, amounts in sorted(sums.items())
    ]


def _by_payout(lines: Sequence[Line]) -> list[list[str]]:
    """One line for each payout."""
    groups = defaultdict[tuple[str, date, str], list[Line]](list)
    for line in lines:
        if line.type != PAYOUT:
            groups[(_payout_reference(line), line.booked_on, line.currency)].append(line)
    rows = list[list[str]]()
    for (reference, day, currency), found in groups.items():
        sums = (sum(one.gross for one in found), sum(one.fee for one in found), sum(one.net for one in found))
        money = [_point(amount, currency) for amount in sums]
        rows.append([reference, day.isoformat(), currency, str(sum(one.type != FEE for one in found)), *money])
    return rows


def _cells(line: Line, money: Money, day: str) -> list[str]:
    return [
        line.reference,
        line.transaction_id,
        line.partner_reference,
        line.type,
        *(money(amount, line.currency) for amount in (line.gross, line.fee, line.net)),
        line.currency,
        day,
        _payout_reference(line),
        line.gateway_id,
        line.custom_reference,
    ]


def _payout_reference(line: Line) -> str:
    named = f"{line.merchant_key}|{line.currency}|{line.booked_on.isoformat()}"
    return f"PO-{line.booked_on:%Y%m%d}-{hashlib.sha256(named.encode()).hexdigest()[:8].upper()}"


def _point(amount: int, currency: str) -> str:
    return f"{major(amount, currency):.{exponent_of(currency)}f}"


def _comma(amount: int, currency: str) -> str:
    return _point(amount, currency).replace(".", ",")


def _table(rows: Sequence[Sequence[str]], *, delimiter: str = ",", lineterminator: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=lineterminator).writerows(rows)
    return out.getvalue()
