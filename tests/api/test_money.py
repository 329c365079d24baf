"""Captures, cancellations, reversals, voids and refunds: the verbs of the pages, told in JSON; each asked for once."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

import pytest

from orders.gateways.base import Kind, TransactionState
from orders.models import Event, Modification, Reference, Source, Transaction
from tests import factories
from tests.api.shop import Answered, Shop, a_shop
from tests.modifications.asking import ask
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db
SOME = {"amount": 2_000, "currency": "EUR"}


def shop_of(transaction: Transaction, **words: Any) -> Shop:
    return a_shop(account=transaction.account, **words)


def fresh(transaction: Transaction) -> Transaction:
    return Transaction.objects.get(pk=transaction.pk)


@pytest.mark.parametrize(
    ("captured", "noun", "body", "kind", "amount"),
    [
        (False, "captures", {"amount": 6_000, "currency": "EUR"}, Kind.CAPTURE, 6_000),
        (False, "cancellations", {}, Kind.CANCEL, 10_000),
        (False, "cancellations", {"amount": 10_000, "currency": "EUR"}, Kind.CANCEL, 10_000),
        (False, "reversals", {}, Kind.CANCEL_OR_REFUND, 10_000),
        (True, "reversals", {}, Kind.CANCEL_OR_REFUND, 10_000),
        (True, "refunds", {"amount": 2_500, "currency": "EUR"}, Kind.REFUND, 2_500),
    ],
)
def test_what_is_asked_for_is_queued_at_once_and_the_same_again_is_the_same(
    captured: bool, noun: str, body: dict[str, Any], kind: Kind, amount: int
) -> None:
    transaction = factories.a_captured_transaction() if captured else factories.a_transaction()
    shop = shop_of(transaction)
    key = "order-7/parcel-1"

    first = shop.ask(transaction.pk, noun, body, key=key)
    version = fresh(transaction).version
    second = shop.ask(transaction.pk, noun, body, key=key)

    assert (first.status, second.status) == (201, 200), first.content
    assert first.json == second.json
    row = Modification.objects.get()
    assert (row.kind, row.amount, row.source, row.requested_by) == (kind, amount, Source.API, shop.made.token.acts_as)
    assert row.pk == uuid.uuid5(shop.made.token.pk, key)
    assert row.due_at == row.requested_at
    assert fresh(transaction).version == version
    assert first.headers["location"] == f"/api/v1/modifications/{row.pk}"
    assert shop.get(f"modifications/{row.pk}").json["state"] == "queued"
    assert Event.objects.get(modification=row).source == Source.API


@pytest.mark.parametrize(
    "words",
    [
        {"amount": 2_001},
        {"reason": "fraud"},
        {"description": "Another parcel"},
        {"custom_references": {"custom1": "x"}},
        {"expected_version": 1},
        {"customer_may_see": True},
    ],
)
def test_a_key_with_another_body_is_a_conflict_and_moves_nothing(words: dict[str, Any]) -> None:
    transaction = factories.a_captured_transaction()
    shop = shop_of(transaction)
    shop.ask(transaction.pk, "refunds", SOME, key="k")

    answer = shop.ask(transaction.pk, "refunds", SOME | words, key="k")

    assert (answer.status, answer.code) == (409, "id_conflict"), answer.content
    assert answer.detail.startswith("This Idempotency-Key was already used for another request. Nothing was sent now")
    assert (Modification.objects.count(), fresh(transaction).refunding) == (1, 2_000)


def test_a_key_used_for_another_transaction_or_noun_is_a_conflict() -> None:
    transaction = factories.a_captured_transaction()
    other = factories.a_captured_transaction(account=transaction.account)
    shop = shop_of(transaction)
    shop.ask(transaction.pk, "refunds", {"amount": 10_000, "currency": "EUR"}, key="k")

    assert shop.ask(other.pk, "refunds", {"amount": 10_000, "currency": "EUR"}, key="k").code == "id_conflict"
    assert shop.ask(transaction.pk, "reversals", {}, key="k").code == "id_conflict"
    assert Modification.objects.count() == 1


def test_the_same_key_of_another_token_is_another_thing() -> None:
    transaction = factories.a_captured_transaction()

    first = shop_of(transaction).ask(transaction.pk, "refunds", SOME, key="k")
    second = shop_of(transaction).ask(transaction.pk, "refunds", SOME | {"amount": 1_000}, key="k")

    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 201])
def test_without_a_usable_key_nothing_is_asked_for(key: str) -> None:
    transaction = factories.a_captured_transaction()

    answer = shop_of(transaction).post(f"transactions/{transaction.pk}/refunds", SOME, key=key)

    assert (answer.status, answer.code) == (400, "idempotency_key"), answer.content
    assert not Modification.objects.exists()


def test_the_longest_key_is_taken() -> None:
    transaction = factories.a_captured_transaction()

    assert shop_of(transaction).ask(transaction.pk, "refunds", SOME, key="~" * 200).status == 201


def test_a_second_refund_of_the_same_amount_must_be_meant() -> None:
    transaction = factories.a_captured_transaction()
    shop = shop_of(transaction)
    first = shop.ask(transaction.pk, "refunds", SOME)

    stopped = shop.ask(transaction.pk, "refunds", SOME, key="second")
    meant = shop.ask(transaction.pk, "refunds", SOME | {"confirmed_twin": True}, key="second")

    assert (stopped.status, stopped.code) == (409, "twin")
    assert stopped.json["twins"] == [first.json["id"]]
    assert "confirmed_twin" in stopped.detail
    assert meant.status == 201
    assert fresh(transaction).refunding == 4_000


def test_what_was_decided_on_old_figures_is_refused_and_says_what_happened() -> None:
    transaction = factories.a_captured_transaction()
    shop = shop_of(transaction)
    version = shop.get(f"transactions/{transaction.pk}").json["version"]
    ask(transaction, Kind.REFUND, 1_000, by=factories.a_person(merchants=[transaction.merchant]))

    late = shop.ask(transaction.pk, "refunds", SOME | {"expected_version": version})
    informed = shop.ask(transaction.pk, "refunds", SOME | {"expected_version": version + 1})

    assert (late.status, late.code) == (409, "changed_since")
    assert any("asked to refund 10.00 EUR" in change for change in late.json["changes"])
    assert informed.status == 201


@pytest.mark.parametrize(
    ("make", "noun", "body", "rule"),
    [
        (factories.a_captured_transaction, "refunds", {"amount": 10_001, "currency": "EUR"}, "amount"),
        (factories.a_transaction, "refunds", SOME, "state"),
        (factories.a_transaction, "cancellations", {"amount": 1, "currency": "EUR"}, "whole"),
        (factories.a_transaction, "voids", {}, "capability"),
        (factories.a_captured_transaction, "captures", SOME, "state"),
        (factories.a_captured_transaction, "cancellations", {}, "state"),
        (partial(factories.a_transaction, frozen_reason="Look."), "captures", SOME, "frozen"),
        (partial(factories.a_transaction, unknown_count=1), "captures", SOME, "unknown"),
        (
            partial(factories.a_transaction, state=TransactionState.UNRECOGNISED),
            "cancellations",
            {},
            "unrecognised",
        ),
    ],
)
def test_what_the_rules_refuse_is_refused_in_their_own_words(
    make: Any, noun: str, body: dict[str, Any], rule: str
) -> None:
    transaction = make()
    shop = shop_of(transaction)
    told = {one["noun"]: one for one in shop.get(f"transactions/{transaction.pk}").json["actions"]}

    answer = shop.ask(transaction.pk, noun, body)

    assert (answer.status, answer.code) == (422, rule), answer.content
    assert told[noun]["allowed"] or told[noun]["sentence"] == answer.detail
    assert not Modification.objects.exists()
    refusal = Event.objects.get(refused=True)
    assert (refusal.source, refusal.sentence) == (Source.API, answer.detail)


def test_an_amount_in_another_currency_is_refused() -> None:
    transaction = factories.a_captured_transaction()

    answer = shop_of(transaction).ask(transaction.pk, "refunds", {"amount": 100, "currency": "JPY"})

    assert (answer.status, answer.code) == (422, "currency")
    assert not Modification.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        {"amount": 20.0},
        {"amount": "2000"},
        {"amount": True},
        {"amount": 0},
        {"amount": 2**63},
        {"amount": None},
        {"currency": None},
        {"currency": "€"},
        {"reason": "because"},
        {"description": "x" * 128},
        {"description": "a\nb"},
        {"custom_references": {"custom4": "x"}},
        {"custom_references": {"custom1": "x" * 256}},
        {"expected_version": -1},
        {"expected_version": 2**63},
        {"expected_version": 1.0},
        {"confirmed_twin": "yes"},
        {"confirmed_twin": 1},
        {"state": "succeeded"},
        {"release_rest": True},
    ],
)
def test_a_body_that_is_not_exactly_right_moves_nothing(words: dict[str, Any]) -> None:
    transaction = factories.a_captured_transaction()

    answer = shop_of(transaction).ask(transaction.pk, "refunds", SOME | words)

    assert (answer.status, answer.code) == (422, "invalid"), answer.content
    assert not Modification.objects.exists()


@pytest.mark.parametrize("transaction_id", [0, 2**63 - 1, 2**63, "x", "1.0", -1])
def test_a_transaction_that_is_not_there_is_no_fault_of_ours(transaction_id: Any) -> None:
    answer = a_shop().ask(transaction_id, "captures", SOME)

    assert answer.status in (404, 422), answer.content


def test_a_modification_of_a_person_is_read_too_and_is_found_by_its_id() -> None:
    transaction = factories.a_captured_transaction()
    person = factories.a_person("eva", merchants=[transaction.merchant])
    row = ask(transaction, Kind.REFUND, 1_000, by=person)
    shop = shop_of(transaction)

    told = shop.get(f"modifications/{row.pk}").json

    assert (told["requested_by"], told["amount"], told["finished"]) == ("eva", 1_000, False)
    assert Reference.objects.filter(value=str(row.pk)).exists()
    assert shop.get("orders", reference=str(row.pk)).json["orders"][0]["id"] == transaction.order_id


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("noun", "body"), [("refunds", SOME), ("reversals", {})])
def test_fifty_at_once_with_one_key_are_one(noun: str, body: dict[str, Any]) -> None:
    transaction = factories.a_captured_transaction()
    shop = shop_of(transaction)
    shops = [Shop(made=shop.made, account=shop.account) for _ in range(50)]

    answers: list[Answered] = race([partial(one.ask, transaction.pk, noun, body, key="k") for one in shops])

    assert {getattr(answer, "status", answer) for answer in answers} <= {200, 201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert Modification.objects.count() == 1
    now = fresh(transaction)
    assert (now.refunding, now.exclusive_modification is not None) == (
        (2_000, False) if noun == "refunds" else (0, True)
    )
