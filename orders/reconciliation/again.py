"""A person does not wait for the night: an account's lines that have not met are matched again as soon as a worker can.

Asking is a row; the ring only wakes the worker. Whoever asks twice before it begins has asked once.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now
from orders.models import GatewayAccount, ReconciliationRun, RunKind, SettlementTerms, Source
from orders.modifications import bell
from orders.modifications.refusals import NotAllowed, Refused, refusals_on_record
from orders.permissions import permissions_of
from orders.reconciliation.calendar import Terms, business_date_of
from orders.reconciliation.closed import closed_month
from orders.reconciliation.runs_turns import ask_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def match_again(account: GatewayAccount, *, by: User, source: Source) -> ReconciliationRun:
    """Have a worker match against what the books know then; the run to follow, which may be another's that is at it.

    Raises Refused: no permission, a closed month, a file being read. A refused attempt is in the audit log too.
    """
    with refusals_on_record("reconciliation.match_again_refused", by=by, source=source, account=account):
        run = _asked(account, by, source)
    bell.ring_settlement(account.pk)
    return run


def _asked(account: GatewayAccount, by: User, source: Source) -> ReconciliationRun:
    if "reconcile" not in permissions_of(by, account.merchant_id):
        raise NotAllowed(
            "You may not have this account matched again, so nothing was. Ask somebody in finance.", code="permission"
        )
    today = _today(account)
    month = closed_month(account.pk, today)
    if month is not None:
        raise Refused(f"{month.month:%B %Y} is closed for {account.name}; nothing was matched.", code="closed")
    with database_transaction.atomic():
        run, new = ask_for(account, today, by=by)
        if run.kind == RunKind.FILE:
            raise Refused(
                f"A settlement file of {account.name} is being read just now, and meets what our books know; nothing "
                "else was matched. Ask again when it is read.",
                code="busy",
            )
        if not new and run.epoch:
            raise Refused(
                f"{account.name} is being matched just now, against what our books knew when that began; nothing else "
                "was matched. Ask again when it is done.",
                code="busy",
            )
        if new:
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
