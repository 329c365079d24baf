"""The back office's money buttons are the pages' verbs: same rules, same sentences, source “admin”."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Event, Modification, Proposal, RefundPlan, Transaction
from tests.factories import a_captured_transaction, a_person, a_transaction
from tests.modifications.other_accounts import in_yen, on_card

pytestmark = pytest.mark.django_db
TRANSACTIONS = "admin:orders_transaction_changelist"
MODIFICATIONS = "admin:orders_modification_changelist"


def agent_of(transaction: Transaction, group: str = "agent") -> Client:
    client = Client()
    client.force_login(a_person(merchants=[transaction.merchant], groups=[group], is_staff=True))
    return client


def refund(transaction: Transaction, **changes: Any) -> dict[str, Any]:
    return {
        "action": "refund_transaction",
        "_selected_action": transaction.pk,
        "confirmed": "yes",
        "amount": "25.00",
        "reason": "returned",
        "modification_id": str(uuid.uuid4()),
        "version": transaction.version,
        **changes,
    }


def test_a_refund_is_asked_for_on_a_page_that_says_what_is_possible(client: Client) -> None:
    transaction = a_captured_transaction(captured=10_000)
    office = agent_of(transaction)
    choose = {"action": "refund_transaction", "_selected_action": transaction.pk}

    asked = office.post(reverse(TRANSACTIONS), choose)
    answer = office.post(reverse(TRANSACTIONS), refund(transaction))

    assert "Up to 100.00 EUR can be refunded." in asked.content.decode()
    assert answer.status_code == 302
    row = Modification.objects.get()
    assert (row.kind, row.amount, row.source, row.state) == ("refund", 2_500, "admin", "queued")


def test_the_same_form_twice_asks_once() -> None:
    transaction = a_captured_transaction()
    office, form = agent_of(transaction), refund(transaction)

    office.post(reverse(TRANSACTIONS), form)
    office.post(reverse(TRANSACTIONS), form)

    assert Modification.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": "100.01"}, "more than the 100.00 EUR"),
        ({"amount": "1e2"}, "is not an amount"),
        ({"version": 99}, "changed since you looked"),
        ({"description": "x" * 128}, "128"),
        ({"modification_id": "nonsense"}, "id is not valid"),
    ],
)
def test_a_refusal_stands_on_the_page_and_nothing_is_asked(changes: dict[str, Any], sentence: str) -> None:
    transaction = a_captured_transaction()

    answer = agent_of(transaction).post(reverse(TRANSACTIONS), refund(transaction, **changes))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Modification.objects.exists()


def test_a_viewer_may_not_refund_here_either() -> None:
    transaction = a_captured_transaction()

    answer = agent_of(transaction, "viewer").post(reverse(TRANSACTIONS), refund(transaction))

    assert answer.status_code == 422
    assert "may not refund" in answer.content.decode()
    assert Event.objects.filter(verb="refund.refused", refused=True, source="admin").exists()
    assert not Modification.objects.exists()


def test_a_foreign_transaction_cannot_even_be_chosen() -> None:
    own, foreign = a_captured_transaction(), a_captured_transaction()

    agent_of(own).post(reverse(TRANSACTIONS), refund(foreign))

    assert not Modification.objects.exists()


def test_two_transactions_at_once_are_refused() -> None:
    first = a_captured_transaction()
    second = a_captured_transaction(order=first.order)

    agent_of(first).post(reverse(TRANSACTIONS), refund(first, _selected_action=[first.pk, second.pk]))

    assert not Modification.objects.exists()


def test_what_was_never_sent_is_withdrawn_here() -> None:
    transaction = a_captured_transaction()
    office = agent_of(transaction)
    office.post(reverse(TRANSACTIONS), refund(transaction))
    row = Modification.objects.get()

    office.post(reverse(MODIFICATIONS), {"action": "withdraw_modifications", "_selected_action": str(row.pk)})

    row.refresh_from_db()
    transaction.refresh_from_db()
    assert (row.state, transaction.refunding) == ("withdrawn", 0)
    assert Event.objects.filter(verb="refund.withdrawn", source="admin").exists()


def test_asking_about_what_was_never_sent_says_why_not() -> None:
    transaction = a_captured_transaction()
    office = agent_of(transaction)
    office.post(reverse(TRANSACTIONS), refund(transaction))
    row = Modification.objects.get()

    answer = office.post(
        reverse(MODIFICATIONS), {"action": "ask_about_modifications", "_selected_action": str(row.pk)}, follow=True
    )

    assert "Nothing was sent yet" in answer.content.decode()


def test_unfreezing_is_proposed_with_evidence_and_left_to_a_second_person() -> None:
    transaction = a_transaction(frozen_reason="Something does not fit.")
    form = {"action": "propose_unfreezing_transaction", "_selected_action": transaction.pk, "confirmed": "yes"}
    office = agent_of(transaction, "supervisor")

    office.post(reverse(TRANSACTIONS), {**form, "evidence_text": "Seen in the portal: it fits."})

    transaction.refresh_from_db()
    assert Proposal.objects.get().state == "open"
    assert transaction.frozen


def test_asking_for_a_refresh_is_in_the_log() -> None:
    transaction = a_transaction()

    agent_of(transaction).post(
        reverse(TRANSACTIONS), {"action": "refresh_transactions", "_selected_action": transaction.pk}
    )

    assert Event.objects.filter(verb="refresh.asked", source="admin", transaction=transaction).exists()


def test_a_refund_over_several_captures_becomes_a_plan_here_too() -> None:
    transaction = in_yen(6_000, 4_000)
    office, form = agent_of(transaction), refund(transaction, amount="9000")

    answers = [office.post(reverse(TRANSACTIONS), form) for _ in range(2)]

    plan = RefundPlan.objects.get()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert sorted(leg.amount for leg in plan.modifications.all()) == [4_000, 5_000]
    assert {leg.source for leg in plan.modifications.all()} == {"admin"}


def test_a_fresh_capture_is_voided_whole() -> None:
    transaction = on_card(captured=10_000)
    office = agent_of(transaction)
    void = {"action": "void_transaction"}

    part = office.post(reverse(TRANSACTIONS), refund(transaction, **void))
    whole = office.post(reverse(TRANSACTIONS), refund(transaction, amount="100.00", **void))

    assert "Only the full 100.00 GBP can be voided" in part.content.decode()
    assert whole.status_code == 302
    assert Modification.objects.get().kind == "void"


def test_a_void_is_refused_where_the_gateway_knows_none() -> None:
    transaction = a_captured_transaction()

    page = agent_of(transaction).post(reverse(TRANSACTIONS), refund(transaction, action="void_transaction"))

    assert "offers no “void”" in page.content.decode()
    assert not Modification.objects.exists()


@pytest.mark.parametrize("released", [False, True])
def test_the_rest_of_a_capture_is_a_choice_where_the_gateway_leaves_it(released: bool) -> None:
    transaction = in_yen()
    office = agent_of(transaction)
    choose = {"action": "capture_transaction", "_selected_action": transaction.pk}
    choice = {"release_rest": "on"} if released else {}

    page = office.post(reverse(TRANSACTIONS), choose).content.decode()
    office.post(reverse(TRANSACTIONS), refund(transaction, amount="6000", **choose, **choice))

    assert "Release the rest to the shopper" in page
    assert "The customer may see this text" not in page
    assert Modification.objects.get().release_rest is released
