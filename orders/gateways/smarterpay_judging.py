"""Judges gateway C's answers: what one observation would mean for a modification if it were the only one."""

from __future__ import annotations

from dataclasses import replace

from orders.gateways.base import Facts, Instruction, Kind, Observation, Outcome, Verdict
from orders.gateways.exact_json import Unreadable
from orders.gateways.smarterpay_reading import Card, Result, read_cards, read_result
from orders.gateways.smarterpay_words import (
    ERROR,
    KEY_CODE,
    PAYMENT_TYPES,
    PENDING,
    SUCCESSFUL,
    TITLE,
    UNPROCESSED_CODES,
    verdict_of,
)
from orders.gateways.transport import (
    fault_sentence,
    is_redirect,
    is_success,
    judged,
    refusal_sentence,
    retry_after_seconds,
    status_sentence,
)

ACCEPTED = 202
REPLAY_HEADER = "idempotency-replay"
KEY_REFUSED = frozenset({401, 403})
DEFINITIVE_REFUSALS = frozenset({400, 404, 422})
WITH_OWN_AMOUNT = frozenset({Kind.CAPTURE, Kind.VOID, Kind.REFUND})

NO_WAY_TO_ASK = (
    f"{TITLE} cannot be asked about a single transaction. Word comes by webhook; its portal shows what happened."
)


def judge_send(seen: Observation, instruction: Instruction) -> Outcome:
    """What the answer to a send means. Success, refusal and “not sent” come from here and from webhooks alone."""
    outcome = _judge(seen, instruction)
    if not _is_replay(seen):
        return outcome
    warnings = (*outcome.facts.warnings, f"{TITLE} repeated its first answer to this key.")
    return replace(outcome, facts=replace(outcome.facts, warnings=warnings))


def judge_cards(seen: Observation, instruction: Instruction) -> Outcome:
    """What the list of cards hints at. Always UNKNOWN: it names no payment, so it neither proves nor disproves ours.

    It stands at another address than the money, so a refused key or a redirect there stops nothing.
    """
    return Outcome(
        verdict=Verdict.UNKNOWN,
        reason=f"{NO_WAY_TO_ASK} {_hint(seen, instruction.card_reference)}",
        retry_after_seconds=retry_after_seconds(seen.headers),
        observation=seen,
    )


def cannot_ask() -> Outcome:
    """The look-up of an account that has no address for lists."""
    return Outcome(verdict=Verdict.UNKNOWN, reason=f"{NO_WAY_TO_ASK} This account names no address for lists either.")


def _is_replay(seen: Observation) -> bool:
    """Kept with the evidence: it shows that the key is honoured, so that nothing was done twice (C.4)."""
    return any(name.lower() == REPLAY_HEADER and value.lower() == "true" for name, value in seen.headers.items())


def _judge(seen: Observation, instruction: Instruction) -> Outcome:
    if seen.fault is not None and not seen.sent:
        return _outcome(seen, Verdict.NOT_SENT, fault_sentence(seen))
    if seen.fault is not None or seen.status is None:
        return _outcome(seen, Verdict.UNKNOWN, fault_sentence(seen))
    result = _result_in(seen, instruction)
    if _is_key_refused(seen, result):
        return _judge_refused_key(seen, result)
    if is_success(seen):
        return _judge_success(seen, result, instruction)
    if seen.status in DEFINITIVE_REFUSALS:
        return _judge_refusal(seen, result, instruction)
    return _outcome(seen, Verdict.UNKNOWN, status_sentence(seen, TITLE), _facts(result, Verdict.UNKNOWN))


def _result_in(seen: Observation, instruction: Instruction) -> Result | None:
    try:
        return read_result(seen.body, currency=instruction.amount.currency)
    except Unreadable:
        return None


def _is_key_refused(seen: Observation, result: Result | None) -> bool:
    """A refused key can come in a normalised body, under any status that is no failure of the server (C.3)."""
    if seen.status in KEY_REFUSED:
        return True
    plausible = is_success(seen) or seen.status in DEFINITIVE_REFUSALS
    return plausible and result is not None and result.status.lower() == ERROR and result.code == KEY_CODE


def _judge_refused_key(seen: Observation, result: Result | None) -> Outcome:
    if result is not None and (result.status.lower() in {SUCCESSFUL, PENDING} or result.payment_id):
        reason = f"{refusal_sentence(seen, TITLE)[:-1]}, yet the answer speaks of a transaction; nobody can tell."
        return _outcome(seen, Verdict.UNKNOWN, reason, _facts(result, Verdict.UNKNOWN), key_refused=True)
    return _outcome(seen, Verdict.NOT_SENT, refusal_sentence(seen, TITLE), key_refused=True)


def _judge_success(seen: Observation, result: Result | None, instruction: Instruction) -> Outcome:
    contradiction = _contradiction(result, instruction) if result else ""
    if result and contradiction:
        return _mismatch(seen, result, contradiction)
    if result and _proves_nothing_happened(result):
        return _declined(seen, result)
    if seen.status == ACCEPTED:
        reason = f"{TITLE} has accepted it; the result comes by webhook."
        return _outcome(seen, Verdict.PENDING, reason, _facts(result, Verdict.PENDING))
    if result is None:
        return _outcome(seen, Verdict.UNKNOWN, f"HTTP {seen.status} came without a readable answer.")
    return _judge_result(seen, result, instruction)


