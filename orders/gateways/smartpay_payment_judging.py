"""Judges gateway A's answer to a new payment: whether the payment exists now, and under which references.

An unclear answer stays unclear: the request has no status query of its own (that needs the transactionId which did not
arrive), and sending it again could make a second payment.
"""

from __future__ import annotations

import re
from dataclasses import replace

from orders.gateways.base import Facts, FrozenRequest, Instruction, Observation, Outcome, TransactionState, Verdict
from orders.gateways.exact_json import Unreadable, read_object
from orders.gateways.problems import Problem, with_problem
from orders.gateways.smartpay_judging import contradiction, judge_refusal, judge_unsent, outcome_of
from orders.gateways.smartpay_reading import Answer, read_answer, stated_problem
from orders.gateways.smartpay_words import TITLE, state_of
from orders.gateways.transport import fault_sentence, is_success, status_sentence

NO_LOOK_UP = "SmartPay cannot be asked for a payment whose transactionId never arrived; nothing more is sent."
TELLS_NOTHING = frozenset({408, 409, 425, 429})

_TAKEN = re.compile(r"unique|already|exist|duplicate|taken|in use", re.IGNORECASE)


def judge_payment(seen: Observation, request: FrozenRequest, instruction: Instruction) -> Outcome:
    """What the answer to an authorization means; the payment itself may still wait for its money."""
    unsent = judge_unsent(seen)
    if unsent is not None:
        return unsent
    if seen.fault is not None or seen.status is None:
        return outcome_of(seen, Verdict.UNKNOWN, fault_sentence(seen))
    if is_success(seen):
        return _judge_success(seen, request, instruction)
    return _judge_failure(seen, seen.status)


def _judge_failure(seen: Observation, status: int) -> Outcome:
    problem = stated_problem(seen)
    facts = with_problem(Facts(), problem)
    if _is_taken_reference(problem):
        reason = (
            "SmartPay has a payment under this reference already: the payment exists at the gateway, and nothing more "
            "is sent. Wait for its notification, or enter its transactionId."
        )
        return outcome_of(seen, Verdict.UNKNOWN, reason, facts, review=True)
    if not 400 <= status < 500 or status in TELLS_NOTHING:
        return outcome_of(seen, Verdict.UNKNOWN, status_sentence(seen, TITLE), facts)
    return judge_refusal(seen)


def _is_taken_reference(problem: Problem) -> bool:
    return "partnerreference" in problem.text.lower() and _TAKEN.search(problem.text) is not None


def _judge_success(seen: Observation, request: FrozenRequest, instruction: Instruction) -> Outcome:
    try:
        answer = read_answer(seen.body, currency=instruction.amount.currency)
    except Unreadable:
        return outcome_of(seen, Verdict.UNKNOWN, f"HTTP {seen.status} came without a readable answer. {NO_LOOK_UP}")
    facts = _facts(answer)
    if answer.amount is not None and answer.amount != instruction.amount:
        return contradiction(seen, facts, f"SmartPay names {answer.amount}; {instruction.amount} was asked for.")
    if _is_about_another(answer, request):
        return contradiction(seen, facts, f"The answer speaks of another payment, {answer.partner_reference}.")
    if not answer.transaction_id or not answer.payment_status:
        reason = f"The answer does not say which payment was made. {NO_LOOK_UP}"
        return outcome_of(seen, Verdict.UNKNOWN, reason, facts)
    if facts.transaction_state is TransactionState.FAILED:
        said = facts.failure_text or answer.payment_status
        return outcome_of(seen, Verdict.DECLINED, f"SmartPay made the payment and it failed at once: {said}.", facts)
    return outcome_of(seen, Verdict.SUCCEEDED, f"SmartPay has the payment and says {answer.payment_status}.", facts)


def _is_about_another(answer: Answer, request: FrozenRequest) -> bool:
    """The reference is ours to give; an answer need not repeat it, but it may not name another."""
    asked = read_object(request.body, warn=lambda _warning: None).get("partnerReference")
    return answer.partner_reference != "" and answer.partner_reference != asked


def _facts(answer: Answer) -> Facts:
    warnings = answer.warnings
    if answer.transaction_id and not answer.payment_reference:
        warnings = (*warnings, "The answer has no reference for the buyer to quote.")
    facts = Facts(
        amount=answer.amount,
        reference=answer.reference,
        raw_status=answer.payment_status,
        at=answer.status_at,
        transaction_state=state_of(answer.payment_status) if answer.payment_status else None,
        transaction_raw_status=answer.payment_status,
        transaction_status_at=answer.status_at,
        transaction_reference=answer.transaction_id,
        payment_reference=answer.payment_reference,
        legs=tuple(leg for entry in answer.entries for leg in entry.legs),
        warnings=warnings,
    )
    problem = next((entry.problem for entry in answer.entries if entry.problem.stated), answer.problem)
    return replace(with_problem(facts, problem), failure_text=problem.text or answer.acquirer_response)
