"""The one door for whatever a person or a program asks for: page, back office, command and API all come in here."""

from __future__ import annotations

from orders.gateways.base import Kind
from orders.models import Modification, RefundPlan
from orders.modifications.plans import accept_plan
from orders.modifications.refusals import IdConflict, NeedsPlan
from orders.modifications.request import accept, heard
from orders.modifications.wish import Wish


def ask(wish: Wish) -> Modification | RefundPlan:
    """Accept the wish, once. A refund that one capture holds is one modification, a larger one a plan of several.

    Raises a Refused (UnknownThing, IdConflict, ChangedSince, NotAllowed, Suspicious), after writing the refusal to the
    audit log.
    """
    return heard(wish, _accept_refund if wish.kind is Kind.REFUND else accept)


def _accept_refund(wish: Wish) -> Modification | RefundPlan:
    if RefundPlan.objects.filter(pk=wish.modification_id).exists():
        return accept_plan(wish)
    try:
        return accept(wish)
    except NeedsPlan:
        return accept_plan(wish)
    except IdConflict:
        # The first click of this form may have become a plan between our two looks.
        if RefundPlan.objects.filter(pk=wish.modification_id).exists():
            return accept_plan(wish)
        raise
