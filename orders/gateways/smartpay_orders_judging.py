"""Judges gateway B's answers: what one observation would mean for a modification if it were the only one."""

from __future__ import annotations

from dataclasses import replace

from orders.gateways.base import Facts, Instruction, Kind, Observation, Outcome, TransactionState, Verdict
from orders.gateways.exact_json import Unreadable
from orders.gateways.problems import Problem, declined_sentence, with_problem
from orders.gateways.smartpay_orders_reading import (
    Entry,
    Order,
    Payment,
    read_order,
    read_payment,
    read_refund,
    stated_problem,
)
from orders.gateways.smartpay_orders_showing import has_run_out, state_shown
from orders.gateways.smartpay_orders_words import (
    BELIEVED_CODES,
    BELIEVED_STATUSES,
    CANCELED,
    DOUBTFUL_CODES,
    SUCCEEDED,
    TITLE,
    payment_verdict,
    refund_verdict,
)
from orders.gateways.transport import fault_sentence, is_success, judged, refusal_sentence, status_sentence
from orders.money import Money


def refuses_key(seen: Observation) -> bool:
    """A 401 always; a 403 only without a code, for over-refund is a 403 too (B.11 row 7)."""
    return seen.status == 401 or (seen.status == 403 and not stated_problem(seen).stated)


def judge_send(seen: Observation, instruction: Instruction) -> Outcome:
    """What the answer to a send means. NOT_SENT comes from here alone, never from a look-up."""
    if seen.fault is not None or seen.status is None:
        return _outcome(seen, Verdict.UNKNOWN if seen.sent else Verdict.NOT_SENT, fault_sentence(seen))
    if refuses_key(seen):
        return _outcome(seen, Verdict.NOT_SENT, refusal_sentence(seen, TITLE))
    if not is_success(seen):
        return _judge_refusal(seen)
    try:
        return _judge_answer(seen, instruction)
    except Unreadable:
        return _outcome(seen, Verdict.UNKNOWN, f"HTTP {seen.status} came without a readable answer; read the order.")


def judge_look_up(seen: Observation, order: Order, instruction: Instruction) -> Outcome:
    """What an order that was read tells of a modification."""
    if order.id != instruction.transaction_reference:
        return _contradiction(seen, Facts(), "The answer speaks of another order.")
    if instruction.kind is Kind.CANCEL:
        return _judge_cancelled(seen, order, instruction, asked=True)
    entries: list[Entry] = list(order.payments)
    if instruction.kind is Kind.REFUND:
        entries = [refund for payment in order.payments for refund in payment.refunds]
    own = [entry for entry in entries if _is_ours(entry, instruction)]
    if len({entry.id for entry in own}) > 1:
        return _contradiction(seen, _order_facts(order), f"{TITLE} lists this modification twice.")
    if own:
        return _judge_entry(seen, own[0], _order_facts(order), instruction)
    if not _shows_absence(order, instruction):
        reason = "The order does not show everything, so whether this was done is not known from it."
        return _outcome(seen, Verdict.UNKNOWN, reason, _order_facts(order))
    reason = f"{TITLE} does not list this modification on the order."
    return replace(_outcome(seen, Verdict.UNKNOWN, reason, _order_facts(order)), absent=True)


def judge_unread(seen: Observation | None, reason: str) -> Outcome:
    """A read that failed tells nothing of the money: UNKNOWN; refused keys and redirects still stop the account."""
    if seen is None:
        return Outcome(verdict=Verdict.UNKNOWN, reason=reason)
    return _outcome(seen, Verdict.UNKNOWN, reason)


def _judge_refusal(seen: Observation) -> Outcome:
    problem = stated_problem(seen)
    facts = with_problem(Facts(), problem)
    if not _is_believed(seen, problem):
        return _outcome(seen, Verdict.UNKNOWN, status_sentence(seen, TITLE), facts)
    return _outcome(seen, Verdict.DECLINED, declined_sentence(problem, TITLE), facts)


