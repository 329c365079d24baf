"""POST /transactions/{id}/captures, cancellations, reversals, voids and refunds."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Path, Router
from ninja.responses import Status

from orders.api.asking import Wanted, ask
from orders.api.entrance import for_scopes, token_in
from orders.api.keys import Key
from orders.api.modification_words import (
    CaptureGiven,
    ModificationTold,
    RefundGiven,
    RefundPlanTold,
    ReversalGiven,
    WholeGiven,
)
from orders.api.plans import tell_plan
from orders.api.telling import modification_told
from orders.api.words import ID_MAXIMUM
from orders.gateways.base import Kind
from orders.models import RefundPlan

router = Router(tags=["Money"])
ANSWERS = {200: ModificationTold, 201: ModificationTold}

TransactionId = Annotated[int, Path(ge=1, le=ID_MAXIMUM)]
Answer = Status[ModificationTold | RefundPlanTold]


@router.post("/{transaction_id}/captures", **for_scopes("captures:write"), response=ANSWERS, summary="Capture")
def capture(
    request: HttpRequest, response: HttpResponse, transaction_id: TransactionId, key: Key, body: CaptureGiven
) -> Answer:
    """Take authorized money. It is queued at once: follow the modification to its end."""
    wanted = Wanted(
        kind=Kind.CAPTURE,
        transaction_id=transaction_id,
        key=key,
        body=body,
        amount=body.amount,
        currency=body.currency,
        release_rest=body.release_rest,
    )
    return _asked(request, response, wanted)


@router.post("/{transaction_id}/cancellations", **for_scopes("cancellations:write"), response=ANSWERS, summary="Cancel")
def cancel(
    request: HttpRequest, response: HttpResponse, transaction_id: TransactionId, key: Key, body: WholeGiven
) -> Answer:
    """Give up what is authorized and not captured; everything that is left when no amount is said."""
    return _asked(request, response, _whole(Kind.CANCEL, transaction_id, key, body))


@router.post(
    "/{transaction_id}/reversals",
    **for_scopes("cancellations:write", "refunds:write"),
    response=ANSWERS,
    summary="Cancel or refund, whichever fits",
)
def reverse(
    request: HttpRequest, response: HttpResponse, transaction_id: TransactionId, key: Key, body: ReversalGiven
) -> Answer:
    """Give everything back; the gateway chooses how. Where a gateway has no such thing, the problem says what fits."""
    wanted = _whole(Kind.CANCEL_OR_REFUND, transaction_id, key, body, confirmed_twin=body.confirmed_twin)
    return _asked(request, response, wanted)


@router.post("/{transaction_id}/voids", **for_scopes("refunds:write"), response=ANSWERS, summary="Void")
def void(
    request: HttpRequest, response: HttpResponse, transaction_id: TransactionId, key: Key, body: WholeGiven
) -> Answer:
    """Take back a whole capture that has not cleared at the bank yet."""
    return _asked(request, response, _whole(Kind.VOID, transaction_id, key, body))


@router.post(
    "/{transaction_id}/refunds",
    **for_scopes("refunds:write"),
    response={200: ModificationTold | RefundPlanTold, 201: ModificationTold | RefundPlanTold},
    summary="Refund",
)
def refund(
    request: HttpRequest, response: HttpResponse, transaction_id: TransactionId, key: Key, body: RefundGiven
) -> Answer:
    """Give captured money back. One that looks like a repeat is answered 409 until `confirmed_twin` says it is none.

    Where each refund draws on one capture, more than one capture holds becomes a plan of several modifications.
    """
    wanted = Wanted(
        kind=Kind.REFUND,
        transaction_id=transaction_id,
        key=key,
        body=body,
        amount=body.amount,
        currency=body.currency,
        confirmed_twin=body.confirmed_twin,
        customer_may_see=body.customer_may_see,
    )
    return _asked(request, response, wanted)


def _whole(kind: Kind, transaction_id: int, key: str, body: WholeGiven, *, confirmed_twin: bool = False) -> Wanted:
    return Wanted(
        kind=kind,
        transaction_id=transaction_id,
        key=key,
        body=body,
        amount=body.amount,
        currency=body.currency,
        confirmed_twin=confirmed_twin,
    )


def _asked(request: HttpRequest, response: HttpResponse, wanted: Wanted) -> Answer:
    """201 for what was made now, 200 for what the same request made before."""
    token = token_in(request)
    answer = ask(token, wanted)
    status = 201 if answer.made else 200
    if isinstance(answer.row, RefundPlan):
        response.headers["Location"] = f"/api/v1/plans/{answer.row.pk}"
        return Status(status, tell_plan(token, answer.row))
    response.headers["Location"] = f"/api/v1/modifications/{answer.row.pk}"
    return Status(status, modification_told(answer.row, now=timezone.now()))
