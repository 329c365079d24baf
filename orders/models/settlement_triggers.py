"""Promises about settlement: what was received and signed never changes, and a closed month is locked.

None of them runs for an INSERT of a line or a match, which come by the million.
"""

from __future__ import annotations

from orders.models.trigger import Trigger, no_delete, no_update


def _closed(account: str, day: str) -> str:
    """Finds the closed month of an account that this day lies in."""
    closed = f"c.state = 'closed' AND c.account_id = {account}"
    return f"SELECT 1 FROM orders_monthclose c WHERE {closed} AND {day} >= c.month AND {day} < c.until"  # noqa: S608


_COUNTS = "('applied', 'replaced')"
_LOCKED = "the month is closed; reopen it first"
_SAME_LINE = (
    "SELECT 1 FROM orders_settlementline o JOIN orders_settlementline n ON n.account_id = o.account_id "
    "AND n.identity = o.identity AND NOT n.overlap JOIN orders_settlementfile f ON f.id = n.file_id "
    "AND f.state = 'applied' WHERE o.id = OLD.line_id AND n.id = NEW.line_id"
)
"""The very line that two people signed, in the file that counts now: a discrepancy may follow it, and nothing else."""

SETTLEMENT: tuple[Trigger, ...] = (
    Trigger(
        "settlement_file_is_frozen",
        "orders_settlementfile",
        "UPDATE",
        "orders_settlementfile: what was received never changes",
        condition="OLD.\"state\" <> 'receiving'",
        columns=("merchant_id", "account_id", "name", "sha256", "size", "source", "received_at", "received_by_id"),
    ),
    Trigger(
        "settlement_file_counts_until_replaced",
        "orders_settlementfile",
        "UPDATE",
        "orders_settlementfile: what counts is only ever replaced by its correction",
        condition=f'OLD."state" IN {_COUNTS} AND NEW."state" <> OLD."state" '
        "AND NOT (OLD.\"state\" = 'applied' AND NEW.\"state\" = 'replaced')",
    ),
    Trigger(
        "settlement_file_of_closed_month",
        "orders_settlementfile",
        "UPDATE",
        f"orders_settlementfile: {_LOCKED}",
        condition=f'NEW."state" IN {_COUNTS}',
        columns=("state", "business_date", "lines", "overlaps", "totals", "first_booked_on", "last_booked_on"),
        found=_closed("NEW.account_id", "NEW.business_date") + " OR " + "(c.state = 'closed' "
        "AND c.account_id = OLD.account_id AND OLD.business_date >= c.month AND OLD.business_date < c.until)",
    ),
    Trigger(
        "settlement_file_stays",
        "orders_settlementfile",
        "DELETE",
        "orders_settlementfile: files are kept for evidence",
        condition="OLD.\"state\" NOT IN ('trial', 'receiving')",
    ),
    no_update("orders_settlementfilepart"),
    Trigger(
        "settlement_part_stays",
        "orders_settlementfilepart",
        "DELETE",
        "orders_settlementfilepart: files are kept for evidence",
        found="SELECT 1 FROM orders_settlementfile f "
        "WHERE f.id = OLD.file_id AND f.state NOT IN ('trial', 'receiving')",
    ),
    no_update("orders_settlementbadline"),
    Trigger(
        "settlement_line_is_frozen",
        "orders_settlementline",
        "UPDATE",
        "orders_settlementline: what a file says never changes",
        columns=(
            *("id", "account_id", "file_id", "number", "identity", "type", "gross", "fee", "net", "currency"),
            *("booked_on", "reference", "transaction_reference", "gateway_id", "custom_reference", "payout_reference"),
            *("original_currency", "original_amount", "text"),
        ),
    ),
    Trigger(
        "settlement_line_of_closed_month",
        "orders_settlementline",
        "UPDATE",
        f"orders_settlementline: {_LOCKED}",
        columns=("overlap",),
        found="SELECT 1 FROM orders_settlementfile f JOIN orders_monthclose c ON c.account_id = f.account_id "  # noqa: S608
        f"WHERE f.id = OLD.file_id AND f.state IN {_COUNTS} AND c.state = 'closed' AND f.business_date >= c.month "
        "AND f.business_date < c.until",
    ),
    Trigger(
        "settlement_line_stays",
        "orders_settlementline",
        "DELETE",
        "orders_settlementline: lines that counted are never deleted",
        found=f"SELECT 1 FROM orders_settlementfile f WHERE f.id = OLD.file_id AND f.state IN {_COUNTS}",  # noqa: S608
    ),
    Trigger(
        "profile_in_use_is_frozen",
        "orders_settlementprofile",
        "UPDATE",
        "orders_settlementprofile: a version that was in use never changes; make the next one",
        condition='OLD."activated_at" IS NOT NULL',
        columns=("account_id", "name", "version", "mapping", "tolerance_minor", "tolerance_days", "activated_at"),
    ),
    Trigger(
        "profile_in_use_stays",
        "orders_settlementprofile",
        "DELETE",
        "orders_settlementprofile: a version that was in use is kept",
        condition='OLD."activated_at" IS NOT NULL',
    ),
    Trigger(
        "run_of_closed_month",
        "orders_reconciliationrun",
        "UPDATE",
        f"orders_reconciliationrun: {_LOCKED}",
        condition=f'NEW."state" IN {_COUNTS}',
        columns=("state", "business_date"),
        found=_closed("NEW.account_id", "NEW.business_date"),
    ),
    Trigger(
        "run_made_in_closed_month",
        "orders_reconciliationrun",
        "INSERT",
        f"orders_reconciliationrun: {_LOCKED}",
        condition=f'NEW."state" IN {_COUNTS}',
        found=_closed("NEW.account_id", "NEW.business_date"),
    ),
    Trigger(
        "match_is_frozen",
        "orders_match",
        "UPDATE",
        "orders_match: a match never changes; it ends",
        columns=(
            *("id", "account_id", "run_id", "line_id", "modification_id", "movement_id", "transaction_id", "rule"),
            *("amount", "difference", "days_apart", "tolerance_minor", "tolerance_days", "candidates", "runner_up"),
            "made_by_id",
        ),
    ),
    Trigger(
        "match_ends_once",
        "orders_match",
        "UPDATE",
        "orders_match: an ended match never changes",
        condition='OLD."ended_at" IS NOT NULL',
    ),
    Trigger(
        "match_of_closed_month",
        "orders_match",
        "UPDATE",
        f"orders_match: {_LOCKED}",
        columns=("ended_at",),
        found="SELECT 1 FROM orders_reconciliationrun r JOIN orders_monthclose c ON c.account_id = r.account_id "
        "WHERE r.id = OLD.run_id AND c.state = 'closed' AND r.business_date >= c.month AND r.business_date < c.until",
    ),
    Trigger(
        "match_stays",
        "orders_match",
        "DELETE",
        "orders_match: matches that counted are never deleted",
        found=f"SELECT 1 FROM orders_reconciliationrun r WHERE r.id = OLD.run_id AND r.state IN {_COUNTS}",  # noqa: S608
    ),
    Trigger(
        "discrepancy_identity_is_frozen",
        "orders_discrepancy",
        "UPDATE",
        "orders_discrepancy: a discrepancy never changes its identity",
        columns=("merchant_id", "account_id", "key"),
    ),
    Trigger(
        "discrepancy_of_closed_month",
        "orders_discrepancy",
        "UPDATE",
        f"orders_discrepancy: {_LOCKED}",
        columns=(
            *("id", "merchant_id", "account_id", "key", "type", "state", "run_id", "modification_id", "movement_id"),
            *("transaction_id", "reference", "amount", "difference", "currency", "sentence", "occurred_on", "month"),
            *("cause", "confidence", "evidence", "owner_id", "due_on", "opened_at", "closed_at", "closed_by_id"),
            *("fix", "resolution", "reopened", "proposed_by_id", "proposed_at", "version"),
        ),
        found=_closed("OLD.account_id", "OLD.month"),
    ),
    Trigger(
        "discrepancy_line_of_closed_month",
        "orders_discrepancy",
        "UPDATE",
        f"orders_discrepancy: {_LOCKED}",
        columns=("line_id",),
        found=f"{_closed('OLD.account_id', 'OLD.month')} AND NOT EXISTS ({_SAME_LINE})",
    ),
    Trigger(
        "discrepancy_moved_into_closed_month",
        "orders_discrepancy",
        "UPDATE",
        f"orders_discrepancy: {_LOCKED}",
        columns=("month",),
        found=_closed("NEW.account_id", "NEW.month"),
    ),
    Trigger(
        "discrepancy_made_in_closed_month",
        "orders_discrepancy",
        "INSERT",
        f"orders_discrepancy: {_LOCKED}",
        found=_closed("NEW.account_id", "NEW.month"),
    ),
    Trigger(
        "entry_of_closed_month",
        "orders_discrepancyentry",
        "INSERT",
        f"orders_discrepancyentry: {_LOCKED}",
        found="SELECT 1 FROM orders_discrepancy d JOIN orders_monthclose c ON c.account_id = d.account_id "
        "WHERE d.id = NEW.discrepancy_id AND c.state = 'closed' AND d.month = c.month",
    ),
    no_update("orders_discrepancyentry"),
    Trigger(
        "night_done_is_final",
        "orders_jobrun",
        "UPDATE",
        "orders_jobrun: a night that is done stays done",
        condition="OLD.\"state\" = 'done' AND NEW.\"state\" <> 'done'",
    ),
    Trigger(
        "month_report_is_frozen",
        "orders_monthclose",
        "UPDATE",
        "orders_monthclose: what was signed never changes",
        columns=(
            *("merchant_id", "account_id", "month", "until", "round", "report", "report_sha256", "signature"),
            *("proposed_by_id", "proposed_at"),
        ),
    ),
    Trigger(
        "month_decision_is_final",
        "orders_monthclose",
        "UPDATE",
        "orders_monthclose: a decision is final; a closed month is only ever reopened",
        condition="OLD.\"state\" IN ('withdrawn', 'reopened') "
        "OR (OLD.\"state\" = 'closed' AND NEW.\"state\" <> 'reopened')",
    ),
    *(
        no_delete(table)
        for table in (
            "orders_settlementbadline",
            "orders_discrepancy",
            "orders_discrepancyentry",
            "orders_jobrun",
            "orders_monthclose",
        )
    ),
)
