"""Who comes in where: every operation × scope × merchant, and how often."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from orders.api.document import document
from orders.gateways.base import Kind
from orders.models import Event, Modification, Order, RefundPlan, Source, Transaction
from orders.tokens import SCOPES, revoke_token
from tests import factories
from tests.api.shop import Shop, a_shop, an_order_body
from tests.modifications.asking import ask
from tests.modifications.other_accounts import in_yen
from tests.modifications.planning import asked_back as ask_back

pytestmark = pytest.mark.django_db

SOME = {"amount": 1_000, "currency": "EUR"}


def _path(template: str) -> Callable[[Transaction], str]:
    """The address about this transaction's merchant."""

    def path(transaction: Transaction) -> str:
        modification = Modification.objects.filter(transaction=transaction).first()
        plan = RefundPlan.objects.filter(transaction=transaction).first()
        words = {
            "account": transaction.account.name,
            "reference": transaction.order.reference,
            "order_id": transaction.order_id,
            "transaction_id": transaction.pk,
            "modification_id": modification.pk if modification else uuid.uuid4(),
            "plan_id": plan.pk if plan else uuid.uuid4(),
        }
        return template.format(**words)

    return path


OPERATIONS: dict[tuple[str, str], tuple[frozenset[str], Any]] = {
    ("POST", "orders/batch"): (frozenset({"orders:write"}), "batch"),
    ("GET", "orders"): (frozenset({"orders:read"}), None),
    ("GET", "orders/{order_id}"): (frozenset({"orders:read"}), None),
    ("GET", "orders/{account}/{reference}"): (frozenset({"orders:read"}), None),
    ("PUT", "orders/{account}/{reference}"): (frozenset({"orders:write"}), "order"),
    ("GET", "transactions/{transaction_id}"): (frozenset({"orders:read"}), None),
    ("POST", "transactions/{transaction_id}/captures"): (frozenset({"captures:write"}), SOME),
    ("POST", "transactions/{transaction_id}/cancellations"): (frozenset({"cancellations:write"}), {}),
    ("POST", "transactions/{transaction_id}/reversals"): (frozenset({"cancellations:write", "refunds:write"}), {}),
    ("POST", "transactions/{transaction_id}/voids"): (frozenset({"refunds:write"}), {}),
    ("POST", "transactions/{transaction_id}/refunds"): (frozenset({"refunds:write"}), SOME),
    ("POST", "payments"): (frozenset({"payments:write"}), "payment"),
    ("GET", "modifications"): (frozenset({"orders:read"}), None),
    ("GET", "modifications/{modification_id}"): (frozenset({"orders:read"}), None),
    ("GET", "plans/{plan_id}"): (frozenset({"orders:read"}), None),
    ("POST", "plans/{plan_id}/rest"): (frozenset({"refunds:write"}), {"expected_version": 1}),
    ("GET", "capabilities"): (frozenset({"orders:read"}), None),
}
LISTS = frozenset({"orders", "modifications", "capabilities"})


def send(shop: Shop, method: str, template: str, transaction: Transaction) -> Any:
    body = OPERATIONS[method, template][1]
    if body == "order":
        body = an_order_body(currency=transaction.currency, amount=transaction.order.amount, transactions=[])
    if body == "batch":
        body = {"account": transaction.account.name, "orders": [an_order_body(reference="B-1")]}
    if body == "payment":
        body = {
            "account": transaction.account.name,
            "option": "PREPMNT",
            "amount": 5_099,
            "currency": "EUR",
            "billing_address": {"country_code": "DEU", "city": "Berlin"},
            "consumer": {"last_name": "Doe"},
        }
    return shop.send(method, _path(template)(transaction), body=body, key=str(uuid.uuid4()))


def test_the_table_names_every_operation_with_the_scopes_of_the_document() -> None:
    told = {
        (method.upper(), path.removeprefix("/api/v1/")): frozenset(operation["security"][0]["Bearer"])
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }

    assert told == {operation: scopes for operation, (scopes, _) in OPERATIONS.items()}


