"""Every limit of seed 002: at the limit it passes, one past it is refused with a sentence at its field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orders.gateways import smartpay_payment_fields as known
from orders.gateways.smartpay_payment_fields import TextField
from orders.gateways.smartpay_payment_limits import problems_of
from orders.gateways.smartpay_payments import (
    Address,
    BusinessConsumer,
    Consumer,
    Criterion,
    NewPayment,
    PaymentOption,
    SplitDestination,
)
from orders.money import Money
from tests.gateways.new_payments import ACME, BERLIN, JANE, a_company_payment, a_payment

# Seed 002 in its own order; the tables of the code must say the same.
LIMITS = {
    "partner_reference": 64,
    "target_merchant_account_reference": 127,
    "customer_account_id": 255,
    "description": 127,
    "product_group": 100,
    "customer_group": 100,
    **{f"custom_references.custom{number}": 255 for number in (1, 2, 3)},
    **{
        f"{place}.{name}": maximum
        for place in ("billing_address", "shipping_address")
        for name, maximum in {
            "address_line1": 60,
            "address_line2": 60,
            "address_line3": 60,
            "city": 50,
            "number": 10,
            "post_code": 10,
            "state": 3,
        }.items()
    },
    "business_consumer.name": 100,
    "business_consumer.registration_number": 50,
    "business_consumer.contact_name": 100,
    "business_consumer.tax_number": 30,
    "consumer.first_name": 60,
    "consumer.gender": 6,
    "consumer.home_phone": 30,
    "consumer.last_name": 60,
    "consumer.merchant_customer_id": 255,
    "consumer.middle_name": 60,
    "consumer.mobile_phone": 30,
    "consumer.tax_number": 30,
    "consumer.title": 3,
    "consumer.work_phone": 30,
    "split.0.destination_reference": 127,
    "split.0.description": 127,
    "criteria.0.name": 50,
    "criteria.0.value": 100,
}
WITH_A_SHAPE = {
    "shop_country",
    *(f"{place}.country_code" for place in ("billing_address", "shipping_address", "business_consumer")),
    *(f"{buyer}.{name}" for buyer in ("consumer", "business_consumer") for name in ("culture", "email")),
    "consumer.date_of_birth",
}


def with_text(field: str, text: str) -> NewPayment:
    """A payment in which that field holds that text."""
    place, _, name = field.rpartition(".")
    match place:
        case "":
            return a_payment(**{name: text})
        case "consumer":
            return a_payment(consumer=replace(JANE, **{name: text}))
        case "business_consumer":
            return a_company_payment(business_consumer=replace(ACME, **{name: text}))
        case "billing_address":
            return a_payment(billing_address=replace(BERLIN, **{name: text}))
        case "shipping_address":
            return a_payment(shipping_address=replace(BERLIN, **{name: text}))
        case "split.0":
            part: dict[str, Any] = {"destination_reference": "shop-two", "amount": Money(100, "EUR"), name: text}
            return a_payment(split=(SplitDestination(**part),))
        case "criteria.0":
            return a_payment(criteria=(replace(Criterion(name="season", value="summer"), **{name: text}),))
    return a_payment(custom_references={name: text})


def test_the_usual_payments_have_no_problem() -> None:
    assert problems_of(a_payment()) == {}
    assert problems_of(a_company_payment(option=PaymentOption.PAY_UPON_INVOICE)) == {}


@pytest.mark.parametrize(("field", "maximum"), LIMITS.items())
def test_a_text_may_be_as_long_as_the_seed_says_and_no_longer(field: str, maximum: int) -> None:
    assert problems_of(with_text(field, "x" * maximum)) == {}
    assert f"SmartPay takes {maximum}; shorten it" in problems_of(with_text(field, "x" * (maximum + 1)))[field]


def test_no_text_is_without_a_tested_limit() -> None:
    places: dict[str, tuple[TextField, ...]] = {
        "": (*known.PAYMENT, known.DESCRIPTION, *known.EXTRA_INFO),
        "consumer": known.CONSUMER,
        "business_consumer": known.BUSINESS_CONSUMER,
        "billing_address": known.ADDRESS,
        "shipping_address": known.ADDRESS,
        "split.0": known.SPLIT_DESTINATION,
        "criteria.0": known.CRITERION,
        "custom_references": known.CUSTOM_REFERENCES,
    }
    every = {f"{place}.{field.attribute}".removeprefix(".") for place, fields in places.items() for field in fields}

    assert every == set(LIMITS) | WITH_A_SHAPE
    for kind, fields in (
        (Consumer, known.CONSUMER),
        (BusinessConsumer, known.BUSINESS_CONSUMER),
        (Address, known.ADDRESS),
    ):
        assert {field.attribute for field in fields} == set(kind.__dataclass_fields__)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("shop_country", "DE", "DEU"),
        ("shop_country", "DE", "D"),
        ("shop_country", "DE", "de"),
        ("billing_address.country_code", "DEU", "DE"),
        ("billing_address.country_code", "DEU", "DEUX"),
        ("billing_address.country_code", "DEU", ""),
        ("billing_address.country_code", "DEU", "DE1"),
        ("billing_address.country_code", "DEU", "deu"),
        ("shipping_address.country_code", "FRA", "FR"),
        ("business_consumer.country_code", "DE", "D"),
        ("business_consumer.country_code", "DEU", "DEUX"),
        ("consumer.culture", "en-de", "en-deu"),
        ("consumer.culture", "EN-DE", "en"),
        ("business_consumer.culture", "de-DE", "de_DE"),
        ("consumer.email", "e" * 243 + "@example.com", "e" * 244 + "@example.com"),
        ("consumer.email", "jane@example.com", "jane"),
        ("business_consumer.email", "e" * 243 + "@example.com", "e" * 244 + "@example.com"),
        ("consumer.date_of_birth", "1900-01-01", "1899-12-31"),
        ("consumer.date_of_birth", "2000-02-29", "2001-02-29"),
        ("consumer.date_of_birth", "1980-12-31", "31.12.1980"),
        ("consumer.date_of_birth", "1980-12-31", "19801231"),
        ("consumer.date_of_birth", "1980-12-31", "1980-12-311"),
        ("partner_reference", "aZ09-_.:", "aZ09 "),
        ("partner_reference", "a", "a\n"),
        ("partner_reference", "a", "ä"),
        ("partner_reference", "a", "a/b"),
    ],
)
def test_a_text_with_a_shape_keeps_it(field: str, good: str, bad: str) -> None:
    assert problems_of(with_text(field, good)) == {}
    assert problems_of(with_text(field, bad))[field]


@pytest.mark.parametrize("country", ["USA", "CAN"])
def test_an_address_in_the_united_states_or_canada_needs_its_state(country: str) -> None:
    abroad = Address(country_code=country, city="Springfield")

    assert "needs its state" in problems_of(a_payment(billing_address=abroad))["billing_address.state"]
    assert "needs its state" in problems_of(a_payment(shipping_address=abroad))["shipping_address.state"]
    assert problems_of(a_payment(billing_address=replace(abroad, state="CA"))) == {}
    assert problems_of(a_payment(billing_address=replace(abroad, country_code="MEX"))) == {}


def test_the_buyer_is_a_person_or_a_company_and_never_both() -> None:
    assert "never both" in problems_of(a_payment(business_consumer=ACME))["business_consumer"]
    assert "Say who pays" in problems_of(a_payment(consumer=None))["consumer"]
    assert problems_of(a_payment(consumer=Consumer()))["consumer"]
    assert problems_of(a_company_payment(business_consumer=BusinessConsumer()))["business_consumer"]


@pytest.mark.parametrize(
    ("amount", "word"),
    [
        (Money(0, "EUR"), "greater than zero"),
        (Money(-1, "EUR"), "greater than zero"),
        (Money(1234, "KWD"), "at most two decimals"),
        (Money(10**15 + 1, "EUR"), "more than this system moves"),
    ],
)
def test_an_amount_has_its_limits(amount: Money, word: str) -> None:
    assert word in problems_of(a_payment(amount=amount))["amount"]
    assert (
        word
        in problems_of(a_payment(split=(SplitDestination(destination_reference="a", amount=amount),)))["split.0.amount"]
    )


@pytest.mark.parametrize("amount", [Money(1, "EUR"), Money(1000, "JPY"), Money(1230, "KWD"), Money(10**15, "EUR")])
def test_an_amount_at_its_limit_passes(amount: Money) -> None:
    assert problems_of(a_payment(amount=amount)) == {}


def test_the_parts_of_a_split_may_be_the_whole_payment_and_no_more() -> None:
    def parted(*amounts: int, currency: str = "EUR") -> NewPayment:
        return a_payment(
            split=tuple(
                SplitDestination(destination_reference=f"shop-{number}", amount=Money(amount, currency))
                for number, amount in enumerate(amounts)
            )
        )

    assert problems_of(parted(3000, 2099)) == {}
    assert problems_of(parted(3000)) == {}
    assert "add up to 51.00 EUR" in problems_of(parted(3000, 2100))["split"]
    assert "the payment is in EUR" in problems_of(parted(1, currency="USD"))["split.0.amount"]


def test_a_split_names_where_its_parts_go() -> None:
    part = SplitDestination(destination_reference=" ", amount=Money(1, "EUR"))

    assert problems_of(a_payment(split=(part,))) == {"split.0.destination_reference": "The destination is missing."}


def test_a_criterion_stands_once_and_is_not_one_that_the_gateway_disregards() -> None:
    def problems(*names: str) -> dict[str, str]:
        return problems_of(a_payment(criteria=tuple(Criterion(name=name, value="v") for name in names)))

    assert problems("season", "Season") == {}
    assert "each name may stand once" in problems("season", "other", "season")["criteria.2.name"]
    assert "disregards" in problems("callBackUrl")["criteria.0.name"]
    assert "disregards" in problems("season", "redirectUrl")["criteria.1.name"]
    assert "missing" in problems("")["criteria.0.name"]


def test_there_are_three_own_references() -> None:
    assert "no “custom4”" in problems_of(a_payment(custom_references={"custom4": "x"}))["custom_references.custom4"]


@pytest.mark.parametrize("unseen", ["\x00", "\n", "\x1b", "\x7f", "\ud800"])
@pytest.mark.parametrize(
    "field", ["description", "consumer.last_name", "billing_address.city", "custom_references.custom1"]
)
def test_a_text_that_cannot_be_seen_whole_is_refused(field: str, unseen: str) -> None:
    assert "cannot be seen" in problems_of(with_text(field, f"a{unseen}b"))[field]
    assert problems_of(with_text(field, "Ærøskøbing 東京 – “\xa0”")) == {}


def test_every_problem_is_told_at_once() -> None:
    wrong = a_payment(amount=Money(0, "EUR"), shop_country="Germany", consumer=None, partner_reference="ä" * 65)

    assert set(problems_of(wrong)) == {"amount", "shop_country", "consumer", "partner_reference"}
