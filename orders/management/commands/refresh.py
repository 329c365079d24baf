"""`manage.py refresh`: make our copies like the gateways' originals, for one order, one account or everything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from orders.gateways.base import TransactionState
from orders.management.output import MISUSED, WRONG, Errand, Report, Stop, account_named
from orders.mirror.refresh import AT_ONCE, RefreshResult, refresh_many
from orders.models import ReferenceKind, Source, Transaction

STILL_MOVING = [
    TransactionState.PENDING_AUTHORIZATION.value,
    TransactionState.AUTHORIZED.value,
    TransactionState.CAPTURE_PENDING.value,
    TransactionState.CANCEL_PENDING.value,
]
_LISTED = 50
_NOT_PEOPLE = [kind.value for kind in ReferenceKind if kind not in (ReferenceKind.NAME, ReferenceKind.EMAIL)]


class Command(Errand):
    help = "Ask the gateways for the state of transactions and update the books."

    def arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--order", metavar="REFERENCE", help="Any reference of one order.")
        which.add_argument("--account", metavar="NAME", help="Every transaction of this account that still moves.")
        which.add_argument("--all", action="store_true", help="Every transaction that still moves.")
        parser.add_argument("--ended", action="store_true", help="Also those whose state is usually the last.")
        parser.add_argument(
            "--since",
            metavar="MOMENT",
            help="Those on which anything happened since, in whatever state; with its offset: 2026-01-31T12:00:00Z.",
        )

    def work(self, *, order: str | None, account: str | None, ended: bool, since: str | None, **options: Any) -> Report:
        transactions = _chosen(order, account)
        if since:
            transactions = transactions.filter(pk__in=_touched_since(_moment(since)))
        elif not order and not ended:
            transactions = transactions.filter(state__in=STILL_MOVING)
        rows = list(transactions.select_related("account").order_by("pk"))
        if order and not rows:
            raise Stop(f"Nothing is known as “{order}”; nothing was asked.", exit_code=MISUSED)
        results = refresh_many(rows, by=None, source=Source.COMMAND, at_once=AT_ONCE)
        names = {row.pk: row.reference for row in rows}
        return _told(list(self.progress(results, of=len(rows), what="Asking")), names)


def _chosen(order: str | None, account: str | None) -> QuerySet[Transaction]:
    if account:
        return Transaction.objects.filter(account=account_named(account))
    if order:
        value = order.strip().lower()
        words = {"order__references__value": value, "order__references__kind__in": _NOT_PEOPLE}
        return Transaction.objects.filter(**words).distinct()
    return Transaction.objects.all()


def _touched_since(moment: datetime) -> QuerySet[Transaction, int]:
    """Made, changed at the gateway, moved by one of ours or by somebody else since then."""
    happened = Q(created_at__gte=moment) | Q(status_at__gte=moment)
    happened |= Q(modifications__requested_at__gte=moment) | Q(modifications__finished_at__gte=moment)
    happened |= Q(external_movements__seen_at__gte=moment)
    return Transaction.objects.filter(happened).values_list("pk", flat=True)


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Stop(f"“{text}” is no moment with its offset, such as 2026-01-31T12:00:00Z.", exit_code=MISUSED)
    return moment


def _told(results: list[RefreshResult], names: dict[int, str]) -> Report:
    unasked = [one for one in results if not one.asked]
    changed = [one for one in results if one.changed]
    problems = [one for one in results if one.problem]
    told = (changed + problems + unasked)[:_LISTED]
    lines = [f"{names[one.transaction_id]}: {one.sentence}" for one in told]
    asked = len(results) - len(unasked)
    lines.append(f"{asked} transactions asked, {len(changed)} changed, {len(problems)} could not be read.")
    facts = {
        "asked": asked,
        "changed": [{"transaction": names[one.transaction_id], "sentence": one.sentence} for one in changed],
        "problems": [{"transaction": names[one.transaction_id], "problem": one.problem} for one in problems],
        "not_asked": [{"transaction": names[one.transaction_id], "sentence": one.sentence} for one in unasked],
    }
    return Report(lines=lines, facts=facts, exit_code=WRONG if problems else 0)
