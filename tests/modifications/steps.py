"""The steps of a modification's life, one call each and without a gateway: claim, arm, and an answer of our choice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from orders.database import database_now
from orders.gateways.base import Facts, Kind, Observation, Outcome, Verdict
from orders.models import Modification, Purpose, Source, Transaction
from orders.modifications import submit
from orders.modifications.claim import Claim, claim
from orders.modifications.resolve import resolve_results
from orders.modifications.submit import Result
from orders.money import Money
from tests import factories
from tests.modifications.asking import ask

LONG_AGO = timedelta(days=30)


def an_agent(transaction: Transaction, *, groups: tuple[str, ...] = ("agent",), **fields: Any) -> User:
    """Somebody who may capture, cancel and refund at the transaction's merchant, unless other groups are named."""
    return factories.a_person(merchants=[transaction.merchant], groups=groups, **fields)


def asked(
    transaction: Transaction, kind: Kind = Kind.CAPTURE, amount: int = 10_000, *, by: User | None = None, **words: Any
) -> Modification:
    """Asked for by a command, so that it is due at once."""
    words = {"source": Source.COMMAND, "confirmed_twin": True, **words}
    return ask(transaction, kind, amount, by=by or an_agent(transaction), **words)


def claimed(modification: Modification) -> Claim:
    """The worker's turn on this one; whatever else is due is claimed too."""
    return next(taken for taken in claim(slots=64) if taken.modification_id == modification.pk)


def armed(modification: Modification) -> Claim:
    """Claimed and armed: from now on it may have been sent."""
    taken = claimed(modification)
    assert submit.arm([taken]) == {modification.pk}
    return taken


def answered(taken: Claim, outcome: Outcome, *, armed: bool = True) -> Modification:
    """The worker writes this outcome into the books."""
    assert resolve_results([Result(claim=taken, outcome=outcome, armed=armed)]) == []
    return Modification.objects.get(pk=taken.modification_id)


def ended(modification: Modification, outcome: Outcome) -> Modification:
    """Claimed, armed and answered with this outcome."""
    return answered(armed(modification), outcome)


def due_now(modification: Modification, *, step: Purpose | None = None) -> Modification:
    """As if its waiting time had passed; with `step`, as if the ladder had come to it."""
    values: dict[str, Any] = {"due_at": database_now()}
    if step is not None:
        values["next_step"] = step.value
    Modification.objects.filter(pk=modification.pk).update(**values)
    return Modification.objects.get(pk=modification.pk)


def lease_over(modification: Modification) -> None:
    """As if the worker had died long ago."""
    Modification.objects.filter(pk=modification.pk).update(lease_until=database_now() - LONG_AGO)


def success(modification: Modification, *, amount: int | None = None, **facts: Any) -> Outcome:
    """The gateway did it; `facts` overrides what it says."""
    said: dict[str, Any] = {
        "modification_id": str(modification.pk),
        "amount": Money(modification.amount if amount is None else amount, modification.currency),
        "reference": f"rec-{str(modification.pk)[:8]}",
        "gateway_id": f"gid-{str(modification.pk)[:8]}",
        "raw_status": "DONE",
        **facts,
    }
    return Outcome(verdict=Verdict.SUCCEEDED, reason="SmartPay says DONE.", facts=Facts(**said), observation=seen(200))


def declined(reason: str = "SmartPay declined it and moved no money: too late.") -> Outcome:
    facts = Facts(failure_code="too_late", failure_text="too late")
    return Outcome(verdict=Verdict.DECLINED, reason=reason, facts=facts, observation=seen(400))


def pending() -> Outcome:
    facts = Facts(raw_status="CAPTURE_PENDING")
    return Outcome(verdict=Verdict.PENDING, reason="SmartPay has taken it.", facts=facts, observation=seen(202))


def unknown(status: int | None = None, **fields: Any) -> Outcome:
    """No clear answer: a timeout unless a status is given."""
    return Outcome(verdict=Verdict.UNKNOWN, reason="No clear answer came.", observation=seen(status), **fields)


def not_sent(**fields: Any) -> Outcome:
    nothing = Observation(sent=False)
    return Outcome(verdict=Verdict.NOT_SENT, reason="Nobody listened.", observation=nothing, **fields)


def mismatch(reason: str = "SmartPay names another amount.") -> Outcome:
    return Outcome(verdict=Verdict.MISMATCH, reason=reason, review=True, observation=seen(200))


def seen(status: int | None) -> Observation:
    return Observation(sent=True, status=status, request_transcript="POST", response_transcript=f"HTTP {status}")


def fresh(row: Transaction) -> Transaction:
    return Transaction.objects.select_related("account", "order").get(pk=row.pk)


RESERVING = (
    "authorized",
    "capturing",
    "captured",
    "released",
    "refunding",
    "refunded",
    "exclusive_modification",
    "version",
)


def books_of(transaction: Transaction) -> list[Any]:
    return [getattr(fresh(transaction), name) for name in RESERVING]


def ids(claims: Any) -> set[Any]:
    return {taken.modification_id for taken in claims}


def in_doubt(transaction: Transaction, *, step: Purpose = Purpose.SEND) -> Modification:
    """Sent once with an unclear end, and due again now."""
    row = asked(transaction)
    ended(row, unknown())
    return due_now(row, step=step)
