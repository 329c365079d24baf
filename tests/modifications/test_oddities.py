"""Rare answers and rows that must not spread: a broken profile, an old look-up, a cancel of what was captured."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orders.gateways.base import Kind
from orders.gateways.registry import gateway_named
from orders.models import GatewayAccount, ModificationState, Transaction
from orders.modifications.claim import claim
from orders.modifications.verdicts import Timing, judge
from tests import factories
from tests.modifications import steps
from tests.modifications.situations import NOW
from tests.modifications.standings import ABSENT, question
from tests.modifications.steps import asked, ended

pytestmark = pytest.mark.django_db


def test_a_profile_that_cannot_be_read_stops_its_own_account_only() -> None:
    broken = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    sound = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    GatewayAccount.objects.filter(pk=broken.account_id).update(profile={"deadline_seconds": "soon"})

    taken = claim(slots=64)

    assert [one.modification_id for one in taken] == [sound.pk]
    paused = GatewayAccount.objects.get(pk=broken.account_id)
    assert paused.paused
    assert "profile" in paused.paused_reason
    assert not GatewayAccount.objects.get(pk=sound.account_id).paused


def test_a_cancel_of_what_is_partly_captured_is_reviewed_and_books_nothing() -> None:
    transaction = factories.a_transaction(captured=4_000, capture_open=True)
    Transaction.objects.filter(pk=transaction.pk).update(state="captured")
    row = asked(transaction, Kind.CANCEL_OR_REFUND, 4_000)

    row = ended(row, steps.success(row, executed_kind=Kind.CANCEL))

    transaction.refresh_from_db()
    assert row.state == ModificationState.REVIEW
    assert transaction.frozen
    assert (transaction.captured, transaction.refunded, transaction.released) == (4_000, 0, 0)


@pytest.mark.parametrize(("asked_after", "state"), [(119, ModificationState.UNKNOWN), (121, ModificationState.FAILED)])
def test_what_a_look_up_shows_is_as_old_as_its_question(asked_after: int, state: ModificationState) -> None:
    sent_at = NOW - timedelta(hours=1)
    standing = replace(
        question(first_sent_at=sent_at, declined_on_repeat=True),
        last_sent_at=sent_at,
        asked_at=sent_at + timedelta(seconds=asked_after),
    )

    ruling = judge(ABSENT, standing, gateway_named("smartpay").capability({}), Timing())

    assert ruling.state == state
