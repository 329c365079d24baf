"""What a request for a new payment must look like: every limit of seed 002, checked in its order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from orders.sandbox.gateway_a import fields
from orders.sandbox.gateway_a.errors import refuse_value

KNOWN = frozenset(
    (
        *("paymentOption", "partnerReference", "paymentSplit", "shippingAddress", "targetMerchantAccountReference"),
        *("billingAddress", "businessConsumer", "consumer", "criteria", "customReferences", "customerAccountId"),
        *("extraInfo", "payment", "shopCountry", "merchantKey", "modificationId"),
    )
)
"""The last two are not in seed 002; a newer version of the interface knows them (gateways.md A.2.5)."""
OPTIONS = ("PREPMNT", "PAYINVC")
ADDRESS = {
    "addressLine1": 60,
    "addressLine2": 60,
    "addressLine3": 60,
    "city": 50,
    "countryCode": 3,
    "number": 10,
    "postCode": 10,
    "state": 3,
}
COMPANY = {
    "name": 100,
    "countryCode": 3,
    "registrationNumber": 50,
    "contactName": 100,
    "culture": 5,
    "email": 255,
    "taxNumber": 30,
}
PERSON = {
    "culture": 5,
    "dateOfBirth": 10,
    "email": 255,
    "firstName": 60,
    "gender": 6,
    "homePhone": 30,
    "lastName": 60,
    "merchantCustomerId": 255,
    "middleName": 60,
    "mobilePhone": 30,
    "taxNumber": 30,
    "title": 3,
    "workPhone": 30,
}
EXTRA_INFO = {"productGroup": 100, "customerGroup": 100}
WITH_STATES = ("USA", "CAN")
PARTNER_REFERENCE = re.compile(r"[a-zA-Z0-9\-_.:]+")
BIRTHDAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
EARLIEST_BIRTHDAY = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A split destination; the amount in minor units."""

    destination: str
    amount: int
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WishedPayment:
    """A payment as the merchant asked for it; the amount in minor units."""

    option: str
    amount: int
    currency: str
    description: str | None
    partner_reference: str | None
    email: str | None
    customer_account_id: str | None
    target_account: str | None
    custom_references: dict[str, str]
    parts: tuple[Part, ...]
    ignored: tuple[str, ...]


def payment_in(body: dict[str, Any]) -> WishedPayment:
    """Check every field. Raises Refused (400, shape 2, property named)."""
    option = _option(body)
    reference = partner_reference_in(body)
    money = required_object(body, "payment")
    currency = fields.currency_in(money, "payment.")
    amount = fields.amount_minor(money.get("amount"), currency, property="payment.amount")
    parts = _parts(body, amount, currency)
    for name in ("shippingAddress", "billingAddress"):
        _check_address(body, name, required=name == "billingAddress")
    buyer = _buyer(body)
    _check_criteria(body.get("criteria"))
    check_texts(_optional_object(body, "extraInfo"), EXTRA_INFO, "extraInfo.")
    fields.optional_text(body, "shopCountry", 2)
    return WishedPayment(
        option=option,
        amount=amount,
        currency=currency,
        description=fields.optional_text(money, "description", fields.DESCRIPTION_LIMIT, "payment."),
        partner_reference=reference,
        email=buyer.get("email"),
        customer_account_id=fields.optional_text(body, "customerAccountId", 255),
        target_account=fields.optional_text(body, "targetMerchantAccountReference", 127),
        custom_references=fields.custom_references_in(body) or {},
        parts=parts,
        ignored=tuple(sorted(set(body) - KNOWN)),
    )


def partner_reference_in(body: dict[str, Any]) -> str | None:
    reference = fields.optional_text(body, "partnerReference", 64)
    if reference is not None and not PARTNER_REFERENCE.fullmatch(reference):
        raise refuse_value("Value has characters that are not allowed.", property="partnerReference")
    return reference


