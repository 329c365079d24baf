"""A person does not wait for the night: an account's lines that have not met are matched again now."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from orders import audit
from orders.database import database_now
from orders.models import GatewayAccount, ReconciliationRun, SettlementTerms, Source
from orders.modifications.refusals import NotAllowed, Refused
from orders.permissions import permissions_of
from orders.reconciliation.calendar import Terms, business_date_of
from orders.reconciliation.runs import rematch

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def match_again(account: GatewayAccount, *, by: User, source: Source) -> ReconciliationRun:
    """Match against what the books know now; the run is applied when this returns. Must not be called within a database
    transaction. Raises Refused; a refused attempt is in the audit log too."""
    try:
        if "reconcile" not in permissions_of(by, account.merchant_id):
            raise NotAllowed(
                "You may not have this account matched again, so nothing was. Ask somebody in finance.",
                code="permission",
            )
        run = rematch(account, _today(account))
    except Refused as refusal:
        audit.record_refusal(
            verb="reconciliation.match_again_refused",
            sentence=refusal.sentence,
            source=source,
            by=by,
            account=account,
            details={"code": refusal.code},
        )
        raise
    audit.record(
        verb="reconciliation.match_again",
        sentence=f"{by.get_username()} had {account.name} matched again.",
        source=source,
        by=by,
        account=account,
        details={"run": run.pk},
    )
    return run


def _today(account: GatewayAccount) -> date:
    terms = Terms.of(SettlementTerms.objects.filter(account=account).first())
    return business_date_of(terms, database_now())
