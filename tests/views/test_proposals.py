"""What needs two people: proposing, confirming exactly that, rejecting, and being refused to do it alone."""

from __future__ import annotations

import html
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import (
    DiscrepancyState,
    Event,
    GatewayAccount,
    Modification,
    ModificationState,
    Proposal,
    ProposalState,
    Source,
    Switch,
    Transaction,
)
from orders.modifications.pause import pause_account
from orders.modifications.review import propose_resolution, propose_resumption
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import a_discrepancy
from tests.views.scenes import a_modification, a_shop, doubtful, logged_in

pytestmark = pytest.mark.django_db

S = ModificationState


@pytest.fixture
def shop() -> tuple[GatewayAccount, User]:
    return a_shop("supervisor")


@pytest.fixture
def second(shop: tuple[GatewayAccount, User]) -> User:
    return a_person("second", merchants=[shop[0].merchant], groups=["supervisor"])


@pytest.fixture
def modification(shop: tuple[GatewayAccount, User]) -> Modification:
    account, person = shop
    return doubtful(a_modification(a_captured_transaction(account=account), person), S.REVIEW)


@pytest.fixture
def proposal(shop: tuple[GatewayAccount, User], modification: Modification) -> Proposal:
    return propose_resolution(
        modification_id=modification.pk,
        verdict="succeeded",
        amount=2_000,
        gateway_reference="rec-1",
        executed_kind="",
        evidence_text="The portal lists it.",
        by=shop[1],
        source=Source.PAGE,
    )


def _confirm(client: Client, proposal: Proposal, fingerprint: str = "") -> str:
    url = reverse("orders:proposal_confirmation_create", args=[proposal.pk])
    return _text(client.post(url, {"fingerprint": fingerprint or proposal.fingerprint}, follow=True))


def _text(answer: Any) -> str:
    assert answer.status_code in (200, 422)
    return html.unescape(answer.content.decode())


def _state(row: Modification | Proposal) -> str:
    row.refresh_from_db()
    return row.state


def test_a_second_person_confirms_exactly_what_was_proposed(
    second: User, proposal: Proposal, modification: Modification
) -> None:
    page = _confirm(logged_in(second), proposal)

    assert "Confirmed." in page
    assert _state(proposal) == ProposalState.CONFIRMED
    assert _state(modification) == S.SUCCEEDED
    assert Transaction.objects.get().refunded == 2_000


def test_nobody_confirms_their_own_proposal(
    shop: tuple[GatewayAccount, User], proposal: Proposal, modification: Modification
) -> None:
    client = logged_in(shop[1])

    shown = _text(client.get(reverse("orders:proposal", args=[proposal.pk])))
    refused = _confirm(client, proposal)

    assert "You proposed this yourself, so somebody else must confirm it." in shown
    assert "Confirm exactly this" not in shown
    assert "You proposed this yourself; a second person must confirm it." in refused
    assert (_state(proposal), _state(modification)) == (ProposalState.OPEN, S.REVIEW)
    assert Event.objects.filter(refused=True, verb="proposal.confirmation_refused").count() == 1


@pytest.mark.parametrize("fingerprint", ["0" * 64, "x", "0" * 63, "Z" * 64])
def test_another_fingerprint_confirms_nothing(
    second: User, proposal: Proposal, modification: Modification, fingerprint: str
) -> None:
    page = _confirm(logged_in(second), proposal, fingerprint)

    assert "Confirmed." not in page
    assert (_state(proposal), _state(modification)) == (ProposalState.OPEN, S.REVIEW)


def test_a_confirmation_counts_once(second: User, proposal: Proposal, modification: Modification) -> None:
    client = logged_in(second)
    _confirm(client, proposal)

    again = _confirm(client, proposal)

    assert "It is already confirmed." in again
    assert Transaction.objects.get().refunded == 2_000


def test_an_agent_may_look_and_not_decide(shop: tuple[GatewayAccount, User], proposal: Proposal) -> None:
    agent = a_person(merchants=[shop[0].merchant], groups=["agent"])
    client = logged_in(agent)

    shown = _text(client.get(reverse("orders:proposal", args=[proposal.pk])))
    refused = _confirm(client, proposal)

    assert "Only people with the “repair” permission at this merchant decide on this proposal." in shown
    assert "You may not decide about repairs." in refused
    assert _state(proposal) == ProposalState.OPEN


