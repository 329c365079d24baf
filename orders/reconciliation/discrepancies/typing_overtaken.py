"""What people accepted or wrote off and what met after all: nothing is lost, so the row ends like any that met.

Who decided what and why stays in its history and in its last sentence. In a closed month nothing changes; there the
night tells it (`nights.closed_ground`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from orders.database import database_now, in_one_transaction, in_short_turns, insert_many, save_many
from orders.models import Discrepancy, DiscrepancyEntry, DiscrepancyState, ReconciliationRun
from orders.models.discrepancy import DECIDED
from orders.reconciliation.closed import hold_months
from orders.reconciliation.discrepancies.typing_closing import overtaken_decisions
from orders.reconciliation.discrepancies.typing_rows import open_months

BEFORE = "What was decided before does not count any more:"
_CHANGING = ("state", "closed_at", "closed_by", "fix", "resolution", "proposed_by", "proposed_at", "version")


def end_overtaken(run: ReconciliationRun, *, by: str = "") -> int:
    """End accepted and written-off rows of open months that have met; the history says `by` what, or by which run."""
    reasons = dict(overtaken_decisions(run.account_id, run.pk))
    hand = {"by": by} if by else {"run": run.pk}
    return sum(
        in_one_transaction(partial(_end, run.account_id, dict(some), hand)) for some in in_short_turns(reasons.items())
    )


def _end(account_id: int, reasons: Mapping[int, str], hand: Mapping[str, Any]) -> int:
    hold_months(account_id)
    now, month_of = database_now(), open_months(account_id)
    known = Discrepancy.objects.select_for_update(no_key=True).filter(pk__in=reasons, state__in=DECIDED).order_by("pk")
    rows = [row for row in known if month_of(row.month) == row.month]
    longest = Discrepancy._meta.get_field("resolution").max_length
    entries = []
    for row in rows:
        was, said = row.state, f"{reasons[row.pk]} {BEFORE} {row.resolution}"
        row.state, row.closed_at, row.closed_by = DiscrepancyState.VANISHED, now, None
        row.fix, row.resolution, row.proposed_by, row.proposed_at = "", said[:longest], None, None
        row.version += 1
        details = {"type": row.type, "was": was, **hand}
        entries.append(
            {"discrepancy_id": row.pk, "at": now, "verb": "vanished", "text": row.resolution, "details": details}
        )
    save_many(rows, _CHANGING)
    insert_many(DiscrepancyEntry, entries)
    return len(rows)