def _is_believed(seen: Observation, problem: Problem) -> bool:
    """A refusal with a code of the gateway's about the order or its money. A conflict over the key is none: the first
    request may be at work this moment."""
    if not problem.stated or problem.code.startswith(DOUBTFUL_CODES):
        return False
    if seen.status in BELIEVED_STATUSES:
        return True
    return seen.status in {403, 409} and problem.code in BELIEVED_CODES


def _judge_answer(seen: Observation, instruction: Instruction) -> Outcome:
    if instruction.kind is Kind.CANCEL:
        return _judge_cancelled(seen, read_order(seen.body), instruction, asked=False)
    if instruction.kind is Kind.CAPTURE:
        payment = read_payment(seen.body)
        return _judge_entry(seen, payment, _facts_beside(payment), instruction)
    return _judge_entry(seen, read_refund(seen.body), Facts(), instruction)


def _judge_entry(seen: Observation, entry: Entry, facts: Facts, instruction: Instruction) -> Outcome:
    """A payment or a refund: its id, status, amount and currency must be there; what else it says must not differ."""
    facts = _entry_facts(facts, entry, instruction)
    owner, verdict = _expected(entry, instruction)
    if entry.owner and entry.owner != owner:
        return _contradiction(seen, facts, f"The answer speaks of {entry.owner} instead of {owner}.")
    if entry.reference and not _is_ours(entry, instruction):
        return _contradiction(seen, facts, "The answer carries the reference of something else.")
    if verdict is Verdict.DECLINED:
        return _outcome(seen, verdict, f"{TITLE} says {entry.status}: no money moved.", facts)
    if entry.amount is not None and entry.amount != instruction.amount:
        return _contradiction(seen, facts, f"{TITLE} names {entry.amount}; {instruction.amount} was asked for.")
    if verdict is Verdict.PENDING:
        return _outcome(seen, verdict, f"{TITLE} has taken it and says {entry.status}.", facts)
    missing = "status" if not entry.status else "readable amount" if entry.amount is None else ""
    if missing or not entry.id:
        reason = f"The answer has no {missing or 'readable id'}; read the order."
        return _outcome(seen, Verdict.UNKNOWN, reason, facts)
    return _outcome(seen, Verdict.SUCCEEDED, f"{TITLE} says {entry.status}.", facts)


def _expected(entry: Entry, instruction: Instruction) -> tuple[str, Verdict]:
    """Whose it should be, and what its status says."""
    if isinstance(entry, Payment):
        return instruction.transaction_reference, payment_verdict(entry.status)
    return instruction.capture_reference, refund_verdict(entry.status)


def _judge_cancelled(seen: Observation, order: Order, instruction: Instruction, *, asked: bool) -> Outcome:
    """The order's status is the evidence: canceled, or succeeded when a part had been captured (B.11 row 6)."""
    facts, word, rest = _cancel_facts(order), order.status.lower(), _rest_of(order)
    undone = _order_facts(order)
    if order.id != instruction.transaction_reference:
        return _contradiction(seen, facts, "The answer speaks of another order.")
    if word not in CANCELED and word != SUCCEEDED:
        return _judge_not_cancelled(seen, order, asked=asked)
    if rest is not None and rest.amount_minor == 0:
        reason = "The order is captured in full, so nothing was left to cancel. Refund it."
        return _outcome(seen, Verdict.DECLINED, reason, undone)
    if asked and has_run_out(order):
        return _judge_run_out(seen, order, undone)
    if rest is not None and rest != instruction.amount:
        return _contradiction(seen, facts, f"{rest} was released; {instruction.amount} was expected.")
    if rest is None and word == SUCCEEDED and order.amount == instruction.amount:
        # Nothing was captured as far as we know, and this status says that something was.
        return _outcome(seen, Verdict.UNKNOWN, f"{TITLE} says {order.status} without the payments; read it.", undone)
    return _outcome(seen, Verdict.SUCCEEDED, f"{TITLE} says {order.status}; what was not captured is released.", facts)


