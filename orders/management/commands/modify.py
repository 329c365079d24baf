"""`manage.py modify REFERENCE capture|cancel|cancel-or-refund|void|refund`: the page's verb from a shell.

0: it succeeded, or was accepted without --wait. 1: it was refused or failed. 3: still open when the wait was over.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

from django.core.management.base import CommandParser

from orders.database import database_now
from orders.gateways.base import ACTIONS, Kind
from orders.management.output import MISUSED, WRONG, Errand, Report, Stop, person_named
from orders.models import Modification, ModificationState, ReferenceKind, RefundPlan, Source, Transaction
from orders.modifications.ask import ask
from orders.modifications.plans import progress_of
from orders.modifications.request import REASONS
from orders.modifications.rules import VERBS, maximum_of
from orders.modifications.situation import situation_of
from orders.modifications.wish import Wish
from orders.money import AmountRefused, Money, parse_amount

STILL_OPEN = 3
_LOOK_EVERY_SECONDS = 0.25
_EXACT = [kind.value for kind in ReferenceKind if kind not in (ReferenceKind.NAME, ReferenceKind.EMAIL)]


class Command(Errand):
    help = "Capture, cancel, void or refund an order; the same rules as on its page."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", help="Any exact reference of one order, or of one of its transactions.")
        parser.add_argument("verb", choices=[kind.value.replace("_", "-") for kind in ACTIONS])
        parser.add_argument("--amount", help="In major units, such as 12.50; all that is left when not given.")
        parser.add_argument("--reason", default="", choices=["", *(code for code, _ in REASONS)])
        parser.add_argument("--description", default="", help="Shown at the gateway; at most 127 characters.")
        parser.add_argument(
            "--release-rest", action="store_true", help="With a capture: what is not captured goes back to the shopper."
        )
        parser.add_argument(
            "--customer-may-see", action="store_true", help="The description may be shown to the shopper."
        )
        parser.add_argument("--id", type=uuid.UUID, help="Modification id; the same id again changes nothing.")
        parser.add_argument("--by", required=True, metavar="USER", help="The person who asks; must be allowed to.")
        parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="Follow it to its end.")
        parser.add_argument(
            "--confirm-twin", action="store_true", help="Yes, a second one of the same amount is meant."
        )

    def work(self, *, reference: str, verb: str, by: str, wait: float, **options: Any) -> Report:
        person = person_named(by)
        kind = Kind(verb.replace("-", "_"))
        known = _known(options["id"], person)
        transaction = known.transaction if known else _transaction(reference, person, kind)
        amount = (
            known.amount if known and not options["amount"] else _amount(options["amount"], transaction, person, kind)
        )
        made = ask(
            Wish(
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
                release_rest=options["release_rest"],
                customer_may_see=options["customer_may_see"],
            )
        )
        rows = _followed(_rows_of(made), wait)
        if isinstance(made, RefundPlan):
            return _plan_told(made, rows, waited=wait > 0)
        return _told(rows[0], waited=wait > 0)


def _known(identity: uuid.UUID | None, person: Any) -> Modification | RefundPlan | None:
    """What this id stands for already, if the person may see it."""
    if identity is None:
        return None
    rows = Modification.objects.of(person).filter(pk=identity).select_related("transaction")
    plans = RefundPlan.objects.filter(pk=identity, transaction__in=Transaction.objects.of(person))
    return rows.first() or plans.select_related("transaction").first()


def _rows_of(made: Modification | RefundPlan) -> list[Modification]:
    return list(made.modifications.order_by("requested_at")) if isinstance(made, RefundPlan) else [made]


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


def _followed(rows: list[Modification], wait_seconds: float) -> list[Modification]:
    ends_at = time.monotonic() + wait_seconds
    while not all(row.finished for row in rows) and time.monotonic() < ends_at:
        time.sleep(_LOOK_EVERY_SECONDS)
        for row in rows:
            row.refresh_from_db()
    return rows


def _told(row: Modification, *, waited: bool) -> Report:
    what = f"The {VERBS[Kind(row.kind)]} of {Money(row.amount, row.currency)} ({row.pk})"
    sentence = f"{what}: {row.get_state_display().lower()}. {row.reason_text}".strip()
    return Report(
        lines=[sentence], facts=_facts(row) | {"sentence": sentence}, exit_code=_exit_code(row, waited=waited)
    )


def _plan_told(plan: RefundPlan, rows: list[Modification], *, waited: bool) -> Report:
    """One line for the whole and one for each leg; it went well only when every leg did."""
    progress = progress_of(plan, rows)
    whole = Money(plan.amount, plan.currency)
    done, missing = Money(progress.done, plan.currency), Money(progress.missing, plan.currency)
    first = f"The refund of {whole} over several captures ({plan.pk}): {done} done, {missing} refused or withdrawn."
    facts = {"id": str(plan.pk), "amount": plan.amount, "currency": plan.currency, "done": progress.done}
    return Report(
        lines=[first, *(line for row in rows for line in _told(row, waited=waited).lines)],
        facts=facts | {"missing": progress.missing, "legs": [_facts(row) for row in rows], "sentence": first},
        exit_code=max((_exit_code(row, waited=waited) for row in rows), key=(0, STILL_OPEN, WRONG).index),
    )


def _facts(row: Modification) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "state": row.state,
        "amount": row.amount,
        "currency": row.currency,
        "reference": row.gateway_reference,
    }


def _exit_code(row: Modification, *, waited: bool) -> int:
    if row.state == ModificationState.SUCCEEDED:
        return 0
    if row.finished:
        return WRONG
    return STILL_OPEN if waited else 0
