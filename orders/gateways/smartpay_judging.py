"""Judges gateway A's answers: what one observation would mean for a modification if it were the only one."""

from __future__ import annotations

from dataclasses import replace

from orders.gateways.base import Facts, Instruction, Kind, Observation, Outcome, Verdict
from orders.gateways.exact_json import Unreadable
from orders.gateways.problems import declined_sentence, with_problem
from orders.gateways.smartpay_reading import Answer, Entry, read_answer, stated_problem
from orders.gateways.smartpay_words import EXECUTED_KINDS, TITLE, TYPES_OF_KIND, state_of, verdict_of
from orders.gateways.transport import fault_sentence, is_success, judged, refusal_sentence, status_sentence

KEY_REFUSED = frozenset({401, 403})
DEFINITIVE_REFUSALS = frozenset({400, 404, 422})
WITH_OWN_AMOUNT = frozenset({Kind.CAPTURE, Kind.REFUND})


def judge_send(seen: Observation, instruction: Instruction) -> Outcome:
    """What the answer to a send means. NOT_SENT and DECLINED come from here alone, never from a look-up."""
    unsent = judge_unsent(seen)
    if unsent is not None:
        return unsent
    if seen.fault is None and seen.status in DEFINITIVE_REFUSALS:
        return judge_refusal(seen)
    return _judge_answer(seen, instruction)


def judge_unsent(seen: Observation) -> Outcome | None:
    """The outcome when the request certainly did nothing: it never left, or the keys were refused."""
    if seen.fault is not None and not seen.sent:
        return outcome_of(seen, Verdict.NOT_SENT, fault_sentence(seen))
    if seen.fault is None and seen.status in KEY_REFUSED:
        return outcome_of(seen, Verdict.NOT_SENT, refusal_sentence(seen, TITLE))
    return None


def judge_look_up(seen: Observation, instruction: Instruction) -> Outcome:
    """What a status read tells of a modification. A read that failed tells nothing: UNKNOWN."""
    outcome = _judge_answer(seen, instruction)
    if outcome.review or outcome.facts.modification_id or not _shows_absence(seen, instruction.kind):
        return outcome
    return replace(outcome, absent=True, reason="SmartPay does not list this modification on the transaction.")


def _shows_absence(seen: Observation, kind: Kind) -> bool:
    """Whether an answer without our modification is evidence that the gateway does not have it.

    Optional fields may be removed or renamed (seed 000), so there must be a list, and none of its lines that could be
    ours may lack an id: a renamed field must never look like a refund that did not happen.
    """
    if seen.fault is not None or not is_success(seen):
        return False
    try:
        answer = read_answer(seen.body)
    except Unreadable:
        return False
    could_be_ours = TYPES_OF_KIND[kind] | {""}
    nameless = any(not entry.modification_id and entry.type in could_be_ours for entry in answer.entries)
    return answer.payment_status != "" and answer.lists_modifications and not nameless


def judge_refusal(seen: Observation) -> Outcome:
    """A refusal in the gateway's own words; in anybody else's words it tells nothing."""
    problem = stated_problem(seen)
    if not problem.stated:
        reason = (
            f"HTTP {seen.status} came without an error that SmartPay would send; it may come from a box in between."
        )
        return outcome_of(seen, Verdict.UNKNOWN, reason)
    return outcome_of(seen, Verdict.DECLINED, declined_sentence(problem, TITLE), with_problem(Facts(), problem))


def _judge_answer(seen: Observation, instruction: Instruction) -> Outcome:
    if seen.fault is not None or seen.status is None:
        return outcome_of(seen, Verdict.UNKNOWN, fault_sentence(seen))
    if not is_success(seen):
        facts = with_problem(Facts(), stated_problem(seen))
        return outcome_of(seen, Verdict.UNKNOWN, status_sentence(seen, TITLE), facts)
    try:
        answer = read_answer(seen.body)
    except Unreadable:
        return outcome_of(seen, Verdict.UNKNOWN, f"HTTP {seen.status} came without a readable answer; read the status.")
    return _judge_content(seen, answer, instruction)


