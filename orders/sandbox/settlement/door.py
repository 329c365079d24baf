"""The doors /_settlement, for everybody, and /_settlement/truth, which only tests read.

date                the day of the file (UTC, virtual clock); the truth has `from` and `to` instead
gateway             smartpay (unless said otherwise), smartpay_orders or smarterpay
merchantKey         one merchant; without it all of the gateway's, one after another
style               csv, semicolon, trailer, payout, gzip
anomalies           basis points of the movements that meet a mistake; the dial settlementAnomalies unless said
seed                chooses which; the dial seed unless said
kinds               only these mistakes, with commas between
"""

from __future__ import annotations

from datetime import date
from typing import Any

from orders.sandbox.ledger import Ledger
from orders.sandbox.settlement import remainders
from orders.sandbox.settlement.days import Settlement
from orders.sandbox.settlement.lines import Line
from orders.sandbox.settlement.mistakes import KINDS, BadAnomalies, Dial
from orders.sandbox.settlement.movements import READERS, merchants_of
from orders.sandbox.settlement.styles import written

Query = dict[str, str]


class BadSettlement(ValueError):
    """What is asked for is no settlement; the text says why."""


class NoFile(Exception):
    """The gateway made no file of that day; the text says so."""


def file_of(ledger: Ledger, query: Query) -> tuple[bytes, str, str]:
    """Bytes, content type and name of one day's file. Raises BadSettlement, BadAnomalies and NoFile."""
    day, style = _day(query, "date"), query.get("style", "csv")
    lines = list[Line]()
    for one in _settlements(ledger, query):
        found = one.lines_of(day)
        if found is None:
            raise NoFile(f"There is no settlement file of {day.isoformat()} for {one.merchant_key}.")
        lines += found
    try:
        content, content_type = written(lines, style)
    except ValueError as error:
        raise BadSettlement(str(error)) from error
    end = ".csv.gz" if style == "gzip" else ".csv"
    return content, content_type, f"settlement-{_gateway(query)}-{day.isoformat()}{end}"


def truth_of(ledger: Ledger, query: Query) -> dict[str, Any]:
    """What is wrong with the files of the movements of these days. Raises BadSettlement and BadAnomalies."""
    first, last = _day(query, "from"), _day(query, "to")
    truths = list[dict[str, Any]]()
    for one in _settlements(ledger, query):
        truths += [truth.as_wire() for truth in one.truths(first, last)]
        truths += remainders.truths(ledger, one.gateway, one.merchant_key, first, last)
    return {"truths": truths}


def never_release(ledger: Ledger, body: dict[str, Any]) -> dict[str, Any]:
    """gateway, transactionIds. Raises BadSettlement."""
    ids = body.get("transactionIds")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise BadSettlement("transactionIds is a list of ids.")
    return {"held": remainders.never_release(ledger, _gateway(body), ids)}


def _settlements(ledger: Ledger, query: Query) -> list[Settlement]:
    gateway, dial = _gateway(query), _dial(ledger, query)
    keys = [query["merchantKey"]] if query.get("merchantKey") else merchants_of(ledger, gateway)
    return [Settlement(ledger=ledger, gateway=gateway, merchant_key=key, dial=dial) for key in keys]


def _gateway(query: dict[str, Any]) -> str:
    gateway = str(query.get("gateway", "smartpay"))
    if gateway not in READERS:
        raise BadSettlement(f"gateway is one of {', '.join(READERS)}.")
    return gateway


def _dial(ledger: Ledger, query: Query) -> Dial:
    dials = ledger.dials.now
    kinds = tuple(name for name in query.get("kinds", "").split(",") if name)
    try:
        rate = int(query.get("anomalies", dials.settlement_anomalies))
        return Dial(basis_points=rate, seed=int(query.get("seed", dials.seed)), kinds=kinds or KINDS)
    except BadAnomalies:
        raise
    except ValueError as error:
        raise BadSettlement("anomalies and seed are whole numbers.") from error


def _day(query: Query, name: str) -> date:
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError as error:
        raise BadSettlement(f"{name} is a day such as 2026-01-31.") from error