@pytest.mark.parametrize(("method", "template"), OPERATIONS)
def test_an_operation_takes_exactly_its_scopes(method: str, template: str) -> None:
    transaction = factories.a_transaction()
    needed, _ = OPERATIONS[method, template]

    for scope in sorted(needed):
        lacking = a_shop(account=transaction.account, scopes=set(SCOPES) - {scope})
        answer = send(lacking, method, template, transaction)
        assert (answer.status, answer.code) == (403, "insufficient_scope"), scope
        assert "insufficient_scope" in answer.headers["www-authenticate"]
        assert scope in answer.detail
    answer = send(a_shop(account=transaction.account, scopes=needed), method, template, transaction)

    assert answer.status not in (401, 403), answer.content


@pytest.mark.parametrize(("method", "template"), OPERATIONS)
def test_another_merchants_rows_are_not_there_and_nothing_happens_to_them(method: str, template: str) -> None:
    theirs = in_yen(3_000, 3_000)
    person = factories.a_person(merchants=[theirs.merchant])
    ask_back(theirs, 5_000, by=person)
    ask(theirs, Kind.CAPTURE, 1_000, by=person)
    before = (Order.objects.count(), Modification.objects.count(), Event.objects.filter(refused=True).count())

    answer = send(a_shop(), method, template, theirs)

    if template in LISTS:
        content = answer.content.decode()
        assert answer.status == 200
        assert theirs.account.name not in content
        assert theirs.reference not in content
    else:
        assert (answer.status, answer.code) == (404, "not_found"), answer.content
    assert before == (Order.objects.count(), Modification.objects.count(), Event.objects.filter(refused=True).count())


@pytest.mark.parametrize(("method", "template"), OPERATIONS)
def test_without_a_token_or_with_a_revoked_one_nobody_comes_in(method: str, template: str) -> None:
    transaction = factories.a_transaction()
    shop = a_shop(account=transaction.account)
    without = shop.send(method, _path(template)(transaction), headers={"Authorization": ""})
    wrong = shop.send(method, _path(template)(transaction), headers={"Authorization": "Basic c2hvcDpzZWNyZXQ="})
    revoke_token(token=shop.made.token, by=shop.made.token.created_by, source=Source.PAGE)
    revoked = send(shop, method, template, transaction)

    for answer, code in ((without, "no_token"), (wrong, "no_token"), (revoked, "revoked_token")):
        assert (answer.status, answer.code) == (401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_the_document_is_for_token_holders_and_people_who_are_logged_in() -> None:
    shop = a_shop(scopes=["orders:write"])

    assert shop.get("openapi.json").json["openapi"].startswith("3.1")
    nobody = shop.send("GET", "openapi.json", headers={"Authorization": ""})
    shop.client.force_login(factories.a_person())

    assert (nobody.status, nobody.code) == (401, "no_token")
    assert shop.send("GET", "openapi.json", headers={"Authorization": ""}).status == 200
    assert shop.send("POST", "openapi.json", body={}).status == 405


def test_the_minutes_requests_are_counted_for_each_token(settings: Settings) -> None:
    settings.API_REQUESTS_PER_MINUTE = 3
    shop, other = a_shop(), a_shop()

    answers = [shop.get("capabilities") for _ in range(8)]

    assert answers[0].status == 200
    assert (answers[-1].status, answers[-1].code) == (429, "too_many_requests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 61
    assert "3 requests" in answers[-1].detail
    assert other.get("capabilities").status == 200


def test_a_cache_that_is_away_lets_everybody_pass(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_REQUESTS_PER_MINUTE = 1
    shop = a_shop()
    monkeypatch.setattr(cache, "add", lambda *_, **__: True)
    monkeypatch.setattr(cache, "incr", lambda *_, **__: 1)

    assert {shop.get("capabilities").status for _ in range(5)} == {200}
