"""New payments in JSON: the verb of the page, asked for once under a key, its sentences at their fields."""

from __future__ import annotations

from typing import Any

import pytest

from orders.api import payment_words
from orders.gateways import smartpay_payment_fields as known
from orders.gateways.smartpay_payment_fields import TextField
from orders.models import Modification, Order, Source, Transaction
from tests import factories
from tests.api.shop import Shop, a_shop
from tests.modifications import steps
from tests.modifications.new_payments import made

pytestmark = pytest.mark.django_db
ADDRESS = {"country_code": "DEU", "address_line1": "Unter den Linden", "number": "77", "city": "Berlin"}


@pytest.fixture
def shop() -> Shop:
    return a_shop()


def _body(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {
        "account": shop.account.name,
        "option": "PREPMNT",
        "amount": 5099,
        "currency": "EUR",
        "order_reference": "ORD-1001",
        "partner_reference": "SMP-1001",
        "billing_address": ADDRESS,
        "consumer": {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.com"},
        **changes,
    }


def test_a_payment_is_asked_for_once_under_its_key(shop: Shop) -> None:
    first = shop.post("payments", _body(shop), key="order-1001")
    second = shop.post("payments", _body(shop), key="order-1001")

    row = Modification.objects.get()
    assert (first.status, second.status) == (201, 200), first.content
    assert first.json == second.json
    assert (row.kind, row.amount, row.source, row.due_at) == ("authorize", 5099, Source.API, row.requested_at)
    assert first.headers["location"] == f"/api/v1/modifications/{row.pk}"
    assert first.json["sentence"] == "Queued; nothing was sent yet, so there is no payment yet."
    assert Order.objects.get().customer_email == "jane@example.com"


def test_the_shop_reads_the_reference_and_that_nothing_is_paid_yet(shop: Shop) -> None:
    asked = shop.post("payments", _body(shop), key="k").json
    before = shop.get(f"transactions/{asked['transaction_id']}").json

    steps.ended(Modification.objects.get(), made())

    after = shop.get(f"transactions/{asked['transaction_id']}").json
    assert before["payment_reference"] == ""
    assert (after["payment_reference"], after["authorized"], after["captured"]) == ("119344737107896", 0, 0)
    assert after["state"] == "pending_authorization"
    assert shop.get(f"modifications/{asked['id']}").json["state"] == "succeeded"


@pytest.mark.parametrize(
    "change", [{"amount": 5100}, {"description": "x"}, {"order_reference": "ORD-2"}, {"option": "PAYINVC"}], ids=str
)
def test_a_key_with_another_body_is_a_conflict(shop: Shop, change: dict[str, Any]) -> None:
    shop.post("payments", _body(shop), key="k")

    answer = shop.post("payments", _body(shop, **change), key="k")

    assert (answer.status, answer.code) == (409, "id_conflict")
    assert Modification.objects.count() == 1


def test_every_part_of_a_payment_arrives_in_the_request(shop: Shop) -> None:
    parts = {
        "shipping_address": {"country_code": "AUT", "city": "Graz"},
        "split": [{"destination_reference": "shop-2", "amount": 1000}],
        "criteria": [{"name": "till", "value": "4"}],
        "custom_references": {"custom2": "b"},
        "shop_country": "DE",
        "product_group": "bikes",
    }

    assert shop.post("payments", _body(shop, **parts), key="k").status == 201

    sent = bytes(Modification.objects.get().body).decode()
    for word in (
        "Graz",
        '"destinationReference":"shop-2"',
        '"amount":10.00',
        '"till"',
        '"custom2":"b"',
        '"DE"',
        "bikes",
    ):
        assert word in sent


@pytest.mark.parametrize(
    ("change", "pointer", "sentence"),
    [
        ({"consumer": None}, "/consumer", "Say who pays"),
        ({"business_consumer": {"name": "Acme"}}, "/business_consumer", "never both"),
        ({"billing_address": {"country_code": "DE"}}, "/billing_address/country_code", "three capital letters"),
        ({"billing_address": {"country_code": "USA"}}, "/billing_address/state", "needs its state"),
        ({"partner_reference": "a b"}, "/partner_reference", "letters a to z"),
        ({"split": [{"destination_reference": "x", "amount": 6000}]}, "/split", "more than the payment"),
        ({"criteria": [{"name": "redirectUrl", "value": "x"}]}, "/criteria/0/name", "disregards"),
        ({"currency": "KWD"}, "/amount", "decimals"),
    ],
)
def test_what_the_gateway_would_refuse_is_said_at_its_field(
    shop: Shop, change: dict[str, Any], pointer: str, sentence: str
) -> None:
    answer = shop.post("payments", _body(shop, **change), key="k")

    assert (answer.status, answer.code) == (422, "payment")
    assert sentence in {error["pointer"]: error["detail"] for error in answer.json["errors"]}[pointer]
    assert not Modification.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "5099"},
        {"amount": 50.99},
        {"amount": 0},
        {"option": "VISA"},
        {"nonsense": 1},
        {"consumer": {"first_name": "x" * 61}},
        {"consumer": {"first_name": "a\nb"}},
        {"billing_address": {}},
        {"split": [{"destination_reference": "x", "amount": 1}] * 101},
    ],
    ids=str,
)
def test_what_is_not_of_the_document_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    answer = shop.post("payments", _body(shop, **change), key="k")

    assert (answer.status, answer.code) == (422, "invalid")
    assert not Modification.objects.exists()


def test_only_a_token_with_the_scope_asks(shop: Shop) -> None:
    reader = a_shop(account=shop.account, scopes=["orders:read", "captures:write"])

    refused = reader.post("payments", _body(shop), key="k")
    nobody = shop.send("POST", "payments", body=_body(shop), key="k", headers={"Authorization": ""})
    without_key = shop.post("payments", _body(shop))

    assert (refused.status, refused.code) == (403, "insufficient_scope")
    assert (nobody.status, without_key.status) == (401, 400)
    assert not Modification.objects.exists()
    assert shop.post("payments", _body(shop), key="k").status == 201


def test_an_account_that_cannot_or_is_not_theirs(shop: Shop) -> None:
    elsewhere = factories.an_account(merchant=shop.account.merchant, gateway="smarterpay")
    strangers = factories.an_account()

    cannot = shop.post("payments", _body(shop, account=elsewhere.name), key="a")
    missing = shop.post("payments", _body(shop, account=strangers.name), key="b")

    assert cannot.status == 403
    assert "its payments begin at the shop" in cannot.detail
    assert missing.status == 404
    assert not Transaction.objects.exists()


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (payment_words.AddressGiven, known.ADDRESS),
        (payment_words.ConsumerGiven, known.CONSUMER),
        (payment_words.BusinessConsumerGiven, known.BUSINESS_CONSUMER),
        (payment_words.CriterionGiven, known.CRITERION),
        (payment_words.SplitGiven, known.SPLIT_DESTINATION),
        (payment_words.PaymentGiven, (*known.PAYMENT, known.DESCRIPTION, *known.EXTRA_INFO)),
    ],
)
def test_the_document_has_the_gateways_limits(model: Any, fields: tuple[TextField, ...]) -> None:
    properties = model.model_json_schema()["properties"]

    assert {field.attribute: properties[field.attribute]["maxLength"] for field in fields} == {
        field.attribute: field.maximum for field in fields
    }
