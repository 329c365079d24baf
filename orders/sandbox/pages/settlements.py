"""Links to the settlement files of yesterday and today, of every merchant of every gateway, in every style."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode

from orders.sandbox.audit import iso
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages.frame import table, text
from orders.sandbox.settlement.movements import READERS, merchants_of
from orders.sandbox.settlement.styles import STYLES


def files_table(ledger: Ledger) -> str:
    today = date.fromisoformat((iso(ledger.dials.clock_ms()) or "")[:10])
    rows = [
        (text(gateway), text(merchant_key), *(_links(gateway, merchant_key, day) for day in _last_two(today)))
        for gateway in READERS
        for merchant_key in merchants_of(ledger, gateway)
    ]
    columns = ("Gateway", "Merchant", *(f"Of {day.isoformat()}" for day in _last_two(today)))
    return table(columns, rows, label="Settlement files")


def _last_two(today: date) -> tuple[date, date]:
    return today - timedelta(days=1), today


def _links(gateway: str, merchant_key: str, day: date) -> str:
    return " ".join(_link(style, gateway, merchant_key, day) for style in STYLES)


def _link(style: str, gateway: str, merchant_key: str, day: date) -> str:
    query = urlencode({"date": day.isoformat(), "gateway": gateway, "merchantKey": merchant_key, "style": style})
    return f'<a href="/_settlement?{text(query)}">{style}</a>'
