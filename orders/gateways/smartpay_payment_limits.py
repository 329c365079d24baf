"""Whether a new payment keeps every limit that gateway A states in seed 002, said before anything is sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from orders.gateways import smartpay_payment_fields as known
from orders.gateways.base import CannotSay
from orders.gateways.smartpay_payment_fields import TextField
from orders.gateways.smartpay_payments import Address, BusinessConsumer, Consumer, NewPayment, SplitDestination
from orders.gateways.smartpay_writing import written_amount
from orders.money import Money

Problem = tuple[str, str]
"""A field and the sentence about it."""

_PARTNER_REFERENCE = re.compile(r"[a-zA-Z0-9\-_.:]+")
_CULTURE = re.compile(r"[A-Za-z]{2}-[A-Za-z]{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_UNSEEN = frozenset({"Cc", "Cs"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def problems_of(payment: NewPayment) -> dict[str, str]:
    """Field to sentence, the first one of each field; empty when the payment may be sent.

    Fields are dotted paths of our names, list items by their number: `billing_address.city`, `split.0.amount`,
    `criteria.1.name`, `custom_references.custom2`.
    """
    found: dict[str, str] = {}
    for field, sentence in _problems(payment):
        found.setdefault(field, sentence)
    return found


def _problems(payment: NewPayment) -> Iterator[Problem]:
    yield from _amount("amount", payment.amount)
    yield from _texts(payment, (*known.PAYMENT, known.DESCRIPTION, *known.EXTRA_INFO))
    yield from _partner_reference(payment.partner_reference)
    if payment.shop_country and not _letters(payment.shop_country, 2, 2):
        yield "shop_country", "The shop's country is a two-letter code such as DE."
    yield from _buyer(payment)
    yield from _address("billing_address", payment.billing_address)
    if payment.shipping_address is not None:
        yield from _address("shipping_address", payment.shipping_address)
    yield from _split(payment)
    yield from _criteria(payment)
    yield from _custom_references(payment)


def _amount(field: str, amount: Money) -> Iterator[Problem]:
    try:
        written_amount(amount)
    except CannotSay as refusal:
        yield field, str(refusal)


def _partner_reference(reference: str) -> Iterator[Problem]:
    if reference and _PARTNER_REFERENCE.fullmatch(reference) is None:
        yield "partner_reference", "The reference may have the letters a to z, digits and “-”, “_”, “.”, “:” only."


def _buyer(payment: NewPayment) -> Iterator[Problem]:
    if payment.consumer is not None and payment.business_consumer is not None:
        yield "business_consumer", "The buyer is either a person or a company; SmartPay takes never both."
    elif payment.consumer is None and payment.business_consumer is None:
        yield "consumer", "Say who pays: a person or a company."
    if payment.consumer is not None:
        yield from _person("consumer", payment.consumer)
    if payment.business_consumer is not None:
        yield from _company("business_consumer", payment.business_consumer)


def _person(field: str, consumer: Consumer) -> Iterator[Problem]:
    if not any(vars(consumer).values()):
        yield field, "Say something of the person who pays, at least the name."
    yield from _texts(consumer, known.CONSUMER, under=field)
    yield from _contact(field, consumer)
    if consumer.date_of_birth and not _is_birthday(consumer.date_of_birth):
        yield (
            f"{field}.date_of_birth",
            f"The date of birth is written YYYY-MM-DD and is not before {known.EARLIEST_BIRTH}.",
        )


def _company(field: str, company: BusinessConsumer) -> Iterator[Problem]:
    if not any(vars(company).values()):
        yield field, "Say something of the company that pays, at least its name."
    yield from _texts(company, known.BUSINESS_CONSUMER, under=field)
    yield from _contact(field, company)
    if company.country_code and not _letters(company.country_code, 2, 3):
        yield f"{field}.country_code", "The country of registration is a two- or three-letter code such as DE or DEU."


def _contact(field: str, buyer: Consumer | BusinessConsumer) -> Iterator[Problem]:
    if buyer.email and _EMAIL.fullmatch(buyer.email) is None:
        yield f"{field}.email", "This is not an e-mail address."
    if buyer.culture and _CULTURE.fullmatch(buyer.culture) is None:
        yield f"{field}.culture", "The language is a language and a country with a dash between them, such as de-DE."


def _address(field: str, address: Address) -> Iterator[Problem]:
    yield from _texts(address, known.ADDRESS, under=field)
    if not _letters(address.country_code, 3, 3):
        yield f"{field}.country_code", "The country is a code of three capital letters, such as DEU for Germany."
    if address.country_code in known.STATE_MANDATORY_IN and not address.state.strip():
        country = known.STATE_MANDATORY_IN[address.country_code]
        yield f"{field}.state", f"An address in {country} needs its state."


def _split(payment: NewPayment) -> Iterator[Problem]:
    for number, part in enumerate(payment.split):
        yield from _split_destination(f"split.{number}", part, payment.amount.currency)
    fitting = [part.amount.amount_minor for part in payment.split if part.amount.currency == payment.amount.currency]
    if sum(fitting) > payment.amount.amount_minor:
        together = Money(sum(fitting), payment.amount.currency)
        yield "split", f"The parts add up to {together}, which is more than the payment of {payment.amount}."


def _split_destination(field: str, part: SplitDestination, currency: str) -> Iterator[Problem]:
    yield from _missing(part, known.SPLIT_DESTINATION[:1], under=field)
    yield from _texts(part, known.SPLIT_DESTINATION, under=field)
    yield from _amount(f"{field}.amount", part.amount)
    if part.amount.currency != currency:
        yield f"{field}.amount", f"This part is in {part.amount.currency} and the payment is in {currency}."


def _criteria(payment: NewPayment) -> Iterator[Problem]:
    disregarded = {name.lower() for name in known.DISREGARDED_CRITERIA}
    names: set[str] = set()
    for number, criterion in enumerate(payment.criteria):
        field = f"criteria.{number}"
        yield from _missing(criterion, known.CRITERION, under=field)
        yield from _texts(criterion, known.CRITERION, under=field)
        if criterion.name.lower() in disregarded:
            yield f"{field}.name", f"SmartPay disregards a criterion called {criterion.name}; leave it out."
        if criterion.name in names:
            yield f"{field}.name", f"There are two criteria called {criterion.name}; each name may stand once."
        names.add(criterion.name)


def _custom_references(payment: NewPayment) -> Iterator[Problem]:
    lengths = {field.attribute: field for field in known.CUSTOM_REFERENCES}
    for name, value in payment.custom_references.items():
        field = f"custom_references.{name}"
        if name not in lengths:
            yield field, f"SmartPay keeps {', '.join(lengths)} and no “{name}”."
        elif sentence := _wrong_text(lengths[name], value):
            yield field, sentence


def _texts(holder: object, fields: tuple[TextField, ...], *, under: str = "") -> Iterator[Problem]:
    for field in fields:
        sentence = _wrong_text(field, getattr(holder, field.attribute))
        if sentence:
            yield f"{under}.{field.attribute}".removeprefix("."), sentence


def _missing(holder: object, fields: tuple[TextField, ...], *, under: str) -> Iterator[Problem]:
    for field in fields:
        if not getattr(holder, field.attribute).strip():
            yield f"{under}.{field.attribute}", f"{field.label} is missing."


def _wrong_text(field: TextField, value: str) -> str:
    """What is wrong with a text, as a sentence; empty when nothing is."""
    if len(value) > field.maximum:
        return f"{field.label} has {len(value)} characters and SmartPay takes {field.maximum}; shorten it."
    if any(unicodedata.category(character) in _UNSEEN for character in value):
        return f"{field.label} has a line break or another character that cannot be seen; take it out."
    return ""


def _letters(code: str, minimum: int, maximum: int) -> bool:
    return minimum <= len(code) <= maximum and code.isascii() and code.isalpha() and code.isupper()


def _is_birthday(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and date.fromisoformat(text) >= date.fromisoformat(known.EARLIEST_BIRTH)
    except ValueError:
        return False
