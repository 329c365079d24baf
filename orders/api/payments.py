"""POST /payments: a new payment that the buyer makes later, under a reference that the gateway gives."""

from __future__ import annotations

from typing import NoReturn

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from ninja.responses import Status

from orders.api.asking import id_of, raise_as_problem
from orders.api.entrance import for_scopes, token_in
from orders.api.finding import account_named, modification_of, modifications_of
from orders.api.keys import Key
from orders.api.modification_words import ModificationTold
from orders.api.money import ANSWERS
from orders.api.payment_words import PaymentGiven
from orders.api.problems import Problem
from orders.api.telling import modification_told
from orders.api.words import FieldError
from orders.gateways.smartpay_payments import (
    Address,
    BusinessConsumer,
    Consumer,
    Criterion,
    NewPayment,
    PaymentOption,
    SplitDestination,
)
from orders.models import Source
from orders.modifications.new_payment import PaymentRefused, request_payment
from orders.modifications.refusals import Refused
from orders.money import Money

router = Router(tags=["Payments"])
_PLAIN = (
    *("partner_reference", "description", "target_merchant_account_reference", "customer_account_id"),
    *("product_group", "customer_group", "shop_country"),
)


@router.post("", **for_scopes("payments:write"), response=ANSWERS, summary="Ask for a new payment")
def ask_for_payment(
    request: HttpRequest, response: HttpResponse, key: Key, body: PaymentGiven
) -> Status[ModificationTold]:
    """Queued at once: follow the modification, then read the transaction for the buyer's `payment_reference`.

    That the gateway has the payment does not mean that it is paid: the transaction's `captured` says that. One whose
    outcome is unknown is never sent again, and a second request for it is refused.
    """
    token = token_in(request)
    account = account_named(token, body.account)
    modification_id = id_of(token, key)
    made = not modifications_of(token).filter(pk=modification_id).exists()
    try:
        row = request_payment(
            modification_id=modification_id,
            account_id=account.pk,
            payment=_payment(body),
            order_reference=body.order_reference,
            by=token.acts_as,
            source=Source.API,
        )
    except PaymentRefused as refusal:
        _raise_with_fields(refusal)
    except Refused as refusal:
        raise_as_problem(refusal)
    response.headers["Location"] = f"/api/v1/modifications/{row.pk}"
    told = modification_told(modification_of(token, row.pk), now=timezone.now())
    return Status(201 if made else 200, told)


def _payment(body: PaymentGiven) -> NewPayment:
    references = body.custom_references.model_dump(exclude_defaults=True)
    shipping, person, company = body.shipping_address, body.consumer, body.business_consumer
    return NewPayment(
        **{name: getattr(body, name) for name in _PLAIN},
        option=PaymentOption(body.option),
        amount=Money(body.amount, body.currency),
        billing_address=Address(**body.billing_address.model_dump()),
        shipping_address=Address(**shipping.model_dump()) if shipping else None,
        consumer=Consumer(**person.model_dump()) if person else None,
        business_consumer=BusinessConsumer(**company.model_dump()) if company else None,
        split=tuple(
            SplitDestination(
                destination_reference=part.destination_reference,
                amount=Money(part.amount, body.currency),
                description=part.description,
            )
            for part in body.split
        ),
        criteria=tuple(Criterion(name=one.name, value=one.value) for one in body.criteria),
        custom_references={name: value for name, value in references.items() if value},
    )


def _raise_with_fields(refusal: PaymentRefused) -> NoReturn:
    errors = [
        FieldError(pointer=f"/{path.replace('.', '/')}", detail=sentence).model_dump()
        for path, sentence in refusal.problems.items()
    ]
    raise Problem(422, refusal.code, refusal.sentence, errors=errors) from refusal
