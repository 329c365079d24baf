"""New payments between client and sandbox: what the verdict says is what the ledger holds, and never two payments."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orders.gateways import smartpay
from orders.gateways.base import (
    Deal,
    Delivery,
    Door,
    FrozenRequest,
    Instruction,
    Kind,
    Outcome,
    SplitResult,
    TransactionState,
    Verdict,
)
from orders.gateways.smartpay_payment_writing import payment_request
from orders.gateways.smartpay_payments import Address, Criterion, NewPayment, PaymentOption, SplitDestination
from orders.money import Money
from tests.gateways.conftest import MERCHANT
from tests.gateways.new_payments import a_company_payment, a_payment
from tests.outgoing.shop import a_shop
from tests.sandbox.receiver import letters
from tests.sandbox_process import SandboxHandle

pytestmark = pytest.mark.process


@pytest.fixture(autouse=True)
def plain(gateway: SandboxHandle) -> None:
    """No optional field is left out and the money comes later, unless a test says otherwise."""
    gateway.control("dials", optionalFields=False, prepaymentStatus="AUTHORIZATION_PENDING")


def a_wish(payment: NewPayment) -> tuple[FrozenRequest, Instruction]:
    identifier = str(uuid.uuid4())
    instruction = Instruction(
        modification_id=identifier,
        kind=Kind.AUTHORIZE,
        transaction_reference="",
        merchant_key=MERCHANT,
        amount=payment.amount,
    )
    return payment_request(payment, merchant_key=MERCHANT, modification_id=identifier), instruction


def ask(door: Door, **changes: Any) -> Outcome:
    request, instruction = a_wish(a_payment(**{"partner_reference": "", "amount": Money(5000, "EUR"), **changes}))
    return smartpay.send(door, request, instruction)


def payments(gateway: SandboxHandle, instruction: Instruction) -> list[Any]:
    """What the ledger holds under the reference of this wish."""
    lines = gateway.ledger()["transactions"]
    return [line for line in lines if line["partnerReference"] == instruction.modification_id]


@pytest.mark.parametrize("option", list(PaymentOption))
def test_a_new_payment_is_named_followed_and_paid(gateway: SandboxHandle, door: Door, option: PaymentOption) -> None:
    outcome = ask(door, option=option)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.facts.transaction_state is TransactionState.PENDING_AUTHORIZATION
    assert len(outcome.facts.payment_reference) == 15
    before = smartpay.fetch(door, outcome.facts.transaction_reference, "EUR").snapshot
    assert before is not None
    assert (before.payment_reference, before.payment_method) == (outcome.facts.payment_reference, option.value)
    assert (before.reconciliation_reference, before.movements) == (outcome.facts.reference, ())

    gateway.control("shopper", transactionId=outcome.facts.transaction_reference)

    after = smartpay.fetch(door, outcome.facts.transaction_reference, "EUR").snapshot
    assert after is not None
    assert (after.state, after.amount) == (TransactionState.CAPTURED, Money(5000, "EUR"))
    assert [(one.type, one.amount, one.verdict) for one in after.movements] == [
        ("capture", Money(5000, "EUR"), Verdict.SUCCEEDED)
    ]


def test_the_sandbox_takes_all_that_the_client_can_say_and_ignores_nothing(door: Door) -> None:
    payment = a_company_payment(
        amount=Money(5000, "EUR"),
        partner_reference=str(uuid.uuid4()),
        shipping_address=Address(country_code="USA", state="CA"),
        split=(SplitDestination(destination_reference="shop-two", amount=Money(2000, "EUR"), description="part"),),
        target_merchant_account_reference="sub-7",
        criteria=(Criterion(name="season", value="summer"),),
        custom_references={"custom1": "a"},
        customer_account_id="john-doe-27",
        product_group="tyres",
        customer_group="fleet",
        shop_country="DE",
    )
    request, instruction = a_wish(payment)

    outcome = smartpay.send(door, request, instruction)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert not any("did not recognise" in warning for warning in outcome.facts.warnings)


def test_every_shape_of_the_examples_is_understood(gateway: SandboxHandle, door: Door) -> None:
    gateway.control("dials", prepaymentStatus="CAPTURED", optionalFields=True, dateFormat="random")

    outcomes = [ask(door) for _ in range(60)]

    assert {outcome.verdict for outcome in outcomes} == {Verdict.SUCCEEDED}
    assert {outcome.facts.amount for outcome in outcomes} == {Money(5000, "EUR"), None}
    assert all(outcome.facts.transaction_status_at for outcome in outcomes)


@pytest.mark.parametrize(
    ("fault", "verdict", "made"),
    [
        ("refuse", Verdict.DECLINED, 0),
        ("refuse_provider", Verdict.DECLINED, 0),
        ("refuse_200", Verdict.DECLINED, 1),
        ("reset_before", Verdict.UNKNOWN, 0),
        ("error_500_before", Verdict.UNKNOWN, 0),
        ("error_502_html", Verdict.UNKNOWN, 0),
        ("conflict_409", Verdict.UNKNOWN, 0),
        ("redirect_307", Verdict.UNKNOWN, 0),
        ("unauthorized", Verdict.NOT_SENT, 0),
        ("too_many", Verdict.UNKNOWN, 0),
        ("lose_reply", Verdict.UNKNOWN, 1),
        ("hang_after", Verdict.UNKNOWN, 1),
        ("error_500_after", Verdict.UNKNOWN, 1),
        ("drip_body", Verdict.UNKNOWN, 1),
        ("truncate", Verdict.UNKNOWN, 1),
        ("endless", Verdict.UNKNOWN, 1),
        ("html_200", Verdict.UNKNOWN, 1),
        ("empty_200", Verdict.UNKNOWN, 1),
        ("bad_json", Verdict.UNKNOWN, 1),
        ("wrong_currency", Verdict.MISMATCH, 1),
        ("wrong_amount", Verdict.MISMATCH, 1),
        ("wrong_amount_executed", Verdict.MISMATCH, 1),
        ("amount_false", Verdict.SUCCEEDED, 1),
        ("missing_reference", Verdict.SUCCEEDED, 1),
        ("unknown_status", Verdict.SUCCEEDED, 1),
        ("pending", Verdict.SUCCEEDED, 1),
    ],
)
def test_no_fault_is_taken_for_something_it_is_not(
    gateway: SandboxHandle, door: Door, fault: str, verdict: Verdict, made: int
) -> None:
    request, instruction = a_wish(a_payment(partner_reference="", amount=Money(5000, "EUR")))
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])

    outcome = smartpay.send(replace(door, deadline_seconds=1), request, instruction)

    assert outcome.verdict is verdict
    assert len(payments(gateway, instruction)) == made
    assert outcome.review is (fault.startswith(("redirect", "wrong")))


def test_after_a_lost_reply_a_second_request_finds_the_reference_taken(gateway: SandboxHandle, door: Door) -> None:
    request, instruction = a_wish(a_payment(partner_reference="", amount=Money(5000, "EUR")))
    gateway.control(
        "faults", rules=[{"fault": "lose_reply", "modificationId": instruction.modification_id, "times": 1}]
    )
    assert smartpay.send(door, request, instruction).verdict is Verdict.UNKNOWN

    again = smartpay.send(door, request, instruction)

    assert (again.verdict, again.review) == (Verdict.UNKNOWN, True)
    assert "the payment exists at the gateway" in again.reason
    assert len(payments(gateway, instruction)) == 1


def test_a_refused_field_is_declined_with_its_name(gateway: SandboxHandle, door: Door) -> None:
    request, instruction = a_wish(a_payment(partner_reference="", amount=Money(5000, "EUR")))
    spoilt = replace(request, body=request.body.replace(b'"DEU"', b'"DEUT"'))

    outcome = smartpay.send(door, spoilt, instruction)

    assert outcome.verdict is Verdict.DECLINED
    assert "billingAddress.countryCode" in outcome.reason
    assert payments(gateway, instruction) == []


def test_a_leg_that_failed_alone_is_seen_although_the_refund_is_done(gateway: SandboxHandle, door: Door) -> None:
    split = [{"destinationReference": "shop-one", "amount": 4000}, {"destinationReference": "shop-two", "amount": 6000}]
    made = gateway.control(
        "orders", merchantKey=MERCHANT, amount=10_000, currencyCode="EUR", paymentStatus="CAPTURED", split=split
    )
    transaction = made["transactions"][0]["transactionId"]
    gateway.control("faults", fault="split_leg_fails", transactionId=transaction)
    refund = Instruction(
        modification_id=str(uuid.uuid4()),
        kind=Kind.REFUND,
        transaction_reference=transaction,
        merchant_key=MERCHANT,
        amount=Money(2500, "EUR"),
    )

    outcome = smartpay.send(door, smartpay.compose(refund), refund)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert [(leg.destination, leg.failed) for leg in outcome.facts.legs] == [("shop-one", False), ("shop-two", True)]
    again: tuple[SplitResult, ...] = smartpay.look_up(door, refund).facts.legs
    assert again == outcome.facts.legs


def test_a_transactions_deal_is_fetched(gateway: SandboxHandle, door: Door) -> None:
    overview = {"deal": {"dealReference": "deal-1", "typeCode": "3RIPSS", "amount": "250.00"}}
    made = gateway.control("orders", merchantKey=MERCHANT, amount=10_000, currencyCode="EUR", overview=overview)

    snapshot = smartpay.fetch(door, made["transactions"][0]["transactionId"], "EUR").snapshot

    assert snapshot is not None
    assert snapshot.deal == Deal(reference="deal-1", type_code="3RIPSS", amount=Money(25_000, "EUR"))


def test_a_notification_leads_to_its_transaction(gateway: SandboxHandle, door: Door) -> None:
    with a_shop() as shop:
        gateway.control("webhook", gateway="smartpay", merchantKey=MERCHANT, url=shop.url, secret="shop:word")
        transaction = ask(door).facts.transaction_reference
        gateway.control("shopper", transactionId=transaction)
        letters(shop, 1)
        gateway.control("webhook", gateway="smartpay", merchantKey=MERCHANT, url=None)
    headers, body = shop.letters[0]

    opened = smartpay.open_delivery(
        Delivery(headers=headers, body=body, received_at=datetime.now(UTC)), ["shop:next", "shop:word"], {}
    )

    assert [(told.transaction_reference, told.known) for told in opened.events] == [(transaction, True)]
    assert opened.signed is False
