"""A new payment whose answer never came is named by what the gateway shows under the partner reference that we gave."""

from __future__ import annotations

from orders.gateways.base import Facts, Kind, Outcome, Snapshot, TransactionState, Verdict
from orders.models import NOT_YET_NAMED, EvidenceSource, GatewayAccount, Modification, Transaction
from orders.modifications.resolve import apply_evidence


def waits_for_a_name(account: GatewayAccount) -> bool:
    """Whether a payment that nobody knows here may be one of ours."""
    return Transaction.objects.filter(account=account, reference__startswith=NOT_YET_NAMED).exists()


def name_by(account: GatewayAccount, snapshot: Snapshot) -> Modification | None:
    """Settle the request for this payment by what the gateway shows of it; None when it is none of ours.

    Whether the buyer has paid is not taken from here: the transaction is read once it has its name. A request that has
    ended otherwise is contradicted, which freezes its transaction.
    """
    row = _request_for(account, snapshot)
    if row is None:
        return None
    failed = snapshot.state is TransactionState.FAILED
    outcome = Outcome(
        verdict=Verdict.DECLINED if failed else Verdict.SUCCEEDED,
        reason=f"The gateway shows the payment under our partner reference and says {snapshot.raw_status}.",
        facts=Facts(
            executed_kind=Kind.AUTHORIZE,
            amount=snapshot.amount,
            reference=snapshot.reconciliation_reference,
            raw_status=snapshot.raw_status,
            transaction_raw_status=snapshot.raw_status,
            transaction_reference=snapshot.transaction_reference,
            payment_reference=snapshot.payment_reference,
        ),
    )
    key = f"{row.pk}:{snapshot.transaction_reference}:{outcome.verdict}"
    apply_evidence(modification_id=row.pk, outcome=outcome, source=EvidenceSource.MIRROR, source_key=key)
    row.refresh_from_db()
    return row


def _request_for(account: GatewayAccount, snapshot: Snapshot) -> Modification | None:
    """Open requests first; a payment made by another method under the same reference is none of ours."""
    if not snapshot.partner_reference:
        return None
    rows = Modification.objects.filter(
        kind=Kind.AUTHORIZE,
        transaction__account=account,
        transaction__partner_reference=snapshot.partner_reference,
        transaction__reference__startswith=NOT_YET_NAMED,
    ).select_related("transaction")
    fitting = [row for row in rows if snapshot.payment_method in ("", row.transaction.payment_method)]
    return min(fitting, key=lambda row: (row.finished, -row.requested_at.timestamp()), default=None)
