"""Taken back while certainly nothing was sent, and never after."""

from __future__ import annotations

import uuid

import pytest

from orders.gateways.base import Kind
from orders.models import Event, Modification, ModificationState, Purpose, Source
from orders.modifications.claim import claim
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing
from orders.modifications.withdraw import why_not, withdraw
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import an_agent, armed, asked, claimed, due_now, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


def take_back(row: Modification, *, by: object = None) -> Modification:
    return withdraw(modification_id=row.pk, by=by or row.requested_by, source=Source.PAGE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("captured", "kind"),
    [(False, Kind.CAPTURE), (False, Kind.CANCEL), (True, Kind.REFUND), (True, Kind.CANCEL_OR_REFUND)],
)
def test_withdrawing_frees_everything_that_was_reserved(captured: bool, kind: Kind) -> None:
    transaction = factories.a_captured_transaction() if captured else factories.a_transaction()
    row = asked(transaction, kind)

    row = take_back(row)

    now = fresh(transaction)
    assert (row.state, row.due_at, row.finished_at is not None) == (S.WITHDRAWN, None, True)
    assert (now.capturing, now.refunding, now.exclusive_modification) == (0, 0, None)
    assert sum(capture.refunding for capture in transaction.captures.all()) == 0
    assert not now.order.in_flight
    assert Event.objects.get(verb=f"{kind}.withdrawn").actor == row.requested_by
    assert claim(slots=64) == []


def test_withdrawing_twice_is_withdrawing_once() -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)

    take_back(row)
    version = fresh(transaction).version
    take_back(row)

    assert fresh(transaction).version == version
    assert Event.objects.filter(verb="refund.withdrawn").count() == 1


def test_a_colleague_may_withdraw_it_and_a_viewer_may_not() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)

    with pytest.raises(NotAllowed) as refusal:
        take_back(row, by=an_agent(transaction, groups=("viewer",)))
    assert refusal.value.code == "permission"
    assert Event.objects.get(verb="modification.withdrawal_refused").refused

    assert take_back(row, by=an_agent(transaction)).state == S.WITHDRAWN


def test_who_asked_may_withdraw_even_after_losing_the_permission() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    row.requested_by.groups.clear()
    assert claim(slots=64) == []

    row = take_back(row)

    assert (row.state, row.doubt_since) == (S.WITHDRAWN, None)
    assert (fresh(transaction).unknown_count, fresh(transaction).capturing) == (0, 0)


def test_another_merchants_modification_is_unknown_and_so_is_one_that_never_was() -> None:
    row = asked(factories.a_transaction())
    stranger = an_agent(factories.a_transaction())

    with pytest.raises(UnknownThing) as foreign:
        take_back(row, by=stranger)
    with pytest.raises(UnknownThing) as absent:
        withdraw(modification_id=uuid.uuid4(), by=stranger, source=Source.PAGE)

    assert foreign.value.sentence == absent.value.sentence
    row.refresh_from_db()
    assert row.state == S.QUEUED
    assert Event.objects.filter(modification=row, refused=True).count() == 0


@pytest.mark.parametrize("moment", ["claimed", "armed", "unknown", "pending", "review", "succeeded", "failed"])
def test_what_is_or_was_being_sent_is_never_withdrawn(moment: str) -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    if moment in ("claimed", "armed"):
        (claimed if moment == "claimed" else armed)(row)
    else:
        answers = {"unknown": steps.unknown(), "pending": steps.pending(), "review": steps.mismatch()}
        ended(row, {**answers, "succeeded": steps.success(row), "failed": steps.declined()}[moment])
    before = Modification.objects.values().get(pk=row.pk)

    with pytest.raises(NotAllowed) as refusal:
        take_back(row)

    row.refresh_from_db()
    assert refusal.value.sentence == why_not(row) != ""
    assert Modification.objects.values().get(pk=row.pk) == before


def test_the_button_is_open_exactly_while_the_verb_is() -> None:
    row = asked(factories.a_transaction())
    assert why_not(row) == ""

    assert why_not(take_back(row)) == "It is already withdrawn."


def test_after_an_outage_it_can_be_withdrawn_again() -> None:
    row = ended(asked(factories.a_transaction()), steps.not_sent())

    assert take_back(row).state == S.WITHDRAWN


def test_a_repeat_that_was_not_sent_does_not_open_the_way_back() -> None:
    row = ended(asked(factories.a_transaction()), steps.unknown())
    steps.answered(armed(due_now(row, step=Purpose.SEND)), steps.not_sent())

    with pytest.raises(Refused):
        take_back(row)
