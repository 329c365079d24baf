"""Writes gateway A's request for a new payment: the same bytes for the same payment and id."""

from __future__ import annotations

from typing import Any

from orders.gateways import exact_json
from orders.gateways import smartpay_payment_fields as known
from orders.gateways.base import CannotSay, FrozenRequest, Kind
from orders.gateways.smartpay_payment_fields import TextField
from orders.gateways.smartpay_payment_limits import problems_of
from orders.gateways.smartpay_payments import NewPayment, SplitDestination
from orders.gateways.smartpay_words import PATHS
from orders.gateways.smartpay_writing import HEADERS, amount_said, checked_identifier, checked_merchant_key


def payment_request(payment: NewPayment, *, merchant_key: str, modification_id: str) -> FrozenRequest:
    """The request that asks for the payment. Raises CannotSay with the first sentence of `problems_of`."""
    for sentence in problems_of(payment).values():
        raise CannotSay(sentence)
    body = {
        "modificationId": checked_identifier("modification id", modification_id),
        "merchantKey": checked_merchant_key(merchant_key),
        **_body(payment, modification_id),
    }
    written = exact_json.write({name: value for name, value in body.items() if value})
    return FrozenRequest(method="POST", path=PATHS[Kind.AUTHORIZE], headers=dict(HEADERS), body=written)


def _body(payment: NewPayment, modification_id: str) -> dict[str, Any]:
    return {
        "paymentOption": {"invoicePayment": {"type": payment.option.value}},
        **_texts(payment, known.PAYMENT),
        "partnerReference": payment.partner_reference_under(modification_id),
        "payment": amount_said(payment.amount, payment.description),
        "paymentSplit": {"paymentSplitDestinations": [_part(part) for part in payment.split]} if payment.split else {},
        "shippingAddress": _texts(payment.shipping_address, known.ADDRESS),
        "billingAddress": _texts(payment.billing_address, known.ADDRESS),
        "businessConsumer": _texts(payment.business_consumer, known.BUSINESS_CONSUMER),
        "consumer": _texts(payment.consumer, known.CONSUMER),
        "criteria": [_texts(criterion, known.CRITERION) for criterion in payment.criteria],
        "customReferences": {name: value for name, value in sorted(payment.custom_references.items()) if value},
        "extraInfo": _texts(payment, known.EXTRA_INFO),
    }


def _texts(holder: object, fields: tuple[TextField, ...]) -> dict[str, str]:
    """What was said of these fields under the gateway's names; empty for None."""
    said = {field.wire: str(getattr(holder, field.attribute, "")) for field in fields}
    return {name: value for name, value in said.items() if value}


def _part(part: SplitDestination) -> dict[str, Any]:
    return {"destinationReference": part.destination_reference, **amount_said(part.amount, part.description)}
