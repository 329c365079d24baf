"""`manage.py modify REFERENCE capture|cancel|cancel-or-refund|refund`: the page's verb from a shell.

0: it succeeded, or was accepted without --wait. 1: it was refused or failed. 3: still open when the wait was over.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.core.management.base import CommandParser

from orders.database import database_now
from orders.gateways.base import Kind
from orders.management.output import MISUSED, WRONG, Errand, Report, Stop, person_named
from orders.models import Modification, ModificationState, ReferenceKind, Source, Transaction
from orders.modifications.request import REASONS, request_modification
from orders.modifications.rules import VERBS, maximum_of
from orders.modifications.situation import situation_of
from orders.money import AmountRefused, Money, parse_amount

STILL_OPEN = 3
_LOOK_EVERY_SECONDS = 0.25
_EXACT = [kind.value for kind in ReferenceKind if kind not in (ReferenceKind.NAME, ReferenceKind.EMAIL)]


class Command(Errand):
    help = "Capture, cancel or refund an order; the same rules as on its page."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="Any exact reference of one order, or of one of its transactions.")
        parser.add_argument("verb", choices=[kind.value.replace("_", "-") for kind in Kind])
        parser.add_argument("--amount", help="In major units, such as 12.50; all that is left when not given.")
        parser.add_argument("--reason", default="", choices=["", *(code for code, _ in REASONS)])
        parser.add_argument("--description", default="", help="Shown at the gateway; at most 127 characters.")
        parser.add_argument("--id", type=uuid.UUID, help="Modification id; the same id again changes nothing.")
        parser.add_argument("--by", required=True, metavar="USER", help="The person who asks; must be allowed to.")
        parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="Follow it to its end.")
        parser.add_argument(
            "--confirm-twin", action="store_true", help="Yes, a second one of the same amount is meant."
        )

    def work(self, *, reference: str, verb: str, by: str, wait: float, **options: Any) -> Report:
        person = person_named(by)
        kind = Kind(verb.replace("-", "_"))
        known = Modification.objects.of(person).filter(pk=options["id"]).select_related("transaction").first()
        transaction = known.transaction if known else _transaction(reference, person, kind)
        amount = (
            known.amount if known and not options["amount"] else _amount(options["amount"], transaction, person, kind)
        )
        row = request_modification(
            modification_id=options["id"] or uuid.uuid4(),
            transaction_id=transaction.pk,
            kind=kind,
            amount=amount,
            reason=options["reason"],
            description=options["description"],
            by=person,
            source=Source.COMMAND,
            expected_version=None,
            confirmed_twin=options["confirm_twin"],
        )
        return _told(_followed(row, wait), waited=wait > 0)


def _transaction(reference: str, person: Any, kind: Kind) -> Transaction:
    """The one transaction that is meant: by its own id, or the only one of its order, or the only one that can."""
    value = reference.strip().lower()
    found = list(
        Transaction.objects.of(person)
        .filter(order__references__value=value, order__references__kind__in=_EXACT)
        .select_related("account", "order")
        .distinct()
        .order_by("pk")
    )
    if not found:
        raise Stop(f"There is no order with the reference “{reference}”; nothing was sent.", exit_code=MISUSED)
    if len({row.order_id for row in found}) > 1:
        raise Stop(f"“{reference}” leads to several orders; nothing was sent. Use another one.", exit_code=MISUSED)
    exact = [row for row in found if row.reference.lower() == value]
    able = exact or [row for row in found if maximum_of(kind, situation_of(row, person)) > 0] or found[:1]
    if len(able) > 1:
        ids = ", ".join(row.reference for row in able)
        raise Stop(f"The order has several transactions; nothing was sent. Name one: {ids}.", exit_code=MISUSED)
    return able[0]


def _amount(text: str | None, transaction: Transaction, person: Any, kind: Kind) -> int:
    """What was typed, or all that can move; one minor unit when nothing can, so that the rules say why."""
    if not text:
        return maximum_of(kind, situation_of(transaction, person, now=database_now())) or 1
    try:
        return parse_amount(text, transaction.currency).amount_minor
    except AmountRefused as refusal:
        raise Stop(f"{refusal} Nothing was sent.", exit_code=MISUSED) from refusal


def _followed(row: Modification, wait_seconds: float) -> Modification:
    ends_at = time.monotonic() + wait_seconds
    while not row.finished and time.monotonic() < ends_at:
        time.sleep(_LOOK_EVERY_SECONDS)
        row.refresh_from_db()
    return row


def _told(row: Modification, *, waited: bool) -> Report:
    what = f"The {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)} ({row.pk})"
    sentence = f"{what}: {row.get_state_display().lower()}. {row.reason_text}".strip()
    facts = {
        "id": str(row.pk),
        "state": row.state,
        "amount": row.amount,
        "currency": row.currency,
        "reference": row.gateway_reference,
        "sentence": sentence,
    }
    return Report(lines=[sentence], facts=facts, exit_code=_exit_code(row, waited=waited))


def _exit_code(row: Modification, *, waited: bool) -> int:
    if row.state == ModificationState.SUCCEEDED:
        return 0
    if row.finished:
        return WRONG
    return STILL_OPEN if waited else 0
