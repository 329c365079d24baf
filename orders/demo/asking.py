"""A demo modification: what somebody asked for, the frozen bytes, the attempt, the evidence, the events."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from orders.demo.money import move
from orders.demo.rows import Rows, tell
from orders.demo.stories import Plan, Step
from orders.demo.transcripts import REFUSAL, gateway_status, request_transcript, response_transcript
from orders.gateways.base import FrozenRequest, Instruction, Kind
from orders.gateways.registry import gateway_named
from orders.models import (
    Attempt,
    Evidence,
    EvidenceSource,
    GatewayAccount,
    Modification,
    Purpose,
    ReferenceKind,
    Source,
)
from orders.modifications.request import REASONS
from orders.money import Money

_ANSWERED_AFTER = timedelta(milliseconds=640)
_VERDICTS = {"succeeded": "succeeded", "failed": "declined", "pending": "pending", "unknown": "unknown"}
_WORKER = "demo:1"


def play_modification(rows: Rows, step: Step, account: GatewayAccount, agent: User, *, now: datetime) -> None:
    """Add the modification and everything that was written about it."""
    kind = "cancel_or_refund" if step.reversal else step.kind
    row = _modification(rows, step, kind, account, agent, now)
    move(rows, step, row)
    rows.modifications.append(row)
    rows.words.append((ReferenceKind.MODIFICATION, str(step.id)))
    money = Money(step.amount, rows.plan.currency)
    verb = kind.replace("_", " ")
    tell(rows, f"{kind}.requested", f"{agent.username} asked to {verb} {money}.", step.at, row=row, by=agent)
    if step.outcome != "withdrawn":
        _converse(rows, step, row, account)
    said = f"The {verb} of {money} {_said(step)}. {row.reason_text}"
    tell(rows, f"{kind}.{row.state}", said, step.at + _ANSWERED_AFTER, row=row)


def _modification(
    rows: Rows, step: Step, kind: str, account: GatewayAccount, agent: User, now: datetime
) -> Modification:
    request = _request(rows.plan, step, kind, account)
    sent = None if step.outcome == "withdrawn" else step.at
    ended = step.outcome in ("succeeded", "failed", "withdrawn")
    return Modification(
        id=step.id,
        merchant_id=account.merchant_id,
        account=account,
        transaction=rows.transaction,
        kind=kind,
        amount=step.amount,
        currency=rows.plan.currency,
        reason=step.reason,
        description=dict(REASONS)[step.reason],
        custom_references=_custom_references(rows.plan, step, agent),
        requested_by=agent,
        requested_at=step.at,
        source=Source.PAGE,
        expected_version=rows.transaction.version,
        method=request.method,
        base_url=account.base_url,
        path=request.path,
        headers=dict(request.headers),
        body=request.body,
        body_sha256=hashlib.sha256(request.body).hexdigest(),
        state=step.outcome,
        epoch=0 if sent is None else 1,
        attempts_made=0 if sent is None else 1,
        first_sent_at=sent,
        last_sent_at=sent,
        finished_at=step.at + _ANSWERED_AFTER if ended else None,
        **_standing(step, agent, now),
        **_outcome(step),
    )


def _standing(step: Step, agent: User, now: datetime) -> dict[str, Any]:
    """What comes next for those that are still open, and why."""
    answered = step.at + _ANSWERED_AFTER
    standings: dict[str, dict[str, Any]] = {
        "succeeded": {"reason_text": f"The gateway says {gateway_status(step)}."},
        "failed": {"reason_text": REFUSAL, "failure_code": "payment_provider_processing"},
        "withdrawn": {"reason_text": f"Withdrawn by {agent.username} before anything was sent."},
        "pending": {
            "reason_text": f"The gateway says {gateway_status(step)}.",
            "next_step": Purpose.QUERY.value,
            "due_at": now + timedelta(seconds=90),
        },
        "unknown": {
            "reason_text": "No answer within 90 s; the money may or may not have moved.",
            "due_at": now + timedelta(minutes=10),
            "doubt_since": answered,
        },
        "review": {
            "reason_text": "The gateway moved another amount than we asked for.",
            "next_step": Purpose.QUERY.value,
            "doubt_since": answered,
            "review_since": answered,
        },
    }
    return standings[step.outcome]


def _outcome(step: Step) -> dict[str, Any]:
    if step.outcome in ("failed", "withdrawn", "unknown"):
        return {}
    return {
        "executed_kind": step.kind,
        "executed_amount": step.amount - 1 if step.outcome == "review" else step.amount,
        "gateway_reference": step.reference,
        "gateway_id": step.gateway_id,
        "gateway_status": gateway_status(step),
        "gateway_at": step.at,
    }


def _request(plan: Plan, step: Step, kind: str, account: GatewayAccount) -> FrozenRequest:
    instruction = Instruction(
        modification_id=str(step.id),
        kind=Kind(kind),
        transaction_reference=plan.transaction_id,
        merchant_key=account.merchant_key,
        amount=Money(step.amount, plan.currency),
        description=dict(REASONS)[step.reason],
        custom_references={"custom1": plan.reference, "custom2": step.reason},
    )
    return gateway_named(account.gateway).compose(instruction)


def _custom_references(plan: Plan, step: Step, agent: User) -> dict[str, str]:
    return {"custom1": plan.reference, "custom2": step.reason, "custom3": f"page-{agent.pk}"}


def _converse(rows: Rows, step: Step, row: Modification, account: GatewayAccount) -> None:
    verdict = _VERDICTS.get(step.outcome, "mismatch")
    status = rows.transaction.raw_status
    request = FrozenRequest(method=row.method, path=row.path, headers=row.headers, body=bytes(row.body))
    no_answer = step.outcome == "unknown"
    attempt = Attempt(
        modification=row,
        epoch=1,
        purpose=Purpose.SEND.value,
        worker=_WORKER,
        started_at=step.at,
        finished_at=step.at + _ANSWERED_AFTER,
        verdict=verdict,
        fault="timeout" if no_answer else "",
        http_status=None if no_answer else (400 if step.outcome == "failed" else 200),
        reason_text=row.reason_text,
        duration_ms=90_000 if no_answer else 640,
        request_transcript=request_transcript(account, request),
        response_transcript=response_transcript(rows.plan, step, status),
    )
    rows.attempts.append(attempt)
    if not no_answer:
        rows.evidence.append(_evidence(rows, step, row, verdict))
    if step.outcome not in ("unknown", "failed"):
        rows.words.append((ReferenceKind.GATEWAY, step.gateway_id))
        rows.words.append((ReferenceKind.RECONCILIATION, step.reference))


def _evidence(rows: Rows, step: Step, row: Modification, verdict: str) -> Evidence:
    told = step.outcome != "failed"
    return Evidence(
        account=row.account,
        modification=row,
        source=EvidenceSource.RESPONSE,
        source_key=f"{row.pk}:1:send",
        verdict=verdict,
        reason_text=row.reason_text,
        executed_kind=row.executed_kind,
        amount=row.executed_amount,
        currency=row.currency if told else "",
        gateway_reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        gateway_status=row.gateway_status,
        gateway_at=row.gateway_at,
        received_at=step.at + _ANSWERED_AFTER,
    )


def _said(step: Step) -> str:
    return {
        "succeeded": "succeeded",
        "failed": "failed: the gateway refused it and no money moved",
        "withdrawn": "was withdrawn; nothing was sent",
        "pending": "was accepted by the gateway and is pending",
        "unknown": "has an unknown outcome; the money may or may not have moved, and we find out by ourselves",
        "review": "needs a person to look",
    }[step.outcome]
