"""The requests that came about one transaction, as a table on its page."""

from __future__ import annotations

from typing import Any

from orders.sandbox.audit import iso
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text

LATEST = 50
SHOWN_CHARACTERS = 40


def table_of(ledger: Ledger, transaction_id: str, *, prefix: str) -> str:
    """Newest first, at most 50. `prefix` is the start of the paths that need not be read."""
    sql = "SELECT * FROM requests WHERE transaction_id = ? ORDER BY sequence DESC LIMIT ?"
    rows = [_row(dict(row), prefix) for row in ledger.store.rows(sql, (transaction_id, LATEST))]
    columns = ("At", "Request", "Outcome", "Fault", "Answer", "Modification")
    return frame.table(columns, rows, label="Requests")


def _row(row: dict[str, Any], prefix: str) -> tuple[str, ...]:
    return (
        text(iso(row["at"])),
        text(f"{row['method']} {row['path'].removeprefix(prefix)[:SHOWN_CHARACTERS]}"),
        text(row["outcome"]),
        text(row["fault"] or "–"),
        text(row["http_status"] or "none"),
        f"<code>{text(row['modification_id'] or '–')}</code>",
    )