def required_object(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = _optional_object(body, name)
    if found is None:
        raise refuse_value("Value is required.", property=name)
    return found


def check_texts(holder: dict[str, Any] | None, limits: dict[str, int], prefix: str) -> None:
    for name, limit in limits.items():
        fields.optional_text(holder or {}, name, limit, prefix)


def _option(body: dict[str, Any]) -> str:
    invoice = required_object(body, "paymentOption").get("invoicePayment")
    option = invoice.get("type") if isinstance(invoice, dict) else None
    if option not in OPTIONS:
        message = f"Value must be one of {', '.join(OPTIONS)}."
        raise refuse_value(message, property="paymentOption.invoicePayment.type")
    return str(option)


def _parts(body: dict[str, Any], ceiling: int, currency: str) -> tuple[Part, ...]:
    split = _optional_object(body, "paymentSplit")
    if split is None:
        return ()
    name = "paymentSplit.paymentSplitDestinations"
    listed = split.get("paymentSplitDestinations")
    if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise refuse_value("Value must have at least 1 item.", property=name)
    parts = tuple(_part(one, f"{name}[{number}].", currency) for number, one in enumerate(listed))
    if sum(part.amount for part in parts) > ceiling:
        raise refuse_value("Value out of bounds. The parts are more than the payment.", property=name)
    return parts


def _part(listed: dict[str, Any], prefix: str, currency: str) -> Part:
    if fields.currency_in(listed, prefix) != currency:
        raise refuse_value(f"The currency must be the payment's, {currency}.", property=f"{prefix}currencyCode")
    return Part(
        destination=fields.required_text(listed, "destinationReference", 127, prefix),
        amount=fields.amount_minor(listed.get("amount"), currency, property=f"{prefix}amount"),
        description=fields.optional_text(listed, "description", fields.DESCRIPTION_LIMIT, prefix),
    )


def _check_address(body: dict[str, Any], name: str, *, required: bool) -> None:
    address = required_object(body, name) if required else _optional_object(body, name)
    if address is None:
        return
    check_texts(address, ADDRESS, f"{name}.")
    country = fields.required_text(address, "countryCode", 3, f"{name}.")
    if len(country) < 3:
        raise refuse_value("Value out of bounds. Value must have 3 characters", property=f"{name}.countryCode")
    if country in WITH_STATES and not address.get("state"):
        raise refuse_value("Value is required.", property=f"{name}.state")


def _buyer(body: dict[str, Any]) -> dict[str, Any]:
    person, company = _optional_object(body, "consumer"), _optional_object(body, "businessConsumer")
    if person is not None and company is not None:
        message = "consumer and businessConsumer may not be submitted together."
        raise refuse_value(message, property="businessConsumer")
    if company is not None:
        check_texts(company, COMPANY, "businessConsumer.")
        if len(company.get("countryCode") or "DEU") < 2:
            message = "Value out of bounds. Value must have at least 2 characters"
            raise refuse_value(message, property="businessConsumer.countryCode")
        return company
    if person is None:
        raise refuse_value("Value is required.", property="consumer")
    check_texts(person, PERSON, "consumer.")
    if person.get("dateOfBirth") and not _is_birthday(person["dateOfBirth"]):
        raise refuse_value("Value must be a date since 1900-01-01.", property="consumer.dateOfBirth")
    return person


def _is_birthday(written: str) -> bool:
    try:
        return BIRTHDAY.fullmatch(written) is not None and date.fromisoformat(written) >= EARLIEST_BIRTHDAY
    except ValueError:
        return False


def _check_criteria(criteria: object) -> None:
    """callBackUrl and redirectUrl may be there; they are disregarded."""
    if criteria is None:
        return
    if not isinstance(criteria, list) or not all(isinstance(one, dict) for one in criteria):
        raise refuse_value("Value must be an array of objects.", property="criteria")
    names = []
    for number, one in enumerate(criteria):
        names.append(fields.required_text(one, "name", 50, f"criteria[{number}]."))
        fields.optional_text(one, "value", 100, f"criteria[{number}].")
    if len(set(names)) < len(names):
        raise refuse_value("Value must be unique.", property="criteria.name")


def _optional_object(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise refuse_value("Value must be an object.", property=name)
    return value
