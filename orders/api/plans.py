"""GET /plans/{id} and POST /plans/{id}/rest: a refund over several captures, followed and finished."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from orders.api.asking import raise_as_problem
from orders.api.entrance import for_scopes, token_in
from orders.api.finding import modifications_of, plan_of
from orders.api.modification_words import RefundPlanTold, RestGiven
from orders.api.telling import plan_told
from orders.models import ApiToken, RefundPlan, Source
from orders.modifications.plans import finish_plan
from orders.modifications.refusals import Refused

router = Router(tags=["Refund plans"])


@router.get("/{uuid:plan_id}", **for_scopes("orders:read"), response=RefundPlanTold, summary="Read a refund plan")
def read_plan(request: HttpRequest, plan_id: UUID) -> RefundPlanTold:
    """How far it has come, with every modification it consists of."""
    token = token_in(request)
    return tell_plan(token, plan_of(token, plan_id))


@router.post(
    "/{uuid:plan_id}/rest", **for_scopes("refunds:write"), response=RefundPlanTold, summary="Finish a refund plan"
)
def ask_for_the_rest(request: HttpRequest, plan_id: UUID, body: RestGiven) -> RefundPlanTold:
    """Ask again for what was refused or withdrawn. The version keeps a repeat from asking twice."""
    token = token_in(request)
    plan = plan_of(token, plan_id)
    try:
        finish_plan(plan_id=plan.pk, by=token.acts_as, source=Source.API, expected_version=body.expected_version)
    except Refused as refusal:
        raise_as_problem(refusal)
    return tell_plan(token, plan)


def tell_plan(token: ApiToken, plan: RefundPlan) -> RefundPlanTold:
    """The plan with its modifications, oldest first."""
    legs = list(modifications_of(token).filter(plan=plan).order_by("requested_at", "pk"))
    return plan_told(plan, legs, now=timezone.now())