def _judge_run_out(seen: Observation, order: Order, facts: Facts) -> Outcome:
    """Nothing is held any more either way. With nothing captured nobody changes an order after its end; otherwise a
    refund may have, and then the time of the last change does not tell what released the rest."""
    if order.status.lower() in CANCELED:
        reason = "The authorization had run out by itself before it could be cancelled; nothing is held any more."
        return _outcome(seen, Verdict.DECLINED, reason, facts)
    reason = "The authorization has run out since, so what released the rest cannot be told; nothing is held any more."
    return _outcome(seen, Verdict.UNKNOWN, reason, facts)


def _judge_not_cancelled(seen: Observation, order: Order, *, asked: bool) -> Outcome:
    facts = _order_facts(order)
    if not order.status:
        return _outcome(seen, Verdict.UNKNOWN, "The answer gives no status of the order; read it again.", facts)
    if state_shown(order) is TransactionState.UNRECOGNISED:
        return _outcome(seen, Verdict.PENDING, f"{TITLE} says {order.status}, a word that is not known here.", facts)
    reason = f"{TITLE} says {order.status}: the order is not cancelled."
    return replace(_outcome(seen, Verdict.UNKNOWN, reason, facts), absent=asked)


def _rest_of(order: Order) -> Money | None:
    """What was never captured; None when the answer does not show it."""
    captured = order.captured
    if order.amount is None or captured is None:
        return None
    return Money(max(0, order.amount.amount_minor - captured), order.amount.currency)


def _shows_absence(order: Order, instruction: Instruction) -> bool:
    """Whether an order without our modification is evidence that the gateway does not have it: the place where it would
    stand is shown in full, and nothing nameless of the same amount stands there, for a field may be left out."""
    if not order.status:
        return False
    if instruction.kind is Kind.CAPTURE:
        return order.shows_payments and not _nameless(order.payments, instruction)
    drawn_on = [payment for payment in order.payments if payment.id == instruction.capture_reference]
    return any(payment.whole and not _nameless(payment.refunds, instruction) for payment in drawn_on)


def _nameless(entries: tuple[Entry, ...], instruction: Instruction) -> bool:
    return any(not entry.reference and entry.amount in (None, instruction.amount) for entry in entries)


def _is_ours(entry: Entry, instruction: Instruction) -> bool:
    return entry.reference.lower() == instruction.modification_id.lower()


def _facts_beside(payment: Payment) -> Facts:
    return _order_facts(payment.order) if payment.order is not None and payment.order.status else Facts()


def _order_facts(order: Order) -> Facts:
    return Facts(
        transaction_state=state_shown(order) if order.status else None,
        transaction_raw_status=order.status,
        transaction_status_at=order.updated_at,
        transaction_reference=order.id,
        warnings=order.warnings,
    )


def _entry_facts(facts: Facts, entry: Entry, instruction: Instruction) -> Facts:
    """Our id is the reference that comes home in the payout; an answer to us may leave it out."""
    return replace(
        facts,
        modification_id=entry.modification_id,
        amount=entry.amount,
        reference=instruction.modification_id,
        gateway_id=entry.id,
        raw_status=entry.status,
        at=entry.at,
        warnings=(*facts.warnings, *entry.warnings),
    )


def _cancel_facts(order: Order) -> Facts:
    return replace(
        _order_facts(order),
        amount=_rest_of(order),
        reference=order.id,
        gateway_id=order.id,
        raw_status=order.status,
        at=order.updated_at,
    )


def _contradiction(seen: Observation, facts: Facts, reason: str) -> Outcome:
    sentence = f"{reason} Somebody must look before money moves again."
    return _outcome(seen, Verdict.MISMATCH, sentence, facts, review=True)


def _outcome(
    seen: Observation, verdict: Verdict, reason: str, facts: Facts | None = None, *, review: bool = False
) -> Outcome:
    refused = seen.fault is None and refuses_key(seen)
    return judged(seen, verdict, reason, facts, title=TITLE, key_refused=refused, review=review)
