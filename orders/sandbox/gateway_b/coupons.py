"""Coupons and promotion codes of gateway B: kept and shown; no order is made cheaper by them here."""

from __future__ import annotations

from orders.sandbox.gateway_b import events, fields, things
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import conflict, not_found
from orders.sandbox.gateway_b.listing import collection
from orders.sandbox.gateway_b.records import CURRENCY
from orders.sandbox.gateway_b.things import Thing

DISCOUNT_TYPES = ("amount", "percentage")


def list_coupons(call: Call) -> Body:
    return collection(call, "b_things", things.thing_from, kind="coupon")


def retrieve_coupon(call: Call) -> Body:
    return _the_coupon(call, call.id)


def create_coupon(call: Call) -> Body:
    body = call.body()
    kind = fields.choice(body, "discountType", DISCOUNT_TYPES)
    discount = {"amount": "discountAmount", "percentage": "discountPercentage"}[kind]
    return _made(
        call,
        "coupon",
        name=fields.required_text(body, "name"),
        discountType=kind,
        **{discount: fields.required_amount(body, discount)},
        currency=CURRENCY,
        **_validity(body),
    )


def update_coupon(call: Call) -> Body:
    return _changed(call, _the_coupon(call, call.id), "coupon.updated")


def list_codes(call: Call) -> Body:
    return collection(call, "b_things", things.thing_from, kind="promotioncode")


def retrieve_code(call: Call) -> Body:
    return _the_code(call)


def create_code(call: Call) -> Body:
    """The code is unique for the merchant, regardless of case."""
    body = call.body()
    code = fields.required_text(body, "code")
    coupon = _the_coupon(call, fields.required_text(body, "coupon"))
    taken = {one["code"].lower() for one in things.every(call.store, "promotioncode", call.merchant.key)}
    if code.lower() in taken:
        raise conflict("promotion-code.exists", "There is a promotion code of this name.")
    return _made(
        call,
        "promotioncode",
        code=code,
        coupon=coupon["id"],
        currency=CURRENCY,
        firstTimeTransaction=fields.flag(body, "firstTimeTransaction", default=False),
        onePerCustomer=fields.flag(body, "onePerCustomer", default=False),
        minimumAmount=fields.amount(body, "minimumAmount", least=0),
        **_validity(body),
    )


def update_code(call: Call) -> Body:
    return _changed(call, _the_code(call), "promotion_code.updated")


def _validity(body: Body) -> Body:
    return {
        "active": fields.flag(body, "active", default=True),
        "maxRedemptionCount": fields.amount(body, "maxRedemptionCount"),
        "redemptionCount": 0,
        "expiresAt": fields.amount(body, "expiresAt"),
        "metadata": fields.metadata(body),
    }


def _made(call: Call, kind: str, **facts: object) -> Thing:
    said = {name: value for name, value in facts.items() if value is not None}
    thing = things.make(call.store, kind, merchant_key=call.merchant.key, test=call.merchant.test, at=call.now, **said)
    event = {"coupon": "coupon.created", "promotioncode": "promotion_code.created"}[kind]
    events.tell(call.ledger, event, thing, merchant_key=call.merchant.key)
    return thing


def _changed(call: Call, thing: Thing, event: str) -> Thing:
    body = call.body()
    if "active" in body:
        thing["active"] = fields.flag(body, "active", default=True)
    if "metadata" in body:
        thing["metadata"] = fields.metadata(body)
    if "name" in body and "name" in thing:
        thing["name"] = fields.required_text(body, "name")
    things.save(call.store, thing, at=call.now)
    events.tell(call.ledger, event, thing, merchant_key=call.merchant.key)
    return thing


def _the_coupon(call: Call, id_: str) -> Thing:
    coupon = things.find(call.store, "coupon", id_, call.merchant.key)
    if coupon is None:
        raise not_found("coupon")
    return coupon


def _the_code(call: Call) -> Thing:
    code = things.find(call.store, "promotioncode", call.id, call.merchant.key)
    if code is None:
        raise not_found("promotion-code")
    return code
