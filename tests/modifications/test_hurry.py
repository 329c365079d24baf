"""A person who does not want to wait moves the next step forward, and never makes it unsafe."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import Event, Modification, ModificationState, Purpose, Source
from orders.modifications.hurry import ask_now, retry_now, why_not_ask, why_not_retry
from orders.modifications.refusals import NotAllowed, UnknownThing
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import an_agent, armed, asked, claimed, due_now, ended

pytestmark = pytest.mark.django_db
S = ModificationState


def a_row(state: str) -> Modification:
    row = asked(factories.a_transaction(), source=Source.COMMAND)
    if state == "in_flight":
        armed(row)
    elif state != "queued":
        answers = {"unknown": steps.unknown(), "pending": steps.pending(), "review": steps.mismatch()}
        ends = {"succeeded": steps.success(row), "failed": steps.declined(), "not sent": steps.not_sent()}
        ended(row, {**answers, **ends}[state])
    return Modification.objects.select_related("account").get(pk=row.pk)


@pytest.mark.parametrize("state", ["pending", "unknown", "review"])
def test_the_gateway_is_asked_at_once(state: str) -> None:
    row = a_row(state)
    assert why_not_ask(row) == ""

    row = ask_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)

    assert row.due_at is not None
    assert row.due_at <= database_now()
    assert row.state == state, "asking to hurry is not an answer"
    assert Event.objects.get(verb="modification.query_now").actor == row.requested_by
    assert claimed(row).purpose is Purpose.QUERY


@pytest.mark.parametrize("state", ["queued", "in_flight", "succeeded", "failed", "not sent"])
def test_there_is_nothing_to_ask(state: str) -> None:
    row = a_row(state)
    before = Modification.objects.values().get(pk=row.pk)

    with pytest.raises(NotAllowed) as refusal:
        ask_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)

    assert refusal.value.sentence == why_not_ask(row) != ""
    assert Modification.objects.values().get(pk=row.pk) == before
    assert Event.objects.get(verb="modification.query_now_refused").refused


def test_a_gateway_that_cannot_be_asked_is_not() -> None:
    account = factories.an_account(profile={"finds_by_modification_id": False})
    row = ended(asked(factories.a_transaction(account=account)), steps.unknown())

    with pytest.raises(NotAllowed, match="cannot be asked"):
        ask_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)


@pytest.mark.parametrize("state", ["unknown", "not sent"])
def test_the_same_bytes_go_out_again_at_once(state: str) -> None:
    row = a_row(state)
    before = bytes(row.body), row.pk

    row = retry_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)
    taken = claimed(row)

    assert (taken.purpose, taken.epoch) == (Purpose.SEND, 2)
    assert (taken.request.body, taken.modification_id) == before
    assert Event.objects.filter(verb="modification.send_now").exists()


@pytest.mark.parametrize("state", ["queued", "in_flight", "pending", "review", "succeeded", "failed"])
def test_what_is_not_doubtful_is_not_sent_again(state: str) -> None:
    row = a_row(state)

    with pytest.raises(NotAllowed) as refusal:
        retry_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)

    assert refusal.value.code == "not_now"
    assert Event.objects.get(verb="modification.send_now_refused").refused


def test_after_the_gateways_memory_nothing_is_sent_again() -> None:
    row = a_row("unknown")
    sent = row.first_sent_at
    assert sent is not None

    assert why_not_retry(row, now=sent + timedelta(hours=19, minutes=59)) == ""
    assert "20 hours" in why_not_retry(row, now=sent + timedelta(hours=20))
    Modification.objects.filter(pk=row.pk).update(first_sent_at=database_now() - timedelta(hours=21))
    with pytest.raises(NotAllowed, match="20 hours"):
        retry_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)


def test_after_a_refused_repeat_it_is_asked_about_and_not_sent_again() -> None:
    row = a_row("unknown")
    row = steps.answered(armed(due_now(row, step=Purpose.SEND)), steps.declined())
    assert row.declined_on_repeat

    with pytest.raises(NotAllowed, match="refused a repeat"):
        retry_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)

    assert ask_now(modification_id=row.pk, by=row.requested_by, source=Source.PAGE).next_step == Purpose.QUERY


@pytest.mark.parametrize(
    ("group", "allowed"), [("viewer", False), ("finance", False), ("agent", True), ("supervisor", True)]
)
def test_who_may_hurry(group: str, allowed: bool) -> None:
    row = a_row("unknown")
    person = an_agent(row.transaction, groups=(group,))

    for verb in (ask_now, retry_now):
        if allowed:
            assert verb(modification_id=row.pk, by=person, source=Source.PAGE).pk == row.pk
        else:
            with pytest.raises(NotAllowed) as refusal:
                verb(modification_id=row.pk, by=person, source=Source.PAGE)
            assert refusal.value.code == "permission"


def test_strangers_are_told_that_there_is_no_such_thing() -> None:
    row = a_row("unknown")
    stranger = an_agent(factories.a_transaction())

    for verb in (ask_now, retry_now):
        with pytest.raises(UnknownThing):
            verb(modification_id=row.pk, by=stranger, source=Source.PAGE)
        with pytest.raises(UnknownThing):
            verb(modification_id=uuid.uuid4(), by=stranger, source=Source.PAGE)


def test_a_capture_is_hurried_by_who_may_capture() -> None:
    row = a_row("unknown")
    person = an_agent(row.transaction)
    group = person.groups.get()
    group.permissions.remove(group.permissions.get(codename="capture"))

    with pytest.raises(NotAllowed):
        ask_now(modification_id=row.pk, by=person, source=Source.PAGE)

    assert row.kind == Kind.CAPTURE
