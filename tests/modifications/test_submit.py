"""Armed before the first byte, sent only with lease enough, by the monotonic clock, with the bytes that were frozen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from orders import crypto
from orders.database import database_now
from orders.gateways import smartpay
from orders.gateways.base import Door, LeaseTooOld, Outcome, Verdict
from orders.models import Attempt, GatewayAccount, Modification, ModificationState, Purpose
from orders.modifications import submit
from orders.modifications.claim import Claim
from orders.modifications.recover import release_stranded
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import asked

pytestmark = pytest.mark.django_db
S = ModificationState
MONOTONIC = "orders.modifications.submit.time"


@pytest.fixture(autouse=True)
def _local_gateways(settings: Any) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True


def a_claim() -> Claim:
    return steps.claimed(asked(factories.a_transaction()))


def a_door(taken: Claim) -> Door:
    door = submit.prepare(taken)
    assert isinstance(door, Door)
    return door


# Arm.


def test_arming_writes_down_that_it_may_be_sent_before_anything_is() -> None:
    taken = a_claim()

    assert submit.arm([taken]) == {taken.modification_id}

    row = Modification.objects.get(pk=taken.modification_id)
    attempt = row.attempts.get()
    assert (attempt.epoch, attempt.purpose, attempt.finished_at) == (1, Purpose.SEND, None)
    assert row.first_sent_at == row.last_sent_at == attempt.started_at


def test_a_repeat_keeps_the_time_of_the_first_send() -> None:
    taken = a_claim()
    submit.arm([taken])
    row = steps.answered(taken, steps.unknown())
    again = steps.claimed(steps.due_now(row))

    submit.arm([again])

    after = Modification.objects.get(pk=row.pk)
    assert after.first_sent_at == row.first_sent_at
    assert after.last_sent_at is not None
    assert row.last_sent_at is not None
    assert after.last_sent_at > row.last_sent_at


def test_a_question_is_no_send() -> None:
    taken = a_claim()
    submit.arm([taken])
    row = steps.answered(taken, steps.pending())
    question = steps.claimed(steps.due_now(row))

    submit.arm([question])

    assert question.purpose is Purpose.QUERY
    assert Modification.objects.get(pk=row.pk).last_sent_at == row.last_sent_at
    assert [attempt.purpose for attempt in row.attempts.all()] == [Purpose.SEND, Purpose.QUERY]


def test_a_lease_too_short_for_the_deadline_is_not_armed() -> None:
    short, long = a_claim(), a_claim()
    margin = timedelta(seconds=short.capability.deadline_seconds + 5)
    Modification.objects.filter(pk=short.modification_id).update(lease_until=database_now() + margin)
    Modification.objects.filter(pk=long.modification_id).update(
        lease_until=database_now() + margin + timedelta(seconds=5)
    )

    assert submit.arm([short, long]) == {long.modification_id}

    assert not Attempt.objects.filter(modification=short.modification_id).exists()
    assert Modification.objects.get(pk=short.modification_id).first_sent_at is None


def test_a_stolen_epoch_is_not_armed() -> None:
    taken = a_claim()
    row = Modification.objects.get(pk=taken.modification_id)
    steps.lease_over(row)
    release_stranded()
    thief = steps.claimed(row)

    assert submit.arm([taken]) == set()
    assert thief.epoch == 2
    assert submit.arm([thief]) == {row.pk}
    assert row.attempts.get().epoch == 2


def test_what_is_no_longer_in_the_air_is_not_armed() -> None:
    taken = a_claim()
    steps.answered(taken, steps.not_sent(), armed=False)

    assert submit.arm([taken]) == set()


# The last look before the first byte.


def test_a_worker_that_slept_too_long_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = a_claim()
    before_write = a_door(taken).before_write
    assert before_write is not None
    before_write()
    spare = 60 - 5  # lease = deadline + 60 s; the deadline and 5 s must be left

    monkeypatch.setattr(MONOTONIC, SimpleNamespace(monotonic=lambda: taken.claimed_at + spare - 0.1))
    before_write()
    monkeypatch.setattr(MONOTONIC, SimpleNamespace(monotonic=lambda: taken.claimed_at + spare + 0.1))

    with pytest.raises(LeaseTooOld):
        before_write()


# What can fail before anything is promised.


def test_a_credential_that_cannot_be_opened_stays_home_and_pauses_the_account() -> None:
    row = asked(factories.a_transaction())
    GatewayAccount.objects.filter(pk=row.account_id).update(authentication_key_sealed="not sealed by any key of ours")
    taken = steps.claimed(row)

    stayed = submit.prepare(taken)

    assert isinstance(stayed, submit.Result)
    assert (stayed.armed, stayed.outcome.verdict) == (False, Verdict.NOT_SENT)
    assert stayed.outcome.pause_account
    row = steps.answered(taken, stayed.outcome, armed=False)
    row.account.refresh_from_db()
    assert (row.state, row.first_sent_at, row.account.paused) == (S.QUEUED, None, True)


@pytest.mark.parametrize("base_url", ["http://no-such-host.invalid/a", "http://169.254.169.254/a"])
def test_an_address_that_is_no_gateways_stays_home(base_url: str, settings: Any) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = False
    taken = replace(a_claim(), base_url=base_url)

    stayed = submit.prepare(taken)

    assert isinstance(stayed, submit.Result)
    assert (stayed.armed, stayed.outcome.verdict) == (False, Verdict.NOT_SENT)
    row = steps.answered(taken, stayed.outcome, armed=False)
    assert (row.state, row.first_sent_at) == (S.QUEUED, None)


def test_a_mistake_of_ours_while_preparing_does_not_keep_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(sealed: str) -> str:
        raise RuntimeError("a mistake")

    taken = a_claim()
    monkeypatch.setattr(crypto, "unseal", stumble)

    stayed = submit.prepare(taken)

    assert isinstance(stayed, submit.Result)
    assert (stayed.armed, stayed.outcome.verdict) == (False, Verdict.NOT_SENT)


# Send.


def test_a_mistake_of_ours_while_sending_is_unknown_and_never_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any) -> Outcome:
        raise RuntimeError("a mistake")

    taken = a_claim()
    monkeypatch.setattr(smartpay, "send", stumble)

    result = _sent(taken, monkeypatch)

    assert result.outcome.verdict is Verdict.UNKNOWN
    assert result.armed


def test_bytes_that_do_not_match_their_hash_are_not_sent_and_stop_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = steps.armed(asked(factories.a_transaction()))
    tampered = replace(taken, request=replace(taken.request, body=taken.request.body.replace(b"100", b"999")))
    monkeypatch.setattr(smartpay, "send", lambda *_: pytest.fail("it was sent"))

    result = _sent(tampered, monkeypatch)

    row = steps.answered(taken, result.outcome)
    row.account.refresh_from_db()
    assert result.outcome.verdict is Verdict.NOT_SENT
    assert (row.state, row.account.paused) == (S.REVIEW, True)


def test_nothing_is_sent_inside_a_database_transaction() -> None:
    taken = a_claim()

    with pytest.raises(AssertionError, match="no database transaction"):
        submit.send(taken, a_door(taken))


def _sent(taken: Claim, monkeypatch: pytest.MonkeyPatch) -> submit.Result:
    """The tests' own transaction is open around everything; the assertion about it has a test of its own."""
    door = a_door(taken)
    with monkeypatch.context() as patch:
        patch.setattr("orders.modifications.submit.connection", SimpleNamespace(in_atomic_block=False))
        return submit.send(taken, door)