def test_a_rejection_gives_its_reason_and_changes_nothing(
    second: User, proposal: Proposal, modification: Modification
) -> None:
    client, url = logged_in(second), reverse("orders:proposal_rejection_create", args=[proposal.pk])

    without = client.post(url, {"decision_text": ""})
    rejected = client.post(url, {"decision_text": "The portal lists another one."}, follow=True)

    assert without.status_code == 422
    assert "Say why; nothing was rejected." in _text(without)
    assert "Rejected; nothing changed." in _text(rejected)
    assert "The portal lists another one." in _text(rejected)
    assert (_state(proposal), _state(modification)) == (ProposalState.REJECTED, S.REVIEW)


def test_strangers_find_no_proposals(proposal: Proposal) -> None:
    _, stranger = a_shop("supervisor")
    client = logged_in(stranger)

    answers = [
        client.get(reverse("orders:proposal", args=[proposal.pk])),
        client.post(reverse("orders:proposal_confirmation_create", args=[proposal.pk])),
        client.post(reverse("orders:proposal_rejection_create", args=[proposal.pk])),
        client.get(reverse("orders:proposal", args=[uuid4()])),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert str(proposal.pk) not in _text(client.get(reverse("orders:proposal_list")))


def test_the_list_separates_what_waits_from_what_is_decided(
    shop: tuple[GatewayAccount, User], second: User, proposal: Proposal
) -> None:
    client, url = logged_in(second), reverse("orders:proposal_list")
    waiting = _text(client.get(url))
    mine = _text(logged_in(shop[1]).get(url))

    _confirm(client, proposal)

    assert "You may confirm or reject it." in waiting
    assert "You proposed this yourself, so somebody else must confirm it." in mine
    assert "Nothing waits for a second person" in _text(client.get(url))
    assert str(proposal.pk) in _text(client.get(url, {"state": "decided"}))


def test_a_frozen_transaction_is_unfrozen_by_two(shop: tuple[GatewayAccount, User], second: User) -> None:
    account, person = shop
    transaction = a_captured_transaction(account=account, frozen_reason="A portal refund does not fit.")
    url = reverse("orders:unfreezing", args=[transaction.pk])
    client = logged_in(person)

    form = _text(client.get(url))
    empty = client.post(url, {"evidence_text": " "})
    made = client.post(url, {"evidence_text": "The portal refund was a test."}, follow=True)
    confirmed = _confirm(logged_in(second), Proposal.objects.get())

    transaction.refresh_from_db()
    assert "A portal refund does not fit." in form
    assert empty.status_code == 422
    assert "The transaction stays frozen until a second person confirms it." in _text(made)
    assert "Confirmed." in confirmed
    assert not transaction.frozen


def test_what_is_not_frozen_cannot_be_unfrozen(shop: tuple[GatewayAccount, User]) -> None:
    account, person = shop
    transaction = a_captured_transaction(account=account)

    answer = logged_in(person).post(reverse("orders:unfreezing", args=[transaction.pk]), {"evidence_text": "Why not."})

    assert answer.status_code == 422
    assert "This transaction is not frozen." in _text(answer)
    assert not Proposal.objects.exists()


def test_one_person_pauses_an_account_and_two_resume_it(shop: tuple[GatewayAccount, User], second: User) -> None:
    account, person = shop
    client = logged_in(person)

    empty = client.post(reverse("orders:account_pause", args=[account.pk]), {"reason": ""})
    paused = client.post(reverse("orders:account_pause", args=[account.pk]), {"reason": "401 since noon."}, follow=True)
    proposed = client.post(
        reverse("orders:account_resumption", args=[account.pk]), {"evidence_text": "New key tried."}, follow=True
    )
    account.refresh_from_db()
    still_paused = account.paused
    _confirm(logged_in(second), Proposal.objects.get())

    account.refresh_from_db()
    assert empty.status_code == 422
    assert "401 since noon." in _text(paused)
    assert "The account stays paused until a second person confirms it." in _text(proposed)
    assert (still_paused, account.paused) == (True, False)


def test_an_agent_sees_the_accounts_and_may_not_pause_them() -> None:
    account, agent = a_shop()
    client = logged_in(agent)

    shown = _text(client.get(reverse("orders:account_list")))
    refused = client.post(reverse("orders:account_pause", args=[account.pk]), {"reason": "Why not."}, follow=True)

    account.refresh_from_db()
    assert account.name in shown
    assert "People with the “repair” or “configure” permission can pause it." in shown
    assert "You may not pause this account." in _text(refused)
    assert not account.paused
    assert Event.objects.filter(refused=True, verb="account.pause_refused").count() == 1


def test_another_merchants_account_does_not_exist(shop: tuple[GatewayAccount, User]) -> None:
    _, stranger = a_shop("supervisor", "integrator")
    client = logged_in(stranger)

    answers = [
        client.get(reverse("orders:account_pause", args=[shop[0].pk])),
        client.post(reverse("orders:account_pause", args=[shop[0].pk]), {"reason": "Mischief."}),
        client.post(reverse("orders:account_resumption", args=[shop[0].pk]), {"evidence_text": "Mischief."}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert shop[0].name not in _text(client.get(reverse("orders:account_list")))


def test_all_sending_is_paused_and_resumed_by_who_runs_the_installation() -> None:
    client = logged_in(a_person(is_superuser=True))

    paused = client.post(reverse("orders:general_pause"), {"reason": "Something is wrong."}, follow=True)
    reason = Switch.objects.get().paused_reason
    resumed = client.post(reverse("orders:general_resumption"), follow=True)

    assert "All sending is paused." in _text(paused)
    assert reason == "Something is wrong."
    assert "Sending is resumed." in _text(resumed)
    assert Switch.objects.get().paused_reason == ""


@pytest.mark.parametrize("group", ["agent", "integrator"])
def test_the_people_of_one_merchant_do_not_touch_the_general_pause(group: str) -> None:
    _, agent = a_shop(group)
    client = logged_in(agent)

    looked = client.get(reverse("orders:general_pause"))
    paused = client.post(reverse("orders:general_pause"), {"reason": "Why not."}, follow=True)
    resumed = client.post(reverse("orders:general_resumption"), follow=True)

    assert looked.status_code == 403
    assert "switches sending everywhere" in _text(paused)
    assert "switches sending everywhere" in _text(resumed)
    assert Event.objects.filter(refused=True, actor=agent).count() == 2
    assert not Switch.objects.exclude(paused_reason="").exists()


def test_the_accounts_page_costs_the_same_queries_for_one_and_for_many(
    shop: tuple[GatewayAccount, User], django_assert_max_num_queries: Any
) -> None:
    account, person = shop
    for _ in range(9):
        paused = an_account(merchant=account.merchant)
        pause_account(account_id=paused.pk, reason="401.", by=person, source=Source.PAGE)
        propose_resumption(account_id=paused.pk, evidence_text="New key.", by=person, source=Source.PAGE)
    client = logged_in(person)
    client.get(reverse("orders:account_list"))

    with django_assert_max_num_queries(10):
        client.get(reverse("orders:account_list"))


def test_write_offs_that_wait_elsewhere_are_told_here_too(shop: tuple[GatewayAccount, User]) -> None:
    account, person = shop
    client = logged_in(person)
    nothing = html.unescape(client.get("/proposals/").content.decode())
    a_discrepancy(account, state=DiscrepancyState.WAITING, proposed_by=person, proposed_at=timezone.now())
    a_discrepancy(state=DiscrepancyState.WAITING, proposed_by=person, proposed_at=timezone.now())

    page = html.unescape(client.get("/proposals/").content.decode())

    assert "Nothing waits for a second person" in nothing
    assert "Nothing waits for a second person" not in page
    assert "1 write-off waits for a second person" in page
    assert "/reconciliation/discrepancies/?state=waiting" in page
