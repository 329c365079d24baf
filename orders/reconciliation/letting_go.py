"""Lines that met a movement whose outcome was open, and that failed afterwards: the line lets it go and is typed anew.

A line may meet what is being sent just now, by a tolerance, or by a person's hand, and proves nothing of it. When the
gateway then says that it failed, both cannot be true: the payment freezes at once, and the line says from then on that
it was settled though it failed. What lies in a closed month stays as it was signed; only the payment freezes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Exists, OuterRef

from orders.database import in_one_transaction
from orders.models import (
    GatewayAccount,
    Match,
    Modification,
    ModificationState,
    SettlementLine,
    Source,
)
from orders.reconciliation.closed import hold_months
from orders.reconciliation.evidence import Paid, tell
from orders.reconciliation.matching.candidates import MEMORY_DAYS
from orders.reconciliation.matching.linking import end, why_not_unlink
from orders.reconciliation.matching.whereabouts import counting_matches

_FAILED = (ModificationState.FAILED, ModificationState.WITHDRAWN)
_ASKED_WITHIN = timedelta(days=90)
"""How long after it was asked for the outcome of a modification may still be open; by the time of asking it is found,
as nights find what is late."""


def let_go_of_failed(account: GatewayAccount, business_date: date) -> int:
    """Tell the payments, and end the matches; how many ended. Repeating changes nothing.

    Lines of files that no night looks at any more keep their match: nothing would type them.
    """
    ended = 0
    for modification, matches in _failed_since(account, business_date):
        paid = sum(abs(match.line.gross) for match in matches)
        tell(modification, Paid(amount=paid, line=matches[0].line))
        for match in matches:
            day = match.line.file.business_date
            if day is not None and day >= business_date - timedelta(days=MEMORY_DAYS):
                ended += _end(match)
    return ended


def _failed_since(account: GatewayAccount, business_date: date) -> Iterator[tuple[Modification, list[Match]]]:
    """Failed and withdrawn modifications that counting lines hold. They are few, and one by one at most."""
    rows = Modification.objects.filter(
        Exists(counting_matches().filter(transaction_id=OuterRef("transaction_id"), modification_id=OuterRef("pk"))),
        merchant_id=account.merchant_id,
        account=account,
        state__in=_FAILED,
        requested_at__gte=datetime.combine(business_date, time(0), UTC) - _ASKED_WITHIN,
    )
    for row in list(rows.order_by("pk")):
        matches = counting_matches().filter(transaction_id=row.transaction_id, modification_id=row.pk)
        yield row, list(matches.select_related("line__file", "run").order_by("pk"))


def _end(found: Match) -> bool:
    reason = "What it had met ended as failed."

    def write() -> bool:
        hold_months(found.account_id)
        line = SettlementLine.objects.select_related("file").get(pk=found.line_id)
        match = Match.objects.select_for_update(of=("self",)).select_related("run__merchant").get(pk=found.pk)
        if why_not_unlink(match, line, reason=reason):
            return False
        end(match, line, by=None, reason=reason, source=Source.WORKER)
        return True

    return in_one_transaction(write)
