"""Whatever is answered, wherever it stood: every ruling keeps the promises of the mechanism."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Outcome, Verdict
from orders.models import ModificationState, Purpose
from orders.modifications.states import permits
from orders.modifications.verdicts import (
    Timing,
    judge,
    may_send_again,
)
from tests.modifications import standings
from tests.modifications.situations import NOW, a_capability
from tests.modifications.standings import (
    first,
)

S = ModificationState
SEND, QUERY = Purpose.SEND, Purpose.QUERY
TIMING = Timing()
HOUR = timedelta(hours=1)
A = a_capability()


@given(
    outcome=st.sampled_from([outcome for outcome in vars(standings).values() if isinstance(outcome, Outcome)]),
    state=st.sampled_from([S.QUEUED, S.PENDING, S.UNKNOWN, S.REVIEW]),
    purpose=st.sampled_from(Purpose),
    age_hours=st.integers(0, 100),
    attempts=st.integers(1, 50),
    lookups=st.integers(0, 50),
    declined=st.booleans(),
    replays=st.booleans(),
    asks=st.booleans(),
)
def test_every_ruling_keeps_the_promises(
    outcome: Outcome,
    state: S,
    purpose: Purpose,
    age_hours: int,
    attempts: int,
    lookups: int,
    declined: bool,
    replays: bool,
    asks: bool,
) -> None:
    sent_before = state is not S.QUEUED or purpose is QUERY
    sent_at = NOW - age_hours * HOUR
    standing = first(
        state=state,
        purpose=purpose,
        maybe_sent_before=sent_before,
        attempts_made=attempts,
        lookups_made=lookups,
        first_sent_at=sent_at if sent_before else NOW,
        doubt_since=sent_at if state in (S.UNKNOWN, S.REVIEW) else None,
        declined_on_repeat=declined,
    )
    capability = a_capability(replays=replays, finds_by_modification_id=asks)

    ruling = judge(outcome, standing, capability, TIMING)

    assert permits(S.IN_FLIGHT, ruling.state)
    if ruling.state in (S.QUEUED, S.PENDING, S.UNKNOWN):
        assert ruling.due_at is not None
        assert ruling.due_at > NOW
    if ruling.state is S.FAILED:
        assert outcome.verdict is Verdict.DECLINED or outcome.absent
    if ruling.state is S.SUCCEEDED:
        assert outcome.verdict is Verdict.SUCCEEDED
    if ruling.state is S.QUEUED:
        assert not sent_before
    if ruling.due_at and ruling.next_step is SEND and ruling.state is not S.QUEUED:
        assert may_send_again(standing, capability)
