"""Signed webhooks of a gateway that cannot be asked: they settle what is ours, once, in any order, before an answer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Kind, TransactionState, Verdict
from orders.inbox.process import process
from orders.models import (
    Evidence,
    EvidenceSource,
    ExternalMovement,
    GatewayAccount,
    InboxDelivery,
    Modification,
    ModificationState,
    ReferenceKind,
    Transaction,
)
from orders.references import note_words
from tests import factories
from tests.inbox.letters import an_account_at_c, from_c, payment_event, post, result_of, told, work_off
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.steps import answered, armed, asked, ended, fresh
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db
S = ModificationState


def at_c(account: GatewayAccount, **fields: Any) -> Transaction:
    return factories.a_transaction(account=account, card_reference="card-1", **fields)


def captured_at_c(account: GatewayAccount, captured: int = 10_000) -> Transaction:
    """Long enough ago to have cleared at the bank."""
    transaction = factories.a_captured_transaction(account=account, card_reference="card-1", captured=captured)
    transaction.captures.update(captured_at=database_now() - timedelta(days=3))
    note_words(transaction.order, [(ReferenceKind.GATEWAY, transaction.captures.get().gateway_id)])
    return transaction


def now(row: Modification) -> Modification:
    return Modification.objects.select_related("transaction").get(pk=row.pk)


def accepted(row: Modification) -> Modification:
    """Sent, and answered with 202: the result comes by webhook."""
    return ended(row, steps.pending())


def test_a_success_settles_and_the_money_moves_in_the_books(account_c: GatewayAccount) -> None:
    row = accepted(asked(at_c(account_c), Kind.CAPTURE, 6_000))

    delivery = told(account_c, from_c(result_of(row, "DeferredRelease", payment_id="pay-7")))

    row = now(row)
    assert (row.state, row.gateway_id, row.gateway_reference) == (S.SUCCEEDED, "pay-7", "pay-7")
    assert money_of(row.transaction) == {"captured": 6_000, "released": 4_000}
    assert Evidence.objects.get(source=EvidenceSource.WEBHOOK).applied
    (result,) = delivery.results
    assert (delivery.state, result["modification"], result["transaction"]) == ("done", str(row.pk), row.transaction_id)
    assert "is now: succeeded" in result["sentence"]


def test_a_refusal_gives_the_reservation_back(account_c: GatewayAccount) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))

    told(account_c, from_c(result_of(row, "Refund", status="Failed")))

    assert now(row).state == S.FAILED
    assert money_of(row.transaction) == {"captured": 10_000}


@pytest.mark.parametrize("status", ["Error", "Pending", "SomethingNew"])
def test_a_status_that_says_nothing_settles_nothing(account_c: GatewayAccount, status: str) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))

    delivery = told(account_c, from_c(result_of(row, "Refund", status=status)))

    assert now(row).state == S.PENDING
    assert money_of(row.transaction) == {"captured": 10_000, "refunding": 2_000}
    assert delivery.state == "done"


def test_word_that_comes_before_our_own_answer_is_one_booking(account_c: GatewayAccount) -> None:
    row = asked(at_c(account_c), Kind.CAPTURE, 10_000)
    taken = armed(row)

    told(account_c, from_c(result_of(row, "DeferredRelease", payment_id="pay-7")))
    assert now(row).state == S.SUCCEEDED

    answered(taken, steps.success(row, reference="pay-7", gateway_id="pay-7"))
    transaction = fresh(row.transaction)
    assert money_of(transaction) == {"captured": 10_000}
    assert (transaction.captures.count(), transaction.frozen_reason, transaction.sending_modification) == (1, "", None)


@pytest.mark.parametrize("later", [steps.pending, steps.unknown], ids=["pending", "timeout"])
def test_an_unclear_answer_after_the_word_changes_nothing(account_c: GatewayAccount, later: Any) -> None:
    row = asked(at_c(account_c), Kind.CAPTURE, 10_000)
    taken = armed(row)
    told(account_c, from_c(result_of(row, "DeferredRelease")))

    answered(taken, later())

    assert now(row).state == S.SUCCEEDED
    assert not fresh(row.transaction).frozen


def test_an_old_pending_after_the_success_never_takes_it_back(account_c: GatewayAccount) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))

    told(account_c, from_c(result_of(row, "Refund")), from_c(result_of(row, "Refund", status="Pending")))

    assert now(row).state == S.SUCCEEDED
    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 2_000}


def test_the_same_event_in_other_deliveries_days_later_has_no_effect(account_c: GatewayAccount) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))
    event = result_of(row, "Refund")
    told(account_c, from_c(event))
    InboxDelivery.objects.update(last_received_at=database_now() - timedelta(days=6))
    version, heard = fresh(row.transaction).version, Evidence.objects.count()

    told(account_c, from_c(event), from_c(event))

    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 2_000}
    assert (fresh(row.transaction).version, Evidence.objects.count()) == (version, heard)


@pytest.mark.parametrize(
    "said",
    [{"amount": 1_999}, {"currency_code": "USD"}, {"related": "another-payment"}, {"card": "another-card"}],
    ids=["amount", "currency", "payment", "card"],
)
def test_a_success_about_something_else_goes_to_people(account_c: GatewayAccount, said: dict[str, Any]) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))

    told(account_c, from_c(result_of(row, "Refund", **said)))

    transaction = fresh(row.transaction)
    assert now(row).state == S.REVIEW
    assert money_of(transaction) == {"captured": 10_000, "refunding": 2_000}
    assert transaction.frozen


def test_another_amount_after_the_end_freezes_and_is_kept_beside_the_books(account_c: GatewayAccount) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))
    told(account_c, from_c(result_of(row, "Refund", payment_id="pay-7")))

    told(account_c, from_c(result_of(row, "Refund", payment_id="pay-7", amount=5_000)))

    assert fresh(row.transaction).frozen
    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 2_000}
    assert ExternalMovement.objects.get().booked is False


def test_a_success_after_we_had_called_it_failed_freezes_and_is_kept(account_c: GatewayAccount) -> None:
    row = ended(asked(captured_at_c(account_c), Kind.REFUND, 2_000), steps.declined())

    told(account_c, from_c(result_of(row, "Refund")))

    assert now(row).state == S.FAILED
    assert fresh(row.transaction).frozen
    assert ExternalMovement.objects.get().modification_id == row.pk


@pytest.mark.parametrize("word", ["Void", "Refund"])
def test_a_void_that_came_through_after_all_is_in_the_books_once(account_c: GatewayAccount, word: str) -> None:
    transaction = factories.a_captured_transaction(account=account_c, card_reference="card-1")
    row = ended(asked(transaction, Kind.VOID, 10_000), steps.declined())

    for _ in range(2):
        told(account_c, from_c(result_of(row, word)))

    assert now(row).state == S.FAILED
    assert money_of(transaction) == {"captured": 10_000, "refunded": 10_000}
    assert fresh(transaction).frozen


def test_unsigned_word_settles_nothing() -> None:
    account = an_account_at_c(secret="")
    row = accepted(asked(captured_at_c(account), Kind.REFUND, 2_000))

    delivery = told(account, from_c(result_of(row, "Refund")))

    assert now(row).state == S.PENDING
    assert money_of(row.transaction) == {"captured": 10_000, "refunding": 2_000}
    assert (delivery.state, delivery.signed) == ("ignored", False)
    assert "not proved" in delivery.sentence


def test_another_account_cannot_settle_ours(account_c: GatewayAccount) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))
    other = an_account_at_c(merchant=account_c.merchant)

    delivery = told(other, from_c(result_of(row, "Refund")))

    assert now(row).state == S.PENDING
    assert delivery.state == "unmatched"


def test_one_of_ours_without_its_id_is_found_by_the_payment_it_was_given(account_c: GatewayAccount) -> None:
    row = asked(captured_at_c(account_c), Kind.REFUND, 2_000)
    taken = armed(row)
    pending = steps.pending()
    facts = steps.success(row, reference="pay-7", gateway_id="pay-7").facts
    answered(taken, type(pending)(verdict=Verdict.PENDING, reason="Taken.", facts=facts))
    event = result_of(row, "Refund", payment_id="pay-7", metadata={}, custom_reference="")

    told(account_c, from_c(event))

    assert now(row).state == S.SUCCEEDED
    assert not ExternalMovement.objects.exists()


def test_a_strangers_deed_that_carries_our_reference_is_not_ours(account_c: GatewayAccount) -> None:
    capture = accepted(asked(at_c(account_c), Kind.CAPTURE, 10_000))
    told(account_c, from_c(result_of(capture, "DeferredRelease", payment_id="pay-7")))
    portal = payment_event(
        "Refund", payment_id="pay-9", related="pay-7", amount=3_000, custom_reference=str(capture.pk)
    )

    told(account_c, from_c(portal))

    assert money_of(capture.transaction) == {"captured": 10_000, "refunded": 3_000}
    assert not fresh(capture.transaction).frozen
    assert ExternalMovement.objects.get().modification is None


def test_a_nameless_refund_waits_until_ours_has_ended_and_then_is_a_strangers(account_c: GatewayAccount) -> None:
    transaction = captured_at_c(account_c)
    row = accepted(asked(transaction, Kind.REFUND, 2_000))
    nameless = payment_event("Refund", payment_id="pay-9", related=transaction.captures.get().gateway_id, amount=1_000)

    waiting = told(account_c, from_c(nameless))
    assert (waiting.state, "no end yet" in waiting.sentence) == ("unmatched", True)
    assert money_of(transaction) == {"captured": 10_000, "refunding": 2_000}

    told(account_c, from_c(result_of(row, "Refund", payment_id="pay-7")))
    work_off()
    waiting.refresh_from_db()
    assert waiting.state == "done", waiting.sentence
    assert money_of(transaction) == {"captured": 10_000, "refunded": 3_000}


def test_an_event_that_breaks_does_not_keep_its_neighbours_from_being_done(
    account_c: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = accepted(asked(captured_at_c(account_c), Kind.REFUND, 2_000))
    broken = payment_event("Refund", payment_id="pay-9", related=row.transaction.reference, amount=1)
    real = process.__globals__["take_event"]

    def stumbles(event: Any, arrival: Any) -> Any:
        if event.modification_id == "":
            raise RuntimeError("broken on purpose")
        return real(event, arrival)

    monkeypatch.setitem(process.__globals__, "take_event", stumbles)
    delivery = told(account_c, from_c(broken, result_of(row, "Refund")))

    assert [entry["state"] for entry in delivery.results] == ["failed", "done"]
    assert (delivery.state, delivery.due_at) == ("failed", None)
    assert now(row).state == S.SUCCEEDED


@pytest.mark.django_db(transaction=True)
def test_many_workers_and_many_copies_book_once(account_c: GatewayAccount) -> None:
    account = an_account_at_c()
    row = accepted(asked(captured_at_c(account), Kind.REFUND, 2_000))
    event = result_of(row, "Refund")
    for _ in range(4):
        post(account, from_c(event))
    ids = list(InboxDelivery.objects.values_list("pk", flat=True))

    answers = race([partial(process, pk) for pk in ids for _ in range(3)])

    assert sum(answer is True for answer in answers) == len(ids), answers
    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 2_000}
    assert Evidence.objects.filter(source=EvidenceSource.WEBHOOK).count() == 1


def test_a_delivery_whose_worker_died_is_due_again_after_its_lease(account_c: GatewayAccount) -> None:
    post(account_c, from_c(payment_event("Refund", payment_id="pay-9", amount=1)))
    delivery = InboxDelivery.objects.get()
    InboxDelivery.objects.update(due_at=database_now() + timedelta(minutes=5))

    assert process(delivery.pk) is False
    InboxDelivery.objects.update(due_at=database_now())
    assert process(delivery.pk) is True
    assert process(delivery.pk) is False


def test_what_is_already_captured_at_once_is_its_own_capture(account_c: GatewayAccount) -> None:
    told(account_c, from_c(payment_event("MOTO", payment_id="P1", amount=5_000, custom_reference="shop-1")))

    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.captures.get().gateway_id) == (TransactionState.CAPTURED, "P1")
    assert money_of(transaction) == {"captured": 5_000}


@pytest.mark.django_db(transaction=True)
def test_our_own_answer_and_the_word_at_the_same_instant_are_one_booking() -> None:
    account = an_account_at_c()
    for number in range(5):
        row = asked(at_c(account), Kind.CAPTURE, 10_000)
        taken = armed(row)
        post(account, from_c(result_of(row, "DeferredRelease", payment_id=f"pay-{number}")))
        delivery = InboxDelivery.objects.latest("pk")
        success = steps.success(row, reference=f"pay-{number}", gateway_id=f"pay-{number}")

        answers = race([partial(answered, taken, success), partial(process, delivery.pk)])

        assert not [answer for answer in answers if isinstance(answer, Exception)], answers
        transaction = fresh(row.transaction)
        assert (now(row).state, money_of(transaction)) == (S.SUCCEEDED, {"captured": 10_000})
        assert (transaction.captures.count(), transaction.frozen_reason) == (1, "")