def _judge_result(seen: Observation, result: Result, instruction: Instruction) -> Outcome:
    verdict = verdict_of(instruction.kind, result.status)
    if verdict is Verdict.DECLINED and (result.card_id or result.kind):
        return _declined(seen, result)
    if verdict is Verdict.PENDING:
        return _outcome(seen, verdict, f"{TITLE} has taken it and says {result.status}.", _facts(result, verdict))
    if verdict is Verdict.SUCCEEDED:
        return _judge_done(seen, result, instruction)
    return _outcome(seen, Verdict.UNKNOWN, _unclear_sentence(result), _facts(result, Verdict.UNKNOWN))


def _judge_done(seen: Observation, result: Result, instruction: Instruction) -> Outcome:
    if result.code in UNPROCESSED_CODES:
        reason = f"{TITLE} says {result.status} and names the error {result.code} at once; somebody must look."
        return _outcome(seen, Verdict.UNKNOWN, reason, _facts(result, Verdict.UNKNOWN), review=True)
    missing = _missing_fact(result, instruction)
    if missing:
        reason = f"{TITLE} says {result.status}, but the answer has no {missing}."
        return _outcome(seen, Verdict.UNKNOWN, reason, _facts(result, Verdict.UNKNOWN))
    return _outcome(seen, Verdict.SUCCEEDED, f"{TITLE} says {result.status}.", _facts(result, Verdict.SUCCEEDED))


def _missing_fact(result: Result, instruction: Instruction) -> str:
    """What a success must carry: card, payment type and the id of a payment that is new (decisions)."""
    if not result.card_id:
        return "card id"
    if not result.payment_type:
        return "payment type"
    known = {instruction.transaction_reference.lower(), instruction.capture_reference.lower()}
    return "" if result.payment_id and result.payment_id.lower() not in known else "new payment id"


def _contradiction(result: Result, instruction: Instruction) -> str:
    """A sentence when the answer is about something else than what was asked for; "" when nothing contradicts."""
    if result.card_id and result.card_id.lower() != instruction.card_reference.lower():
        return "The answer speaks of another card."
    asked = PAYMENT_TYPES[instruction.kind]
    if result.payment_type and result.payment_type.lower() != asked.lower():
        return f"{TITLE} calls it {result.payment_type[:40]}; {asked} was asked for."
    if instruction.kind in WITH_OWN_AMOUNT and result.amount not in (None, instruction.amount):
        return f"{TITLE} names {result.amount}; {instruction.amount} was asked for."
    return ""


def _judge_refusal(seen: Observation, result: Result | None, instruction: Instruction) -> Outcome:
    """A refusal is believed when the gateway itself says it, about nothing else, and made no transaction of it."""
    if result is None or not result.status:
        reason = f"HTTP {seen.status} came without a result that {TITLE} would send; a box in between may have sent it."
        return _outcome(seen, Verdict.UNKNOWN, reason)
    made_nothing = result.status.lower() == ERROR and not result.payment_id
    refused = made_nothing or verdict_of(instruction.kind, result.status) is Verdict.DECLINED
    if refused and not _contradiction(result, instruction):
        return _declined(seen, result)
    return _outcome(seen, Verdict.UNKNOWN, status_sentence(seen, TITLE), _facts(result, Verdict.UNKNOWN))


def _proves_nothing_happened(result: Result) -> bool:
    return result.status.lower() == ERROR and result.code in UNPROCESSED_CODES


def _declined(seen: Observation, result: Result) -> Outcome:
    code = result.failure_code
    said = ". ".join(filter(None, [result.details, f"Code {code}" if code else ""]))
    reason = f"{TITLE} declined it and moved no money: {(said or result.status)[:400]}."
    return _outcome(seen, Verdict.DECLINED, reason, _facts(result, Verdict.DECLINED))


def _mismatch(seen: Observation, result: Result, contradiction: str) -> Outcome:
    reason = f"{contradiction} Somebody must look before money moves again."
    return _outcome(seen, Verdict.MISMATCH, reason, _facts(result, Verdict.MISMATCH), review=True)


def _unclear_sentence(result: Result) -> str:
    if not result.status:
        return "The answer gives no status."
    said = f": {result.details[:300]}" if result.details else ""
    return f"{TITLE} says {result.status[:40]}, which does not tell whether the money moved{said}."


def _facts(result: Result | None, verdict: Verdict) -> Facts:
    """The new payment is reference and id at once: settlement files are assumed to carry it (C.7)."""
    if result is None:
        return Facts()
    well = verdict in (Verdict.SUCCEEDED, Verdict.PENDING)
    return Facts(
        amount=result.amount,
        reference=result.payment_id,
        gateway_id=result.payment_id,
        raw_status=result.status,
        failure_code="" if well else result.failure_code,
        failure_text="" if well else result.details,
        warnings=result.warnings,
    )


def _hint(seen: Observation, card_id: str) -> str:
    if seen.fault is not None:
        return f"The list of cards could not be read: {fault_sentence(seen)}"
    if is_redirect(seen) or not is_success(seen):
        return f"The list of cards could not be read: HTTP {seen.status}."
    try:
        card = next((line for line in read_cards(seen.body) if line.card_id.lower() == card_id.lower()), None)
    except Unreadable:
        return "The list of cards could not be read."
    return _card_sentence(card)


def _card_sentence(card: Card | None) -> str:
    if card is None:
        return "The list of cards does not show this card."
    shown = " ".join(filter(None, [card.transaction_type, card.status])) or "nothing of its transactions"
    return f"The list of cards shows {shown} for this card, which proves nothing."


def _outcome(
    seen: Observation,
    verdict: Verdict,
    reason: str,
    facts: Facts | None = None,
    *,
    review: bool = False,
    key_refused: bool = False,
) -> Outcome:
    return judged(seen, verdict, reason, facts, title=TITLE, key_refused=key_refused, review=review)
