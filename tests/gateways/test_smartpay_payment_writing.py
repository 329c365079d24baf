"""The bytes that ask for a new payment: everything that was said, under the gateway's names, and nothing else."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from orders.gateways.base import CannotSay
from orders.gateways.smartpay_payment_writing import payment_request
from orders.gateways.smartpay_payments import Address, Consumer, Criterion, PaymentOption, SplitDestination
from orders.money import Money
from tests.gateways.instructions import MODIFICATION
from tests.gateways.new_payments import a_company_payment, a_payment


def asked(payment: object) -> object:
    request = payment_request(payment, merchant_key="merchant-key-1", modification_id=MODIFICATION)  # type: ignore[arg-type]
    return json.loads(request.body, parse_float=Decimal)


def test_the_least_that_can_be_said() -> None:
    assert asked(a_payment(description="")) == {
        "modificationId": MODIFICATION,
        "merchantKey": "merchant-key-1",
        "paymentOption": {"invoicePayment": {"type": "PREPMNT"}},
        "partnerReference": "SMP-1001",
        "payment": {"amount": Decimal("50.99"), "currencyCode": "EUR"},
        "billingAddress": {
            "addressLine1": "Unter den Linden",
            "city": "Berlin",
            "countryCode": "DEU",
            "number": "77",
            "postCode": "10117",
        },
        "consumer": {"email": "jane@example.com", "firstName": "Jane", "lastName": "Doe"},
    }


def test_all_that_can_be_said() -> None:
    payment = a_company_payment(
        option=PaymentOption.PAY_UPON_INVOICE,
        shipping_address=Address(country_code="USA", state="CA", city="Fresno", address_line2="Gate 2"),
        split=(SplitDestination(destination_reference="shop-two", amount=Money(2000, "EUR"), description="a half"),),
        target_merchant_account_reference="sub-7",
        criteria=(Criterion(name="season", value="summer"),),
        custom_references={"custom3": "c", "custom1": "a", "custom2": ""},
        customer_account_id="john-doe-27",
        product_group="tyres",
        customer_group="fleet",
        shop_country="DE",
    )

    said = asked(payment)

    assert isinstance(said, dict)
    assert said["paymentOption"] == {"invoicePayment": {"type": "PAYINVC"}}
    assert said["payment"] == {"amount": Decimal("50.99"), "currencyCode": "EUR", "description": "SMP-Transaction-01"}
    assert said["businessConsumer"] == {"name": "Acme GmbH", "countryCode": "DE", "registrationNumber": "HRB 4711"}
    assert said["shippingAddress"] == {
        "addressLine2": "Gate 2", "city": "Fresno", "countryCode": "USA", "state": "CA",
    }  # fmt: skip
    assert said["paymentSplit"] == {
        "paymentSplitDestinations": [
            {
                "destinationReference": "shop-two",
                "amount": Decimal("20.00"),
                "currencyCode": "EUR",
                "description": "a half",
            }
        ]
    }
    assert said["targetMerchantAccountReference"] == "sub-7"
    assert said["criteria"] == [{"name": "season", "value": "summer"}]
    assert said["customReferences"] == {"custom1": "a", "custom3": "c"}
    assert said["customerAccountId"] == "john-doe-27"
    assert said["extraInfo"] == {"productGroup": "tyres", "customerGroup": "fleet"}
    assert said["shopCountry"] == "DE"
    assert "consumer" not in said


def test_the_request_goes_to_the_address_of_the_reference_with_its_headers() -> None:
    request = payment_request(a_payment(), merchant_key="merchant-key-1", modification_id=MODIFICATION)

    assert (request.method, request.path) == ("POST", "/payment/authorize/")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept-Language"] == "en-US"
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Money(2500, "EUR"), b'"amount":25.00,'),
        (Money(1, "EUR"), b'"amount":0.01,'),
        (Money(7, "JPY"), b'"amount":7.00,'),
    ],
)
def test_an_amount_is_a_number_with_two_decimals(amount: Money, written: bytes) -> None:
    payment = a_payment(amount=amount)

    assert written in payment_request(payment, merchant_key="m", modification_id=MODIFICATION).body


def test_without_a_reference_the_modification_id_is_the_reference() -> None:
    payment = a_payment(partner_reference="")

    assert asked(payment)["partnerReference"] == MODIFICATION  # type: ignore[index]
    assert payment.partner_reference_under(MODIFICATION) == MODIFICATION


def test_the_same_payment_and_id_are_the_same_bytes_and_another_id_is_not() -> None:
    one, same, other = (
        payment_request(a_payment(custom_references=references), merchant_key="m", modification_id=identifier).body
        for references, identifier in (
            ({"custom1": "a", "custom2": "b"}, MODIFICATION),
            ({"custom2": "b", "custom1": "a"}, MODIFICATION),
            ({"custom1": "a", "custom2": "b"}, "another"),
        )
    )

    assert one == same != other


def test_a_payment_with_a_problem_has_no_bytes() -> None:
    with pytest.raises(CannotSay, match="Say something of the person"):
        asked(a_payment(consumer=Consumer()))


@pytest.mark.parametrize(
    ("merchant_key", "modification_id"), [("", MODIFICATION), ("m" * 37, MODIFICATION), ("m", "a/b")]
)
def test_keys_and_ids_that_cannot_be_said_are_refused(merchant_key: str, modification_id: str) -> None:
    with pytest.raises(CannotSay):
        payment_request(a_payment(), merchant_key=merchant_key, modification_id=modification_id)
