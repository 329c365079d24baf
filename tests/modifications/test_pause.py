"""The kill switches: one account or everything, by who may, with a reason, and two people to resume."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orders.models import Event, GatewayAccount, Source, Switch
from orders.modifications.claim import claim
from orders.modifications.pause import pause_account, pause_everything, resume_everything, sending_paused
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.modifications.review import confirm, propose_resumption
from tests import factories
from tests.modifications.steps import asked

pytestmark = pytest.mark.django_db


def somebody(account: GatewayAccount, group: str) -> User:
    return factories.a_person(merchants=[account.merchant], groups=[group])


@pytest.mark.parametrize("group", ["supervisor", "integrator"])
def test_an_account_is_paused_with_a_reason(group: str) -> None:
    account = factories.an_account()
    person = somebody(account, group)

    paused = pause_account(account_id=account.pk, reason="  Looks odd. ", by=person, source=Source.PAGE)

    assert (paused.paused, paused.paused_reason) == (True, "Looks odd.")
    event = Event.objects.get(verb="account.paused")
    assert (event.actor, event.merchant, event.details["account"]) == (person, account.merchant, account.name)


def test_pausing_twice_for_one_reason_is_pausing_once() -> None:
    account = factories.an_account()
    person = somebody(account, "integrator")

    first = pause_account(account_id=account.pk, reason="First.", by=person, source=Source.PAGE)
    second = pause_account(account_id=account.pk, reason="First.", by=person, source=Source.PAGE)

    assert (second.paused_reason, second.paused_at) == ("First.", first.paused_at)
    assert Event.objects.filter(verb="account.paused").count() == 1


def test_a_second_reason_joins_the_first_and_voids_a_resumption_that_did_not_see_it() -> None:
    account = factories.an_account()
    pause_account(account_id=account.pk, reason="First.", by=somebody(account, "integrator"), source=Source.PAGE)
    proposal = propose_resumption(
        account_id=account.pk, evidence_text="Solved.", by=somebody(account, "supervisor"), source=Source.PAGE
    )

    pause_account(account_id=account.pk, reason="Fraud.", by=somebody(account, "integrator"), source=Source.PAGE)

    with pytest.raises(NotAllowed) as refusal:
        confirm(
            proposal_id=proposal.pk,
            fingerprint=proposal.fingerprint,
            by=somebody(account, "supervisor"),
            source=Source.PAGE,
        )
    account.refresh_from_db()
    assert refusal.value.code == "void"
    assert (account.paused, account.paused_reason) == (True, "First. Also: Fraud.")
    assert Event.objects.filter(verb="account.paused").count() == 2


@pytest.mark.parametrize("group", ["viewer", "agent", "finance"])
def test_who_may_not_pause_an_account(group: str) -> None:
    account = factories.an_account()

    with pytest.raises(NotAllowed):
        pause_account(account_id=account.pk, reason="x", by=somebody(account, group), source=Source.PAGE)

    account.refresh_from_db()
    assert not account.paused
    assert Event.objects.get(verb="account.pause_refused").refused


def test_another_merchants_account_is_unknown() -> None:
    ours, theirs = factories.an_account(), factories.an_account()

    with pytest.raises(UnknownThing):
        pause_account(account_id=theirs.pk, reason="x", by=somebody(ours, "integrator"), source=Source.PAGE)

    theirs.refresh_from_db()
    assert not theirs.paused


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_pause_without_a_reason_is_refused(reason: str) -> None:
    account = factories.an_account()
    person = somebody(account, "integrator")

    with pytest.raises(NotAllowed):
        pause_account(account_id=account.pk, reason=reason, by=person, source=Source.PAGE)
    with pytest.raises(NotAllowed):
        pause_everything(reason=reason, by=person, source=Source.PAGE)

    assert sending_paused() == ""


def test_everything_is_paused_and_resumed() -> None:
    row = asked(factories.a_transaction())
    person = factories.a_person(is_superuser=True)

    pause_everything(reason="A fire.", by=person, source=Source.PAGE)
    assert sending_paused() == "A fire."
    assert claim(slots=64) == []

    resume_everything(by=person, source=Source.PAGE)
    assert sending_paused() == ""
    assert [taken.modification_id for taken in claim(slots=64)] == [row.pk]
    assert list(Event.objects.filter(verb__startswith="sending.").values_list("verb", flat=True)) == [
        "sending.paused",
        "sending.resumed",
    ]
    assert Switch.objects.count() == 1


@pytest.mark.parametrize("group", ["viewer", "agent", "finance", "supervisor", "integrator"])
def test_who_may_not_pause_or_resume_everything(group: str) -> None:
    account = factories.an_account()
    person = somebody(account, group)
    pause_everything(reason="A fire.", by=factories.a_person(is_superuser=True), source=Source.PAGE)

    with pytest.raises(NotAllowed):
        resume_everything(by=person, source=Source.PAGE)
    with pytest.raises(NotAllowed):
        pause_everything(reason="Mine.", by=person, source=Source.PAGE)

    assert sending_paused() == "A fire."
    assert Event.objects.filter(refused=True).count() == 2


def test_a_long_reason_is_cut_and_not_an_error() -> None:
    account = factories.an_account()
    person = factories.a_person(is_superuser=True)

    pause_everything(reason="x" * 1_000, by=person, source=Source.PAGE)
    paused = pause_account(account_id=account.pk, reason="x" * 1_000, by=person, source=Source.PAGE)

    assert len(sending_paused()) == len(paused.paused_reason) == 300


def test_an_installation_can_be_started_paused(settings: object) -> None:
    settings.PAUSE_SUBMITS = True  # type: ignore[attr-defined]

    assert "PAUSE_SUBMITS" in sending_paused()
