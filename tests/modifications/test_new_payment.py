"""Asking for a payment that does not exist yet: what is written, what is refused beside it, and the second time."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import TransactionState
from orders.gateways.smartpay_payments import PaymentOption
from orders.models import (
    Event,
    GatewayAccount,
    Modification,
    ModificationState,
    Order,
    OrderState,
    Reference,
    Source,
    Transaction,
)
from orders.modifications.hurry import why_not_ask, why_not_retry
from orders.modifications.new_payment import PaymentRefused, accounts_for_new_payments
from orders.modifications.pause import pause_account
from orders.modifications.refusals import IdConflict, NotAllowed, Refused, UnknownThing
from orders.modifications.review import confirm, propose_resolution
from orders.modifications.withdraw import withdraw
from orders.money import Money
from tests import factories
from tests.gateways.new_payments import BERLIN, a_company_payment, a_payment
from tests.modifications import steps
from tests.modifications.new_payments import ORDER, ask_for_payment, made
from tests.modifications.planning import captured_in_parts, planned
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db
NOTHING: dict[str, int] = {"orders": 0, "transactions": 0, "modifications": 0}


@pytest.fixture
def account() -> GatewayAccount:
    return factories.an_account()


@pytest.fixture
def agent(account: GatewayAccount) -> User:
    return factories.a_person("mia", merchants=[account.merchant])


def _rows() -> dict[str, int]:
    return {
        "orders": Order.objects.count(),
        "transactions": Transaction.objects.count(),
        "modifications": Modification.objects.count(),
    }


def _refused(account: GatewayAccount, by: User, **words: Any) -> PaymentRefused:
    before = _rows()
    with pytest.raises(PaymentRefused) as refusal:
        ask_for_payment(account, by, **words)
    assert _rows() == before
    return refusal.value


def test_one_request_writes_order_transaction_modification_and_event_and_moves_nothing(
    account: GatewayAccount, agent: User
) -> None:
    row = ask_for_payment(account, agent)

    order, transaction = Order.objects.get(), Transaction.objects.get()
    assert (order.reference, order.amount, order.currency, order.state) == (ORDER, 5099, "EUR", "pending_authorization")
    assert (order.customer_name, order.customer_email) == ("Jane Doe", "jane@example.com")
    assert order.in_flight
    assert transaction.reference == f"new:{row.pk}"
    assert not transaction.named
    assert (transaction.partner_reference, transaction.payment_method) == ("SMP-1001", "PREPMNT")
    assert (transaction.authorized, transaction.captured, transaction.exclusive_modification) == (0, 0, row.pk)
    assert (row.kind, row.amount, row.state, row.never_sent) == ("authorize", 5099, "queued", True)
    assert Event.objects.get(modification=row).sentence == "mia asked for a new payment of 50.99 EUR."


def test_no_event_names_the_buyer(account: GatewayAccount, agent: User) -> None:
    row = ask_for_payment(account, agent)
    steps.ended(row, made())
    _refused(account, agent)

    written = " ".join(f"{event.sentence} {event.details}" for event in Event.objects.all())
    for word in ("Jane", "jane@example.com", "Doe", "Linden", "10117"):
        assert word not in written


def test_an_order_is_found_by_every_word_of_it(account: GatewayAccount, agent: User) -> None:
    row = ask_for_payment(account, agent)
    steps.ended(row, made())

    words = set(Reference.objects.values_list("value", flat=True))
    assert {"ord-1001", "smp-1001", str(row.pk), "jane@example.com", "doe"} <= words
    assert {"9b02425b-f346-4f16-892b-6716d5ecf9ac", "119344737107896", "rec-1"} <= words


def test_without_words_of_ones_own_both_references_are_minted_from_the_id(account: GatewayAccount, agent: User) -> None:
    row = ask_for_payment(account, agent, payment=a_payment(partner_reference=""), order_reference="")

    assert Transaction.objects.get().partner_reference == str(row.pk)
    assert Order.objects.get().reference == str(row.pk)
    assert str(row.pk).encode() in bytes(row.body)


def test_a_company_stands_on_the_order_by_its_name(account: GatewayAccount, agent: User) -> None:
    ask_for_payment(account, agent, payment=a_company_payment())

    assert Order.objects.get().customer_name == "Acme GmbH"


def test_the_same_form_again_is_the_same_row_also_when_the_door_closed_since(
    account: GatewayAccount, agent: User
) -> None:
    words = {"modification_id": uuid.uuid4()}
    first = ask_for_payment(account, agent, **words)
    second = ask_for_payment(account, agent, **words)
    pause_account(account_id=account.pk, reason="Looking", by=_supervisor(account), source=Source.PAGE)
    third = ask_for_payment(account, agent, **words)

    assert first.pk == second.pk == third.pk
    assert _rows() == {"orders": 1, "transactions": 1, "modifications": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"payment": a_payment(amount=Money(5100, "EUR"))},
        {"payment": a_payment(description="Something else")},
        {"payment": a_payment(option=PaymentOption.PAY_UPON_INVOICE)},
        {"order_reference": "ORD-1002"},
        {"payment": a_payment(description="x" * 128)},
    ],
    ids=["amount", "description", "option", "order", "too long"],
)
def test_the_same_id_with_other_content_is_a_conflict(
    account: GatewayAccount, agent: User, change: dict[str, Any]
) -> None:
    words = {"modification_id": uuid.uuid4()}
    ask_for_payment(account, agent, **words)

    with pytest.raises(IdConflict, match="already used for another payment; nothing was sent"):
        ask_for_payment(account, agent, **words, **change)

    assert _rows() == {"orders": 1, "transactions": 1, "modifications": 1}


def test_an_id_of_another_merchant_is_refused_like_an_invalid_one(account: GatewayAccount, agent: User) -> None:
    other = factories.an_account()
    stranger = factories.a_person(merchants=[other.merchant])
    known = ask_for_payment(other, stranger)

    with pytest.raises(IdConflict, match="This form’s id is not valid"):
        ask_for_payment(account, agent, modification_id=known.pk)


def test_another_merchants_account_is_no_account(account: GatewayAccount) -> None:
    stranger = factories.a_person(merchants=[factories.a_merchant()])

    with pytest.raises(UnknownThing):
        ask_for_payment(account, stranger)
    assert _rows() == NOTHING


def test_who_may_ask_and_where(account: GatewayAccount, agent: User) -> None:
    viewer = factories.a_person(merchants=[account.merchant], groups=["viewer"])
    elsewhere = factories.an_account(merchant=account.merchant, gateway="smartpay_orders")

    assert accounts_for_new_payments(agent) == [account]
    assert accounts_for_new_payments(viewer) == []
    with pytest.raises(NotAllowed, match="You may not ask for new payments at this merchant"):
        ask_for_payment(account, viewer)
    with pytest.raises(NotAllowed, match="its payments begin at the shop"):
        ask_for_payment(elsewhere, agent)
    assert _rows() == NOTHING
    assert Event.objects.filter(verb="authorize.refused", refused=True).count() == 2
    ask_for_payment(account, agent)


def test_a_paused_account_asks_for_nothing(account: GatewayAccount, agent: User) -> None:
    pause_account(account_id=account.pk, reason="Key stolen", by=_supervisor(account), source=Source.PAGE)

    with pytest.raises(NotAllowed, match=r"paused: .*Key stolen.* Two people can resume it. Nothing was sent"):
        ask_for_payment(account, agent)
    assert accounts_for_new_payments(agent) == []
    assert _rows() == NOTHING


def test_every_broken_limit_is_said_at_its_field(account: GatewayAccount, agent: User) -> None:
    payment = a_payment(description="x" * 128, partner_reference="no spaces", shop_country="Germany")

    refusal = _refused(account, agent, payment=payment, order_reference="o" * 65)

    assert set(refusal.problems) == {"description", "partner_reference", "shop_country", "order_reference"}
    ask_for_payment(account, agent, payment=a_payment(description="x" * 127), order_reference="o" * 64)


def test_a_partner_reference_is_taken_once_and_the_sentence_names_the_order(
    account: GatewayAccount, agent: User
) -> None:
    ask_for_payment(account, agent)

    refusal = _refused(account, agent, order_reference="ORD-1002")

    assert "Order ORD-1001 has the partner reference SMP-1001 already" in refusal.problems["partner_reference"]
    ask_for_payment(account, agent, payment=a_payment(partner_reference="SMP-1002"), order_reference="ORD-1002")
    other = factories.an_account(merchant=account.merchant)
    ask_for_payment(other, agent)


def test_an_id_that_stands_for_a_refund_plan_is_no_payments(account: GatewayAccount, agent: User) -> None:
    transaction = captured_in_parts(6_000, 4_000)
    plan = planned(transaction, 9_000, by=steps.an_agent(transaction))

    with pytest.raises(IdConflict):
        ask_for_payment(account, agent, modification_id=plan.pk)

    assert not Modification.objects.filter(kind="authorize").exists()


def test_an_order_that_has_a_payment_gets_no_second_one(account: GatewayAccount, agent: User) -> None:
    order = factories.an_order(account=account, reference=ORDER, amount=5099)
    factories.a_transaction(order=order, authorized=5099)

    refusal = _refused(account, agent)

    assert "There is an order ORD-1001 with a payment already" in refusal.problems["order_reference"]


@pytest.mark.parametrize("state", [None, TransactionState.FAILED, TransactionState.EXPIRED, TransactionState.CANCELLED])
def test_an_order_that_the_shop_announced_and_nobody_pays_can_be_paid_so(
    account: GatewayAccount, agent: User, state: TransactionState | None
) -> None:
    order = factories.an_order(account=account, reference=ORDER, amount=5099)
    if state is not None:
        factories.a_transaction(order=order, authorized=5099, state=state)

    too_much = _refused(account, agent, payment=a_payment(amount=Money(5100, "EUR")))
    row = ask_for_payment(account, agent)

    assert "Order ORD-1001 is known and is about 50.99 EUR" in too_much.problems["amount"]
    assert row.transaction.order_id == order.pk
    order.refresh_from_db()
    assert order.state == OrderState.PENDING_AUTHORIZATION
    assert order.customer_name == "Jane Doe"


def test_the_answer_names_the_payment_and_believes_nothing_about_its_money(
    account: GatewayAccount, agent: User
) -> None:
    row = steps.ended(ask_for_payment(account, agent), made())

    transaction = Transaction.objects.get()
    assert row.state == ModificationState.SUCCEEDED
    assert transaction.reference == "9b02425b-f346-4f16-892b-6716d5ecf9ac"
    assert transaction.payment_reference == "119344737107896"
    assert transaction.state == TransactionState.PENDING_AUTHORIZATION
    assert (transaction.authorized, transaction.captured) == (0, 0)
    assert transaction.exclusive_modification is None
    assert transaction.refresh_due_at is not None


def test_after_a_refusal_the_order_has_failed_and_the_same_can_be_asked_for_anew(
    account: GatewayAccount, agent: User
) -> None:
    row = steps.ended(ask_for_payment(account, agent), steps.declined())
    order = Order.objects.get()
    failed = (row.state, order.state)

    again = ask_for_payment(account, agent)

    assert failed == ("failed", "failed")
    assert again.transaction.order_id == order.pk
    order.refresh_from_db()
    assert (order.state, order.transactions.count()) == ("pending_authorization", 2)


def test_a_payment_that_was_made_and_failed_keeps_its_reference(account: GatewayAccount, agent: User) -> None:
    outcome = steps.declined()
    failed = type(outcome)(
        verdict=outcome.verdict, reason=outcome.reason, facts=made(transaction_raw_status="FAILED").facts
    )
    steps.ended(ask_for_payment(account, agent), failed)

    assert "partner_reference" in _refused(account, agent).problems
    ask_for_payment(account, agent, payment=a_payment(partner_reference="SMP-1002"))


def test_an_unclear_answer_is_never_sent_again(account: GatewayAccount, agent: User) -> None:
    row = steps.ended(ask_for_payment(account, agent), steps.unknown())
    waiting = (row.state, row.next_step)

    asked = steps.claimed(steps.due_now(row))
    late = steps.answered(asked, steps.unknown())

    assert waiting == ("unknown", "query")
    assert asked.purpose == "query"
    assert late.next_step == "query"
    assert "never sent again" in why_not_retry(row, now=row.requested_at)
    assert "transactionId" in why_not_ask(row)


def test_an_unclear_one_holds_its_reference_and_its_order(account: GatewayAccount, agent: User) -> None:
    steps.ended(ask_for_payment(account, agent), steps.unknown())

    assert "partner_reference" in _refused(account, agent, order_reference="ORD-1002").problems
    other = a_payment(partner_reference="SMP-1002")
    assert "order_reference" in _refused(account, agent, payment=other).problems


def test_withdrawn_before_it_was_sent_there_is_no_payment(account: GatewayAccount, agent: User) -> None:
    row = ask_for_payment(account, agent)

    for _ in range(2):
        withdraw(modification_id=row.pk, by=agent, source=Source.PAGE)

    order = Order.objects.get()
    assert Transaction.objects.get().exclusive_modification is None
    assert (order.state, order.in_flight) == ("failed", False)


def test_two_people_name_what_never_answered(account: GatewayAccount, agent: User) -> None:
    row = steps.ended(ask_for_payment(account, agent), steps.unknown())
    taken = factories.a_transaction(account=account, reference="taken-already")

    with pytest.raises(NotAllowed, match=f"payment of order {taken.order.reference} already"):
        _propose(row, "taken-already")
    with pytest.raises(NotAllowed, match="transactionId of the payment"):
        _propose(row, "")
    proposal = _propose(row, "  9b02425b-f346  ")
    assert not Transaction.objects.get(pk=row.transaction_id).named
    confirm(
        proposal_id=proposal.pk, fingerprint=proposal.fingerprint, by=_supervisor(account, "two"), source=Source.PAGE
    )

    transaction = Transaction.objects.get(pk=row.transaction_id)
    row.refresh_from_db()
    assert (row.state, transaction.reference) == ("succeeded", "9b02425b-f346")
    assert (transaction.unknown_count, transaction.authorized, transaction.state) == (0, 0, "pending_authorization")


def test_two_people_say_that_there_is_none(account: GatewayAccount, agent: User) -> None:
    row = steps.ended(ask_for_payment(account, agent), steps.unknown())
    proposal = _propose(row, "", verdict="failed")

    confirm(
        proposal_id=proposal.pk, fingerprint=proposal.fingerprint, by=_supervisor(account, "two"), source=Source.PAGE
    )

    assert Order.objects.get().state == "failed"
    ask_for_payment(account, agent)


@pytest.mark.django_db(transaction=True)
def test_many_posts_of_one_form_are_one_payment(account: GatewayAccount, agent: User) -> None:
    name = uuid.uuid4()

    rows = race([lambda: ask_for_payment(account, agent, modification_id=name)] * 8)

    assert {getattr(row, "pk", row) for row in rows} == {name}
    assert _rows() == {"orders": 1, "transactions": 1, "modifications": 1}


@pytest.mark.django_db(transaction=True)
def test_of_many_forms_with_one_partner_reference_one_is_taken(account: GatewayAccount, agent: User) -> None:
    def ask(number: int) -> object:
        try:
            return ask_for_payment(account, agent, order_reference=f"ORD-{number}").pk
        except Refused as refusal:
            return type(refusal)

    answers = race([lambda number=number: ask(number) for number in range(6)])  # type: ignore[misc]

    assert answers.count(PaymentRefused) == 5
    assert _rows() == {"orders": 1, "transactions": 1, "modifications": 1}


def test_an_address_of_the_order_is_in_no_column(account: GatewayAccount, agent: User) -> None:
    ask_for_payment(account, agent)

    columns = " ".join(
        str(value) for row in (*Order.objects.values(), *Transaction.objects.values()) for value in row.values()
    )
    assert BERLIN.address_line1 not in columns


def _supervisor(account: GatewayAccount, name: str = "one") -> User:
    known = User.objects.filter(username=name).first()
    return known or factories.a_person(name, merchants=[account.merchant], groups=["supervisor", "integrator"])


def _propose(row: Modification, transaction_id: str, *, verdict: str = "succeeded") -> Any:
    return propose_resolution(
        modification_id=row.pk,
        verdict=verdict,
        amount=row.amount if verdict == "succeeded" else None,
        gateway_reference=transaction_id,
        executed_kind="",
        evidence_text="Seen in the portal.",
        by=_supervisor(row.account),
        source=Source.PAGE,
    )
