"""What gateway C demands of a request: token, platform, fields and their limits (gateways.md C.1, C.2, seed 004)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.card_merchant import CARDS, TRANSACTION, CardMerchant
from tests.sandbox.client import Answer

TEXTS = ("custom_reference", "internal_payment_description", "gateway_payment_description")


def refused(answer: Answer, http_status: int, code: str) -> bool:
    """The normalised body says error, and no payment came into being."""
    body = answer.json
    return (answer.status, body["status"], body["status_code"], body["payment_id"]) == (http_status, "error", code, "")


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer ", "Basic secret-one", "secret-one"])
def test_a_wrong_token_is_a_401_with_a_normalised_body(card_merchant: CardMerchant, authorization: str | None) -> None:
    paid = card_merchant.payment()
    path, body = f"{TRANSACTION}/{paid.card}", card_merchant.body("DeferredCancel", paid)

    answers = [
        card_merchant.send("POST", path, body, headers={"Authorization": authorization}),
        card_merchant.send("GET", CARDS, headers={"Authorization": authorization}),
    ]

    assert all(refused(answer, 401, "101") for answer in answers)
    assert answers[0].json["status_details"] == "Unauthorised"
    assert card_merchant.books(paid)["released"] == 0


def test_a_token_opens_its_own_merchants_cards_only(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    stranger = CardMerchant(sandbox=card_merchant.sandbox, key="merchant-two", token="secret-two")

    answer = stranger.act("DeferredCancel", paid)

    assert refused(answer, 404, "104")
    assert (stranger.cards().json["cards"], card_merchant.books(paid)["released"]) == ([], 0)


@pytest.mark.parametrize("platform", [None, "", "smarterpaycloud", "Salesforce"])
def test_another_platform_is_error_102(card_merchant: CardMerchant, platform: str | None) -> None:
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredCancel", paid, platform=platform)

    assert refused(answer, 400, "102")
    assert (answer.json["status_details"], card_merchant.books(paid)["released"]) == ("Invalid Platform", 0)


@pytest.mark.parametrize("payment_type", [None, "", "Cancel", "deferredcancel", "DeferredMOTO", 7])
def test_an_action_must_have_a_known_payment_type(card_merchant: CardMerchant, payment_type: Any) -> None:
    paid = card_merchant.payment()

    assert refused(card_merchant.act(payment_type, paid), 400, "104")
    assert card_merchant.books(paid)["released"] == 0


@pytest.mark.parametrize("amount", [None, 0, -1, 1.5, "100", True, 10**15 + 1])
@pytest.mark.parametrize("payment_type", ["DeferredRelease", "Refund", "AuthoriseRelease", "Repeat"])
def test_an_amount_is_an_integer_in_minor_units(card_merchant: CardMerchant, payment_type: str, amount: Any) -> None:
    answer = card_merchant.act(payment_type, card_merchant.payment(state="taken"), amount=amount)

    assert refused(answer, 400, "104")
    assert "amount" in answer.json["status_details"]


@pytest.mark.parametrize(("payment_type", "state"), [("DeferredCancel", "authorized"), ("Void", "taken")])
def test_a_cancel_and_a_void_need_no_amount(card_merchant: CardMerchant, payment_type: str, state: str) -> None:
    assert card_merchant.act(payment_type, card_merchant.payment(state=state)).json["status"] == "successful"


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(("length", "http_status"), [(255, 200), (256, 400)])
def test_a_text_has_at_most_255_characters(
    card_merchant: CardMerchant, name: str, length: int, http_status: int
) -> None:
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredCancel", paid, **{name: "x" * length})

    assert answer.status == http_status
    assert card_merchant.books(paid)["released"] == (10_000 if http_status == 200 else 0)


@pytest.mark.parametrize(("length", "http_status"), [(255, 200), (256, 400)])
def test_an_idempotency_key_has_at_most_255_characters(
    card_merchant: CardMerchant, length: int, http_status: int
) -> None:
    assert card_merchant.act("DeferredCancel", card_merchant.payment(), key="k" * length).status == http_status


@pytest.mark.parametrize("wrong", [{"isAsnyc": "true"}, {"isAsnyc": 1}, {"custom_reference": 5}])
def test_a_field_of_the_wrong_kind_is_named(card_merchant: CardMerchant, wrong: dict[str, Any]) -> None:
    answer = card_merchant.act("DeferredCancel", card_merchant.payment(), **wrong)

    assert refused(answer, 400, "104")
    assert next(iter(wrong)) in answer.json["status_details"]


@pytest.mark.parametrize(("currency", "http_status"), [(None, 200), ("GBP", 200), ("EUR", 400), ("gbp", 400)])
def test_the_currency_is_the_original_payments(
    card_merchant: CardMerchant, currency: str | None, http_status: int
) -> None:
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredRelease", paid, amount=100, currency_code=currency)

    assert answer.status == http_status
    assert card_merchant.books(paid)["captured"] == (100 if http_status == 200 else 0)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"amount": NaN}'])
def test_a_body_that_is_no_object_is_refused(card_merchant: CardMerchant, body: bytes) -> None:
    assert refused(card_merchant.send("POST", f"{TRANSACTION}/{card_merchant.payment().card}", body), 400, "104")


@pytest.mark.parametrize(
    ("content_type", "http_status"),
    [("application/json", 200), ("application/vnd.api+json; charset=utf-8", 200), ("text/plain", 415), (None, 415)],
)
def test_the_content_type_is_json(card_merchant: CardMerchant, content_type: str | None, http_status: int) -> None:
    paid = card_merchant.payment()
    path, body = f"{TRANSACTION}/{paid.card}", card_merchant.body("DeferredCancel", paid)

    assert card_merchant.send("POST", path, body, headers={"Content-Type": content_type}).status == http_status


def test_a_correctly_spelled_is_async_is_ignored_with_a_warning(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredCancel", paid, isAsync=True)

    [warning] = card_merchant.sandbox.control_get("smarterpay/warnings")["warnings"]
    assert (answer.status, answer.json["status"]) == (200, "successful")
    assert "isAsnyc" in warning["sentence"]


def test_unknown_fields_are_ignored(card_merchant: CardMerchant) -> None:
    assert card_merchant.act("DeferredCancel", card_merchant.payment(), colour="blue").json["status"] == "successful"


@pytest.mark.parametrize(("method", "path"), [("GET", TRANSACTION), ("POST", CARDS), ("GET", "/smarterpay/nowhere")])
def test_there_is_nothing_at_other_addresses(card_merchant: CardMerchant, method: str, path: str) -> None:
    assert refused(card_merchant.send(method, path), 404, "104")


def test_there_is_no_way_to_read_a_transaction(card_merchant: CardMerchant) -> None:
    assert card_merchant.send("GET", f"{TRANSACTION}/{card_merchant.payment().card}").status == 404


@pytest.mark.parametrize("payment_type", ["MOTO", "DeferredMOTO", "AuthenticateMOTO"])
def test_a_payment_by_telephone_is_registered_and_authorised_at_once(
    card_merchant: CardMerchant, payment_type: str
) -> None:
    answer = card_merchant.register(payment_type, custom_reference="ORDER-1")

    line = card_merchant.sandbox.ledger(transactionId=answer.json["payment_id"])["transactions"][0]
    assert (answer.status, answer.json["status"], answer.json["card_id"]) == (200, "successful", line["cardId"])
    assert (line["authorized"], line["partnerReference"]) == (10_000, "ORDER-1")
    assert line["captured"] == (10_000 if payment_type == "MOTO" else 0)


@pytest.mark.parametrize("payment_type", ["Ecommerce", "DeferredEcommerce", "AuthenticateEcommerce"])
def test_a_payment_in_the_shop_is_pending_until_the_shopper_decides(
    card_merchant: CardMerchant, payment_type: str
) -> None:
    answer = card_merchant.register(payment_type)

    line = card_merchant.sandbox.ledger(transactionId=answer.json["payment_id"])["transactions"][0]
    assert (answer.json["status"], line["paymentStatus"], line["captured"]) == ("pending", "pending", 0)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("payment_gateway_profile_id", "103"),
        ("platform", "102"),
        *((name, "104") for name in ("amount", "currency_code", "customer_id")),
    ],
)
def test_a_registration_needs_all_its_fields(card_merchant: CardMerchant, missing: str, code: str) -> None:
    absent: dict[str, Any] = {missing: None}

    assert refused(card_merchant.register(**absent), 400, code)
    assert card_merchant.sandbox.ledger(gateway="smarterpay")["transactions"] == []


@pytest.mark.parametrize("payment_type", ["DeferredRelease", "Repeat", "Cash"])
def test_only_payments_are_registered(card_merchant: CardMerchant, payment_type: str) -> None:
    assert refused(card_merchant.register(payment_type), 400, "104")


def test_the_cards_list_has_the_vendors_own_spelling(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment(customReference="ORDER-1", metadata={"shop": 1}, description="Chairs")
    card_merchant.payment(customReference="ORDER-2")
    card_merchant.act("DeferredRelease", paid, amount=100)

    everything = card_merchant.cards().json["cards"]
    [card] = card_merchant.cards("?custom_referance=ORDER-1&colour=blue").json["cards"]

    assert len(everything) == 2
    assert (card["ID"], card["custom_referance"], card["metadata"]) == (paid.card, "ORDER-1", {"shop": 1})
    assert (card["transaction_type"], card["status"]) == ("DeferredRelease", "successful")
    assert card["created_at"].endswith("Z")
    assert "amount" not in card