def _judge_content(seen: Observation, answer: Answer, instruction: Instruction) -> Outcome:
    own = [entry for entry in answer.entries if entry.modification_id.lower() == instruction.modification_id.lower()]
    facts = _transaction_facts(answer)
    if answer.transaction_id and answer.transaction_id.lower() != instruction.transaction_reference.lower():
        return contradiction(seen, facts, "The answer speaks of another transaction.")
    if not own:
        reason = "The answer does not name this modification; read the status."
        return outcome_of(seen, Verdict.UNKNOWN, reason, with_problem(facts, answer.problem))
    if len({(entry.type, entry.amount) for entry in own}) > 1:
        return contradiction(seen, facts, "The answer lists this modification twice, with different contents.")
    entry = max(own, key=lambda entry: entry.at.timestamp() if entry.at else 0.0)
    return _judge_entry(seen, entry, _entry_facts(facts, answer, entry, instruction), instruction)


def _judge_entry(seen: Observation, entry: Entry, facts: Facts, instruction: Instruction) -> Outcome:
    if entry.type and entry.type not in TYPES_OF_KIND[instruction.kind]:
        return contradiction(seen, facts, f"SmartPay lists this modification as a {entry.raw_type}.")
    verdict = verdict_of(entry.type, entry.status, has_error=entry.problem.stated)
    if verdict is Verdict.DECLINED:
        return outcome_of(seen, verdict, declined_sentence(entry.problem, TITLE), facts)
    if facts.amount is not None and facts.amount != instruction.amount:
        return contradiction(seen, facts, f"SmartPay names {facts.amount}; {instruction.amount} was asked for.")
    if verdict is Verdict.PENDING:
        return outcome_of(seen, verdict, f"SmartPay has taken it and says {entry.status}.", facts)
    if verdict is Verdict.UNKNOWN:
        return _judge_unclear_status(seen, entry, facts)
    missing = _missing_fact(facts, instruction.kind)
    if missing:
        reason = f"SmartPay says {entry.status}, but the answer has no {missing}; read the status."
        return outcome_of(seen, Verdict.UNKNOWN, reason, facts)
    return outcome_of(seen, Verdict.SUCCEEDED, f"SmartPay says {entry.status}.", facts)


def _judge_unclear_status(seen: Observation, entry: Entry, facts: Facts) -> Outcome:
    if not entry.status:
        return outcome_of(
            seen, Verdict.UNKNOWN, "The answer gives no status of this modification; read the status.", facts
        )
    reason = f"SmartPay says {entry.status} and names an error at once; somebody must look."
    return outcome_of(seen, Verdict.UNKNOWN, reason, facts, review=True)


def _missing_fact(facts: Facts, kind: Kind) -> str:
    """What a success must carry (decisions, “What an answer means”): A's amounts come from modificationAmount alone."""
    if kind in WITH_OWN_AMOUNT and facts.amount is None:
        return "readable amount"
    if kind is Kind.CANCEL_OR_REFUND and facts.executed_kind is None:
        return "word on whether it was a cancel or a refund"
    return "" if facts.reference else "reference"


def _transaction_facts(answer: Answer) -> Facts:
    return Facts(
        transaction_state=state_of(answer.payment_status) if answer.payment_status else None,
        transaction_raw_status=answer.payment_status,
        transaction_status_at=answer.status_at,
        transaction_reference=answer.transaction_id,
        warnings=answer.warnings,
    )


def _entry_facts(facts: Facts, answer: Answer, entry: Entry, instruction: Instruction) -> Facts:
    return replace(
        facts,
        modification_id=entry.modification_id,
        executed_kind=EXECUTED_KINDS.get(entry.type) if instruction.kind is Kind.CANCEL_OR_REFUND else None,
        amount=entry.amount,
        reference=entry.reference or _shared_reference(answer, entry),
        gateway_id=entry.gateway_id,
        raw_status=entry.status,
        at=entry.at,
        legs=entry.legs,
        failure_code=entry.problem.code,
        failure_text=entry.problem.text,
    )


def _shared_reference(answer: Answer, entry: Entry) -> str:
    """A capture and a cancel share the payment's reference in real answers; a refund has its own or none (A.8)."""
    return answer.reference if entry.type in {"capture", "cancel"} else ""


def contradiction(seen: Observation, facts: Facts, reason: str) -> Outcome:
    """An answer that says something else than was asked for: nobody moves money until a person has looked."""
    return outcome_of(
        seen, Verdict.MISMATCH, f"{reason} Somebody must look before money moves again.", facts, review=True
    )


def outcome_of(
    seen: Observation, verdict: Verdict, reason: str, facts: Facts | None = None, *, review: bool = False
) -> Outcome:
    """The outcome with what every exchange carries: waiting time, pause, and a person for a redirect."""
    key_refused = seen.status in KEY_REFUSED
    return judged(seen, verdict, reason, facts, title=TITLE, key_refused=key_refused, review=review)
