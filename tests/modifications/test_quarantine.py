"""What can neither be repeated nor looked up waits for word, then for a person; word that comes later still counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.gateways.registry import gateway_named
from orders.models import EvidenceSource, Modification, ModificationState, Purpose
from orders.modifications.claim import claim
from orders.modifications.hurry import why_not_ask, why_not_retry
from orders.modifications.verdicts import Timing, judge
from tests.modifications import standings, steps
from tests.modifications.channels import evidence
from tests.modifications.other_accounts import on_card
from tests.modifications.situations import NOW, a_capability
from tests.modifications.standings import first, question, said

S = ModificationState
TIMING = Timing()
SILENT = a_capability(replays=False, finds_by_modification_id=False, replay_window_seconds=0, quarantine_seconds=1800)
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.mark.parametrize("outcome", [standings.TIMEOUT, standings.ERROR_500, standings.UNREADABLE_200])
def test_an_unclear_send_waits_in_quarantine_and_is_not_repeated(outcome: object) -> None:
    ruling = judge(outcome, first(), SILENT, TIMING)  # type: ignore[arg-type]

    assert (ruling.state, ruling.next_step) == (S.UNKNOWN, Purpose.QUERY)
    assert ruling.due_at == NOW + HALF_AN_HOUR


def test_it_waits_from_its_last_send_and_not_from_each_look() -> None:
    looked = question(first_sent_at=NOW - timedelta(minutes=20))

    ruling = judge(standings.TIMEOUT, looked, SILENT, TIMING)

    assert ruling.due_at == NOW - timedelta(minutes=1) + HALF_AN_HOUR


def test_when_the_quarantine_is_over_a_person_looks() -> None:
    later = first(
        state=S.UNKNOWN,
        purpose=Purpose.QUERY,
        maybe_sent_before=True,
        doubt_since=NOW - HALF_AN_HOUR,
        first_sent_at=NOW - HALF_AN_HOUR,
        last_sent_at=NOW - HALF_AN_HOUR,
    )

    ruling = judge(standings.TIMEOUT, later, SILENT, TIMING)

    assert (ruling.state, ruling.due_at) == (S.REVIEW, None)


def test_what_is_in_review_stays_there() -> None:
    ruling = judge(standings.TIMEOUT, question(state=S.REVIEW), SILENT, TIMING)

    assert ruling.state is S.REVIEW


@pytest.mark.parametrize(
    ("outcome", "state"), [(standings.DONE, S.SUCCEEDED), (standings.DECLINED, S.FAILED), (standings.TAKEN, S.PENDING)]
)
def test_a_clear_first_answer_is_taken_at_its_word(outcome: object, state: S) -> None:
    assert judge(outcome, first(), SILENT, TIMING).state is state  # type: ignore[arg-type]


def test_what_certainly_stayed_home_is_sent_again() -> None:
    ruling = judge(standings.REFUSED_CONNECTION, first(), SILENT, TIMING)

    assert (ruling.state, ruling.next_step, ruling.forget_send) == (S.QUEUED, Purpose.SEND, True)


def test_a_kind_that_is_never_sent_again_waits_although_the_account_replays() -> None:
    account = gateway_named("smartpay").capability({})
    for_new, for_refunds = account.for_kind(Kind.AUTHORIZE), account.for_kind(Kind.REFUND)

    assert for_refunds is account
    assert (for_new.replays, for_new.replays_errors, for_new.finds_by_modification_id) == (False, False, False)
    new = judge(standings.TIMEOUT, first(), for_new, TIMING)
    assert (new.next_step, new.due_at) == (Purpose.QUERY, NOW + timedelta(seconds=account.quarantine_seconds))
    refund = judge(standings.TIMEOUT, first(), for_refunds, TIMING)
    assert (refund.state, refund.next_step) == (S.UNKNOWN, Purpose.SEND)


def test_the_account_of_the_second_gateway_never_needs_it() -> None:
    ruling = judge(standings.TIMEOUT, first(), gateway_named("smartpay_orders").capability({}), TIMING)

    assert (ruling.state, ruling.next_step) == (S.UNKNOWN, Purpose.SEND)


@pytest.mark.django_db
class TestInTheBooks:
    @pytest.fixture
    def doubtful(self) -> Modification:
        """A release that was sent and not answered."""
        return steps.ended(steps.asked(on_card(), Kind.CAPTURE, 6_000), steps.unknown())

    def test_its_page_says_what_is_waited_for_and_why_nothing_can_be_done(self, doubtful: Modification) -> None:
        now = database_now()

        assert "a repeat could move money twice; its webhook is waited for" in why_not_retry(doubtful, now=now)
        assert "its webhook says what became of it" in why_not_ask(doubtful)

    def test_nobody_takes_it_up_before_its_time(self, doubtful: Modification) -> None:
        assert doubtful.state == S.UNKNOWN
        assert doubtful.due_at is not None
        assert doubtful.last_sent_at is not None
        assert doubtful.due_at - doubtful.last_sent_at == HALF_AN_HOUR
        assert claim(slots=64) == []

    def test_it_is_only_ever_asked_about_and_then_goes_to_review(self, doubtful: Modification) -> None:
        Modification.objects.filter(pk=doubtful.pk).update(
            last_sent_at=database_now() - HALF_AN_HOUR, first_sent_at=database_now() - HALF_AN_HOUR
        )
        taken = steps.armed(steps.due_now(doubtful))
        assert taken.purpose is Purpose.QUERY

        row = steps.answered(taken, said(steps.unknown().verdict))

        assert (row.state, row.due_at) == (S.REVIEW, None)
        assert claim(slots=64) == []
        assert steps.fresh(row.transaction).capturing == 6_000, "what nobody knows stays reserved"

    @pytest.mark.parametrize("state", [S.UNKNOWN, S.REVIEW])
    def test_a_webhook_ends_it_in_quarantine_and_in_review(self, doubtful: Modification, state: S) -> None:
        if state is S.REVIEW:
            Modification.objects.filter(pk=doubtful.pk).update(state=state, due_at=None, review_since=database_now())

        assert evidence(doubtful, steps.success(doubtful), source=EvidenceSource.WEBHOOK)

        doubtful.refresh_from_db()
        transaction = steps.fresh(doubtful.transaction)
        assert (doubtful.state, transaction.captured, transaction.released) == (S.SUCCEEDED, 6_000, 4_000)
        assert transaction.unknown_count == 0

    def test_word_that_it_failed_frees_what_was_reserved(self, doubtful: Modification) -> None:
        evidence(doubtful, steps.declined(), source=EvidenceSource.WEBHOOK)

        doubtful.refresh_from_db()
        assert doubtful.state == S.FAILED
        assert steps.fresh(doubtful.transaction).capturing == 0
