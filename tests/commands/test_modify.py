"""`modify` and `recover`: the page's verb from a shell, carried out at the real sandbox, with true exit codes."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from orders.models import Event, GatewayAccount, Modification, RefundPlan, Transaction
from tests.commands.running import Ended, run
from tests.factories import a_captured_transaction, a_person, a_transaction
from tests.modifications.other_accounts import in_yen, on_card
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def transaction(gateway: SandboxHandle, account: GatewayAccount) -> Transaction:
    """100.00 EUR, captured here and at the sandbox; anna may refund it, vic may not."""
    made = a_captured_transaction(account=account, captured=10_000)
    order = {"merchantKey": account.merchant_key, "transactionId": made.reference, "amount": 10_000}
    gateway.control("orders", orders=[{**order, "currencyCode": "EUR", "paymentStatus": "CAPTURED"}])
    a_person("anna", merchants=[account.merchant], groups=["agent"])
    a_person("vic", merchants=[account.merchant], groups=["viewer"])
    return made


def refund(transaction: Transaction, *more: str, by: str = "anna") -> Ended:
    return run("modify", transaction.order.reference, "refund", "--by", by, "--json", *more)


@pytest.mark.process
def test_a_refund_is_accepted_then_carried_out_by_recover(gateway: SandboxHandle, transaction: Transaction) -> None:
    accepted = refund(transaction, "--amount", "25.00", "--reason", "returned")
    recovered = run("recover", "--json")

    row = Modification.objects.get()
    transaction.refresh_from_db()
    assert (accepted.code, accepted.facts["state"], accepted.facts["amount"]) == (0, "queued", 2_500)
    assert recovered.facts["claimed"] >= 1
    assert (row.state, row.source, transaction.refunded) == ("succeeded", "command", 2_500)
    executions = gateway.ledger(modificationId=str(row.pk))["executions"]
    assert [(one["type"], one["amount"]) for one in executions] == [("REFUND", 2_500)]
    assert run("invariants").code == 0


@pytest.mark.process
def test_the_same_id_again_moves_nothing_and_tells_the_end(gateway: SandboxHandle, transaction: Transaction) -> None:
    known = str(uuid.uuid4())
    refund(transaction, "--amount", "25.00", "--id", known)
    run("recover")

    again = refund(transaction, "--amount", "25.00", "--id", known, "--wait", "5")
    run("recover")

    assert (again.code, again.facts["state"]) == (0, "succeeded")
    assert len(gateway.ledger(transactionId=transaction.reference)["executions"]) == 2  # the capture and one refund


@pytest.mark.process
def test_a_refusal_of_the_gateway_ends_in_one(gateway: SandboxHandle, transaction: Transaction) -> None:
    known = str(uuid.uuid4())
    gateway.control("faults", rules=[{"fault": "refuse", "modificationId": known}])
    refund(transaction, "--amount", "25.00", "--id", known)
    run("recover")

    told = refund(transaction, "--amount", "25.00", "--id", known, "--wait", "1")

    assert (told.code, told.facts["state"]) == (1, "failed")


@pytest.mark.process
def test_what_is_still_open_when_the_wait_ends_is_three(transaction: Transaction) -> None:
    told = refund(transaction, "--amount", "25.00", "--wait", "0.3")

    assert (told.code, told.facts["state"]) == (3, "queued")


@pytest.mark.process
def test_without_an_amount_everything_left_is_refunded(transaction: Transaction) -> None:
    assert refund(transaction).facts["amount"] == 10_000


@pytest.mark.process
def test_a_twin_is_refused_until_it_is_meant(transaction: Transaction) -> None:
    refund(transaction, "--amount", "10.00")

    twin = refund(transaction, "--amount", "10.00")
    meant = refund(transaction, "--amount", "10.00", "--confirm-twin")

    assert (twin.code, meant.code) == (1, 0)
    assert "already asked for" in twin.facts["error"]
    assert Modification.objects.count() == 2


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "by", "code", "sentence"),
    [
        (["--amount", "100.01"], "anna", 1, "more than the 100.00 EUR"),
        (["--amount", "0"], "anna", 2, "greater than zero"),
        (["--amount", "12.345"], "anna", 2, "2 decimals"),
        (["--amount", "1e2"], "anna", 2, "not an amount"),
        (["--amount", "5", "--description", "x" * 128], "anna", 1, "128 characters"),
        (["--amount", "5"], "vic", 1, "may not refund"),
        (["--amount", "5"], "nobody", 2, "no active person"),
    ],
)
def test_what_may_not_be_is_refused_with_its_sentence(
    transaction: Transaction, arguments: list[str], by: str, code: int, sentence: str
) -> None:
    ended = refund(transaction, *arguments, by=by)

    assert ended.code == code
    assert sentence in ended.facts["error"]
    assert not Modification.objects.exists()


def test_an_unknown_or_foreign_reference_is_answered_alike() -> None:
    foreign = a_captured_transaction()
    a_person("anna")

    for reference in ("nothing", foreign.order.reference):
        ended = run("modify", reference, "refund", "--by", "anna", "--json")
        assert ended.code == 2
        assert "There is no order" in ended.facts["error"]


def test_an_order_with_two_able_transactions_asks_which() -> None:
    first = a_transaction()
    second = a_transaction(order=first.order)
    a_person("anna", merchants=[first.merchant])

    unclear = run("modify", first.order.reference, "capture", "--by", "anna", "--json")
    clear = run("modify", second.reference, "capture", "--by", "anna", "--json")

    assert (unclear.code, clear.code) == (2, 0)
    assert second.reference in unclear.facts["error"]
    assert Modification.objects.get().transaction == second


def test_a_refused_attempt_is_in_the_audit_log() -> None:
    transaction = a_transaction()
    a_person("vic", merchants=[transaction.merchant], groups=["viewer"])

    run("modify", transaction.reference, "capture", "--by", "vic")

    event = Event.objects.get(verb="capture.refused")
    assert (event.refused, event.source) == (True, "command")


def test_recover_with_nothing_to_do_says_so() -> None:
    facts: Any = run("recover", "--json").facts

    assert (facts["stranded"], facts["claimed"]) == (0, 0)


def test_a_refund_over_several_captures_is_a_plan_and_the_same_id_is_the_same_plan() -> None:
    order, known = in_yen(6_000, 4_000), str(uuid.uuid4())
    a_person("anna", merchants=[order.merchant])

    first, again = (refund(order, "--amount", "9000", "--id", known) for _ in range(2))
    without_amount = refund(order, "--id", known)

    plan = RefundPlan.objects.get()
    assert (first.code, again.code, without_amount.code) == (0, 0, 0)
    assert (str(plan.pk), first.facts["amount"], first.facts["missing"]) == (known, 9_000, 0)
    assert [leg["amount"] for leg in first.facts["legs"]] == [4_000, 5_000]
    assert again.facts == first.facts == without_amount.facts
    assert Modification.objects.count() == 2


def test_a_fresh_capture_is_voided_and_the_rest_of_a_capture_released() -> None:
    card, order = on_card(captured=10_000), in_yen()
    a_person("anna", merchants=[card.merchant, order.merchant])

    voided = run("modify", card.reference, "void", "--by", "anna", "--json")
    captured = run("modify", order.reference, "capture", "--by", "anna", "--json", "--amount", "6000", "--release-rest")

    assert (voided.code, captured.code) == (0, 0)
    assert Modification.objects.get(transaction=card).kind == "void"
    assert Modification.objects.get(transaction=order).release_rest


def test_a_choice_that_the_gateway_does_not_leave_is_refused() -> None:
    transaction = a_transaction()
    a_person("anna", merchants=[transaction.merchant])

    ended = run("modify", transaction.reference, "capture", "--by", "anna", "--release-rest")

    assert ended.code == 1
    assert "Nobody is asked here" in ended.out + ended.err
    assert not Modification.objects.exists()
