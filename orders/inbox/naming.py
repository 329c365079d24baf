"""A new payment whose answer never came is named by what the gateway shows under the partner reference that we gave."""

from __future__ import annotations

from orders.gateways.base import Facts, Kind, Outcome, Snapshot, TransactionState, Verdict
from orders.models import (
    FINISHED,
    NOT_YET_NAMED,
    EvidenceSource,
    GatewayAccount,
    Modification,
    Reference,
    ReferenceKind,
)
from orders.modifications.resolve import apply_evidence

_ORDERS_LOOKED_AT = 20


def waits_for_a_name(account: GatewayAccount) -> bool:
    """Whether a payment that nobody knows here may be one that we have asked for."""
    still_open = Modification.objects.exclude(state__in=sorted(FINISHED))
    return still_open.filter(account=account, kind=Kind.AUTHORIZE).exists()


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


def may_be_ours(account: GatewayAccount, snapshot: Snapshot) -> Modification | None:
    """The open request that this may be the payment of, where the gateway leaves the partner reference out.

    That is a likeness and no proof, so nothing is settled by it; but no second order is made of the payment either.
    """
    if snapshot.partner_reference or snapshot.amount is None:
        return None
    rows = Modification.objects.exclude(state__in=sorted(FINISHED)).filter(
        account=account,
        kind=Kind.AUTHORIZE,
        amount=snapshot.amount.amount_minor,
        currency=snapshot.amount.currency,
        transaction__payment_method=snapshot.payment_method,
    )
    return rows.select_related("transaction__order").order_by("requested_at").first()


def _request_for(account: GatewayAccount, snapshot: Snapshot) -> Modification | None:
    """Open requests first; a payment made by another method under the same reference is none of ours."""
    if not snapshot.partner_reference:
        return None
    named_so = Reference.objects.filter(
        merchant_id=account.merchant_id, kind=ReferenceKind.PARTNER, value=snapshot.partner_reference.lower()
    )
    rows = Modification.objects.filter(
        kind=Kind.AUTHORIZE,
        account=account,
        transaction__order__in=list(named_so.values_list("order_id", flat=True)[:_ORDERS_LOOKED_AT]),
        transaction__partner_reference=snapshot.partner_reference,
        transaction__reference__startswith=NOT_YET_NAMED,
    ).select_related("transaction")
    fitting = [row for row in rows if snapshot.payment_method in ("", row.transaction.payment_method)]
    return min(fitting, key=lambda row: (row.finished, -row.requested_at.timestamp()), default=None)
