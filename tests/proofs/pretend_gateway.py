"""A gateway in a few lines of Python, for the state machine: idempotent by id; slow, forgetful or silent on demand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal

from orders.gateways.base import GIVES_BACK, Facts, Fault, Instruction, Kind, Observation, Outcome, Verdict
from orders.money import Money

ANSWERED = Observation(sent=True, status=200)
SILENCE = Outcome(
    verdict=Verdict.UNKNOWN,
    reason="The gateway did not answer in time.",
    observation=Observation(sent=True, fault=Fault.TIMEOUT),
)
NOBODY_THERE = Outcome(
    verdict=Verdict.NOT_SENT,
    reason="Nobody listens.",
    observation=Observation(sent=False, fault=Fault.REFUSED),
)
REFUSAL = Outcome(verdict=Verdict.DECLINED, reason="The gateway refuses it.", observation=ANSWERED)


@dataclass(kw_only=True)
class Account:
    """What the gateway holds of one transaction. Minor units."""

    authorized: int
    captured: int = 0
    released: int = 0
    refunded: int = 0
    refunding: int = 0
    takes_several: bool = False
    """Several captures, and a cancel of what they leave."""
    silent: bool = False
    """It cannot be asked; only its webhooks tell."""


@dataclass(kw_only=True)
class Execution:
    """What the gateway did under one id; `verdict` is pending until it ends."""

    instruction: Instruction
    amount: int
    body: bytes
    verdict: Verdict
    executed_kind: Kind


@dataclass
class PretendGateway:
    """`receive` is idempotent: the same id and bytes get the first answer again."""

    accounts: dict[str, Account] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)
    refused: dict[str, bytes] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    """Ids that came with other bytes than the first time: never allowed."""

    def receive(
        self,
        instruction: Instruction,
        body: bytes,
        *,
        decline: bool = False,
        later: bool = False,
        forgets: bool = False,
    ) -> Outcome:
        """`decline` and `later` say how a first request goes; with `forgets` a repeat is refused as already done."""
        one = instruction.modification_id
        repeated = one in self.executions
        known = self.executions.get(one)
        if known is None and one not in self.refused:
            known = self._execute(instruction, body, decline=decline, later=later)
        if body != (known.body if known else self.refused[one]):
            self.conflicts.append(one)
        if known is None or (repeated and forgets):
            return REFUSAL
        return self._answer(one, known)

    def look_up(self, instruction: Instruction) -> Outcome:
        """What the status read says of one modification."""
        if self.accounts[instruction.transaction_reference].silent:
            return SILENCE
        return self.told(instruction)

    def told(self, instruction: Instruction) -> Outcome:
        """What a signed webhook would tell of it, and a status read where there is one."""
        known = self.executions.get(instruction.modification_id)
        if known is None:
            return Outcome(verdict=Verdict.UNKNOWN, reason="It is not listed.", absent=True, observation=ANSWERED)
        return self._answer(instruction.modification_id, known)

    def finish(self, modification_id: str, *, well: bool) -> None:
        """What was pending ends."""
        one = self.executions[modification_id]
        if one.verdict is not Verdict.PENDING:
            return
        one.verdict = Verdict.SUCCEEDED if well else Verdict.DECLINED
        account = self.accounts[one.instruction.transaction_reference]
        if one.executed_kind in GIVES_BACK:
            account.refunding -= one.amount
        if well:
            _book(account, one)

    def _execute(self, instruction: Instruction, body: bytes, *, decline: bool, later: bool) -> Execution | None:
        account = self.accounts[instruction.transaction_reference]
        kind = _chosen_kind(instruction.kind, account)
        amount = _amount(body) or _everything(kind, account)
        if decline or amount <= 0 or amount > _everything(kind, account):
            self.refused[instruction.modification_id] = body
            return None
        verdict = Verdict.PENDING if later else Verdict.SUCCEEDED
        one = Execution(instruction=instruction, amount=amount, body=body, verdict=verdict, executed_kind=kind)
        self.executions[instruction.modification_id] = one
        if not later:
            _book(account, one)
        elif kind in GIVES_BACK:
            account.refunding += amount
        return one

    def _answer(self, modification_id: str, one: Execution) -> Outcome:
        cancels_or_refunds = one.instruction.kind is Kind.CANCEL_OR_REFUND
        facts = Facts(
            modification_id=modification_id,
            executed_kind=one.executed_kind if cancels_or_refunds else None,
            amount=Money(one.amount, one.instruction.amount.currency),
            reference=f"R-{modification_id[:18]}",
            gateway_id=f"G-{modification_id[:18]}",
            raw_status=one.verdict.value,
        )
        return Outcome(verdict=one.verdict, reason="The gateway said so.", facts=facts, observation=ANSWERED)


def _amount(body: bytes) -> int:
    """Major units as a decimal at gateway A, whole minor units at the others; 0 where the body names none."""
    whole = json.loads(body, parse_float=Decimal, parse_int=Decimal) if body else {}
    if "modifiedAmount" in whole:
        return int(Decimal(whole["modifiedAmount"]["amount"]) * 100)
    return int(whole.get("amount", 0))


def _chosen_kind(kind: Kind, account: Account) -> Kind:
    if kind is not Kind.CANCEL_OR_REFUND:
        return kind
    return Kind.REFUND if account.captured else Kind.CANCEL


def _everything(kind: Kind, account: Account) -> int:
    if kind in GIVES_BACK:
        untouched = not account.refunded and not account.refunding
        return account.captured - account.refunded - account.refunding if kind is Kind.REFUND or untouched else 0
    if account.captured and not account.takes_several:
        return 0
    return account.authorized - account.captured - account.released


def _book(account: Account, one: Execution) -> None:
    if one.executed_kind in GIVES_BACK:
        account.refunded += one.amount
        return
    if one.executed_kind is Kind.CAPTURE:
        account.captured += one.amount
        if account.takes_several and not one.instruction.release_rest:
            return
    account.released = account.authorized - account.captured
