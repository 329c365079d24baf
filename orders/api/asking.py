"""Asking for a movement of money: the Idempotency-Key becomes the modification's id, everything else is the verb's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID, uuid5

from orders.api.finding import modification_of, modifications_of, plan_of, plans_of, transaction_of
from orders.api.modification_words import Asked
from orders.api.problems import Problem, not_found
from orders.gateways.base import Kind
from orders.models import ApiToken, Modification, RefundPlan, Source, Transaction
from orders.modifications.ask import ask as ask_once
from orders.modifications.refusals import ChangedSince, IdConflict, NotAllowed, Refused, Suspicious, UnknownThing
from orders.modifications.request import REASONS
from orders.modifications.rules import may
from orders.modifications.situation import situation_of
from orders.modifications.wish import Wish


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was accepted, and whether this request made it or only met it again."""

    row: Modification | RefundPlan
    made: bool


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One POST, made plain. `amount` None means everything that is left."""

    kind: Kind
    transaction_id: int
    key: str
    body: Asked
    amount: int | None
    currency: str | None
    release_rest: bool = False
    customer_may_see: bool = False
    confirmed_twin: bool = False


def ask(token: ApiToken, wanted: Wanted) -> Answer:
    """Ask once: the same key with the same body is the same modification or plan. Raises a Problem."""
    transaction = transaction_of(token, wanted.transaction_id)
    modification_id = id_of(token, wanted.key)
    known = _known(token, modification_id, wanted)
    if known is not None:
        return Answer(row=known, made=False)
    _check_currency(transaction, wanted)
    try:
        row = _request(token, transaction, wanted, modification_id)
    except Refused as refusal:
        # The same request may have been accepted since our look: then its answer is ours, and no refusal.
        known = _known(token, modification_id, wanted)
        if known is not None:
            return Answer(row=known, made=False)
        raise_as_problem(refusal)
    _check_same(row, wanted)
    if isinstance(row, RefundPlan):
        return Answer(row=plan_of(token, row.pk), made=True)
    return Answer(row=modification_of(token, row.pk), made=True)


def id_of(token: ApiToken, key: str) -> UUID:
    """The modification id that this key of this token stands for, always the same."""
    return uuid5(token.pk, key)


def raise_as_problem(refusal: Refused) -> NoReturn:
    """404 for what is not there, 409 for what a second look may settle, 403 and 422 for what the rules refuse."""
    if isinstance(refusal, UnknownThing):
        raise not_found() from refusal
    if isinstance(refusal, ChangedSince):
        raise Problem(409, refusal.code, refusal.sentence, changes=refusal.changes) from refusal
    if isinstance(refusal, Suspicious):
        twins = [str(twin.pk) for twin in refusal.twins]
        sentence = f"{refusal.sentence} Send it again with confirmed_twin true if you do."
        raise Problem(409, refusal.code, sentence, twins=twins) from refusal
    if isinstance(refusal, IdConflict):
        raise _key_conflict() from refusal
    assert isinstance(refusal, NotAllowed)
    more: dict[str, Any] = {"unlock": refusal.decision.unlock} if refusal.decision and refusal.decision.unlock else {}
    status = 403 if refusal.code == "permission" else 422
    raise Problem(status, refusal.code, refusal.sentence, **more) from refusal


def _known(token: ApiToken, modification_id: UUID, wanted: Wanted) -> Modification | RefundPlan | None:
    """What an earlier request with this key made. Raises a Problem when that request said something else."""
    known = (
        modifications_of(token).filter(pk=modification_id).first() or plans_of(token).filter(pk=modification_id).first()
    )
    if known is not None:
        _check_same(known, wanted)
    return known


def _request(
    token: ApiToken, transaction: Transaction, wanted: Wanted, modification_id: UUID
) -> Modification | RefundPlan:
    body = wanted.body
    wish = Wish(
        modification_id=modification_id,
        transaction_id=transaction.pk,
        kind=wanted.kind,
        amount=_everything_left(token, transaction, wanted.kind) if wanted.amount is None else wanted.amount,
        reason=body.reason,
        description=body.description,
        by=token.acts_as,
        source=Source.API,
        expected_version=body.expected_version,
        custom_references=body.custom_references.model_dump(exclude_defaults=True),
        confirmed_twin=wanted.confirmed_twin,
        release_rest=wanted.release_rest,
        customer_may_see=wanted.customer_may_see,
    )
    return ask_once(wish)


def _everything_left(token: ApiToken, transaction: Transaction, kind: Kind) -> int:
    """What the rules say is left; where they are closed any amount leads to their refusal."""
    decision = may(kind, situation_of(transaction, token.acts_as))
    return decision.maximum.amount_minor if decision.maximum else 0


def _check_currency(transaction: Transaction, wanted: Wanted) -> None:
    if wanted.currency is not None and wanted.currency != transaction.currency:
        raise Problem(
            422,
            "currency",
            f"This transaction is in {transaction.currency}, not in {wanted.currency}. Nothing was sent.",
        )


def _check_same(known: Modification | RefundPlan, wanted: Wanted) -> None:
    """Everything that is kept of a request must be the same; an amount left out agrees with every amount."""
    body = wanted.body
    given = body.custom_references.model_dump(exclude_defaults=True)
    kept = known.modifications.order_by("requested_at", "pk")[0] if isinstance(known, RefundPlan) else known
    same = (
        known.transaction_id == wanted.transaction_id
        and kept.kind == wanted.kind
        and wanted.amount in (None, known.amount)
        and wanted.currency in (None, known.currency)
        and known.reason == body.reason
        and known.description == (body.description or dict(REASONS).get(body.reason, ""))
        and all(kept.custom_references.get(name) == value for name, value in given.items())
        and kept.expected_version == body.expected_version
        and kept.release_rest == wanted.release_rest
        and kept.customer_may_see == wanted.customer_may_see
    )
    if not same:
        raise _key_conflict()


def _key_conflict() -> Problem:
    return Problem(
        409,
        "id_conflict",
        "This Idempotency-Key was already used for another request. Nothing was sent now; take a fresh key for "
        "something new.",
    )
