"""How a gateway behaves towards one modification, how its account is set up, and how both together must end.

Gateways A and B can be asked, so that whatever was unclear is found out and the step at which a worker died makes no
difference. Gateway C cannot: there the end follows from whether the request left, who heard the answer, whether a
signed webhook tells, and whether the account's key is honoured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NEVER_LEFT = frozenset({"after_arm", "before_send"})
"""A worker that dies here has sent nothing, and nobody can know that."""
UNHEARD = NEVER_LEFT | {"after_send", "after_response", "inside_resolve"}
"""A worker that dies here takes what it had heard with it."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a cell must end: the modification's state, how often the gateway did it, whether the transaction froze."""

    state: str
    executions: int
    frozen: bool = False
    found: str = ""
    """How it ends as well, if the status was read before the same bytes went out again; empty for only one end."""

    def is_told_by(self, state: str) -> bool:
        return state in (self.state, self.found)


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the gateway behaves towards one modification."""

    fault: str = ""
    """A fault of the sandbox that meets the first request; empty for none."""
    seconds: float | None = None
    closed_at_first: bool = False
    """Nobody listens until an attempt was refused."""
    forgets_answers: bool = False
    """A repeat is refused because the first request succeeded, instead of being answered again."""
    truth: str = "succeeded"
    """What the gateway does with the request that meets the fault, as the state it should lead to; empty: nothing."""
    answered: bool = True
    """The answer says so clearly."""
    breaks: bool = False
    """The conversation ends before the answer is whole."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """An account at a gateway. `told`: its signed webhooks arrive. `profile` is what it says otherwise."""

    name: str
    gateway: str
    kinds: tuple[str, ...]
    outcomes: Mapping[str, Behaviour]
    told: bool = False
    asks: bool = True
    """What is unclear can be asked for, or sent again without harm."""
    honours_key: bool = False
    profile: Mapping[str, Any] = field(default_factory=dict)


SUCCESS = Behaviour()
DECLINED = Behaviour(fault="refuse", truth="failed")
REFUSED_CONNECTION = Behaviour(closed_at_first=True)
RESET_BEFORE = Behaviour(fault="reset_before", truth="", answered=False, breaks=True)
REPLY_LOST = Behaviour(fault="lose_reply", answered=False, breaks=True)
ERROR_BEFORE = Behaviour(fault="error_500_before", truth="", answered=False)
ERROR_AFTER = Behaviour(fault="error_500_after", answered=False)
TRUNCATED = Behaviour(fault="truncate", answered=False, breaks=True)
FORGOTTEN = Behaviour(fault="lose_reply", answered=False, breaks=True, forgets_answers=True)
TOO_MANY = Behaviour(fault="too_many", seconds=1, truth="", answered=False)
PENDING = Behaviour(fault="pending", seconds=1, answered=False)
OTHER_AMOUNT = Behaviour(fault="wrong_amount_executed", truth="review")
OTHER_ANSWER = Behaviour(fault="wrong_amount", truth="review")
"""A cancellation has no other amount that could be executed, and gateway C's answers have none; they are wrong else."""
STILL_RUNNING = Behaviour(fault="conflict_409", truth="", answered=False)

COMMON = {
    "success": SUCCESS,
    "declined": DECLINED,
    "refused_connection": REFUSED_CONNECTION,
    "reset_before": RESET_BEFORE,
    "reply_lost": REPLY_LOST,
    "500_before": ERROR_BEFORE,
    "500_after": ERROR_AFTER,
    "truncated": TRUNCATED,
    "429": TOO_MANY,
}
AT_A = {**COMMON, "pending": PENDING, "4xx_on_retry": FORGOTTEN, "mismatch": OTHER_AMOUNT}
AT_B = {**COMMON, "4xx_on_retry": FORGOTTEN, "mismatch": OTHER_AMOUNT, "409": STILL_RUNNING}
AT_C = {**COMMON, "mismatch": OTHER_ANSWER}
AT_C_LATER = {
    name: AT_C[name]
    for name in ("success", "declined", "refused_connection", "reset_before", "reply_lost", "500_after")
}
OUTCOMES = tuple(dict.fromkeys((*AT_A, *AT_B)))

OF_A = ("refund", "capture", "cancel", "cancel_or_refund")
OF_B = ("refund", "capture", "cancel")
OF_C = ("refund", "capture", "cancel", "void")

SILENT_SECONDS, TOLD_SECONDS = 3, 15
"""How long gateway C's accounts wait for word before a person looks: where none comes, and where a webhook does."""

A = Setup(name="A", gateway="smartpay", kinds=OF_A, outcomes=AT_A)
SETUPS = (
    A,
    Setup(name="B asked", gateway="smartpay_orders", kinds=OF_B, outcomes=AT_B),
    Setup(name="B told", gateway="smartpay_orders", kinds=OF_B, outcomes=AT_B, told=True),
    Setup(
        name="C silent",
        gateway="smarterpay",
        kinds=OF_C,
        outcomes=AT_C,
        asks=False,
        profile={"quarantine_seconds": SILENT_SECONDS},
    ),
    Setup(
        name="C told",
        gateway="smarterpay",
        kinds=OF_C,
        outcomes={**AT_C, "pending": PENDING},
        told=True,
        asks=False,
        profile={"quarantine_seconds": TOLD_SECONDS},
    ),
    Setup(
        name="C asynchronous",
        gateway="smarterpay",
        kinds=OF_C,
        outcomes=AT_C_LATER,
        told=True,
        asks=False,
        profile={"quarantine_seconds": TOLD_SECONDS, "asynchronous": True},
    ),
    Setup(
        name="C honoured",
        gateway="smarterpay",
        kinds=OF_C,
        outcomes=AT_C,
        honours_key=True,
        profile={"quarantine_seconds": SILENT_SECONDS, "replays": True, "replay_window_seconds": 3600},
    ),
)


def behaviour_of(setup: Setup, kind: str, outcome: str) -> Behaviour | None:
    """None where a gateway cannot behave so towards this kind."""
    cancels = kind in ("cancel", "cancel_or_refund")
    if outcome != "mismatch" or not cancels:
        return setup.outcomes.get(outcome)
    # An order that was cancelled says nothing else, and neither does a webhook: no amount belongs to a cancel.
    says_no_more = setup.gateway == "smartpay_orders" or (setup.gateway == "smarterpay" and setup.told)
    return None if says_no_more else OTHER_ANSWER


def is_reached(setup: Setup, behaviour: Behaviour, point: str) -> bool:
    """Whether a worker comes to this step at all: a webhook may settle it before anybody hears a whole answer."""
    settled_by_webhook = setup.told and behaviour.truth != ""
    return not (point == "after_response" and behaviour.breaks and settled_by_webhook)


def end_of(setup: Setup, behaviour: Behaviour, point: str) -> End:
    """How it must end. A request that met no clear answer is never sent again where the key is not honoured."""
    if setup.honours_key and behaviour.truth == "failed" and point in UNHEARD:
        # A refusal of a repeat may be about a success of the first.
        return End(state="review", executions=0)
    if setup.asks:
        state = behaviour.truth or "succeeded"
        # A wrong answer that nobody lived to write down: the repeat brings it again, the status tells what was done.
        found = "succeeded" if behaviour is OTHER_ANSWER and point in UNHEARD else ""
        return End(state=state, executions=int(state != "failed"), frozen=state == "review", found=found)
    left = point not in NEVER_LEFT and not (behaviour.closed_at_first and point == "inside_resolve")
    truth = behaviour.truth if left else ""
    heard = behaviour.answered and point not in UNHEARD
    known = truth if setup.told or heard else ""
    return End(state=known or "review", executions=int(truth in ("succeeded", "review")), frozen=known == "review")
