"""One event of a webhook: settle what is ours, book what is not, read what is only a hint, take over what is new."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from orders.database import database_now
from orders.gateways.base import Fetched, Kind, Outcome, Told, Verdict
from orders.inbox.matching import is_a_copy, match, stands_elsewhere
from orders.inbox.naming import may_be_ours, name_by, waits_for_a_name
from orders.mirror.collecting import NotCollected, take_in
from orders.mirror.fetching import Place, fetch, find, place_of
from orders.mirror.refresh import refresh_transaction
from orders.mirror.told import take_movement
from orders.mirror.waiting import NotYet, look_again
from orders.models import EvidenceSource, GatewayAccount, InboxState, Modification, Source, Transaction
from orders.modifications.breaker import pause_by_machine
from orders.modifications.resolve import apply_evidence
from orders.modifications.rules import VERBS
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The delivery an event came in. `patient`: what does not fit yet may fit when its neighbours have arrived."""

    account: GatewayAccount
    signed: bool
    received_at: datetime
    patient: bool


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an event; the sentence is for staff."""

    state: InboxState
    sentence: str
    transaction: Transaction | None = None
    modification: Modification | None = None


def take_event(told: Told, arrival: Arrival) -> Result:
    """Do what the event asks for; safe to do again. Uses the network, so no database transaction may be open."""
    if not told.known:
        return Result(state=InboxState.IGNORED, sentence=told.summary)
    found = match(arrival.account, told)
    if arrival.signed and told.outcome is not None and found.modification is not None:
        return _settle(told, told.outcome, found.modification, arrival)
    place = place_of(arrival.account)
    if found.transaction is None:
        return _newcomer(told, arrival, place)
    if place.capability.reads:
        return replace(_read(found.transaction, arrival), modification=found.modification)
    if not arrival.signed:
        return Result(
            state=InboxState.IGNORED,
            sentence="Its sender is not proved and the gateway cannot be asked, so nothing was changed. "
            "Set this account’s webhook secret; what comes afterwards is believed.",
            transaction=found.transaction,
        )
    if told.snapshot is not None:
        return _take_in(told, arrival)
    return _book(told, found.transaction, arrival)


# What is ours.


def _settle(told: Told, outcome: Outcome, modification: Modification, arrival: Arrival) -> Result:
    elsewhere = stands_elsewhere(told, modification)
    if elsewhere and outcome.verdict is Verdict.DECLINED:
        said = f"{elsewhere} What was refused there says nothing about ours; nothing changed."
        return Result(state=InboxState.DONE, sentence=said, modification=modification)
    if elsewhere and outcome.verdict is Verdict.SUCCEEDED:
        outcome = replace(outcome, verdict=Verdict.MISMATCH, reason=elsewhere, review=True)
    changed = apply_evidence(
        modification_id=modification.pk, outcome=outcome, source=EvidenceSource.WEBHOOK, source_key=told.key
    )
    modification.refresh_from_db()
    said = _ending(modification) if changed else _echo(modification, outcome)
    if modification.finished and outcome.verdict is Verdict.SUCCEEDED:
        try:
            said = _compare(told, modification, said)
        except NotYet as waits:
            said = f"{said} {waits}"
            return Result(
                state=InboxState.UNMATCHED,
                sentence=said,
                transaction=modification.transaction,
                modification=modification,
            )
    if changed:
        look_again(arrival.account.pk)
    return Result(state=InboxState.DONE, sentence=said, transaction=modification.transaction, modification=modification)


def _compare(told: Told, modification: Modification, said: str) -> str:
    """A finished row never changes; another amount than it ended with is kept beside it and freezes the transaction.

    Another payment under its name is booked like any that we did not ask for. Raises NotYet while it may be of one of
    ours that has no end.
    """
    if told.movement is None:
        return said
    copied = is_a_copy(told, modification)
    movement = replace(told.movement, modification_id="" if copied else str(modification.pk))
    compared = take_movement(
        transaction_id=modification.transaction_id, movement=movement, source=Source.WEBHOOK, patient=False
    )
    return f"{said} {compared.sentence}" if compared.changed else said


def _ending(modification: Modification) -> str:
    return f"{_what(modification)} is now: {modification.get_state_display().lower()}. {modification.reason_text}"


def _echo(modification: Modification, outcome: Outcome) -> str:
    if modification.finished:
        return f"{_what(modification)} had ended before; nothing changed."
    if outcome.verdict is Verdict.PENDING:
        return f"{_what(modification)} is still on its way at the gateway; nothing changed."
    return f"It settles nothing: {outcome.reason} {_what(modification)} stays as it is."


def _what(modification: Modification) -> str:
    return f"Our {VERBS[Kind(modification.kind)]} of {Money(modification.amount, modification.currency)}"


# What is not ours.


def _book(told: Told, transaction: Transaction, arrival: Arrival) -> Result:
    if told.movement is None:
        return Result(state=InboxState.DONE, sentence="It tells of nothing that moved.", transaction=transaction)
    try:
        booked = take_movement(
            transaction_id=transaction.pk, movement=told.movement, source=Source.WEBHOOK, patient=arrival.patient
        )
    except NotYet as waits:
        return Result(state=InboxState.UNMATCHED, sentence=str(waits), transaction=transaction)
    if booked.changed:
        look_again(arrival.account.pk)
    return Result(state=InboxState.DONE, sentence=booked.sentence, transaction=transaction)


def _read(transaction: Transaction, arrival: Arrival) -> Result:
    """Ask the gateway, unless it was asked after the webhook had come."""
    if transaction.refreshed_at is not None and transaction.refreshed_at >= arrival.received_at:
        said = "The gateway was read after this had come."
        return Result(state=InboxState.DONE, sentence=said, transaction=transaction)
    now = database_now()
    if arrival.account.breaker_until is not None and arrival.account.breaker_until > now:
        Transaction.objects.filter(pk=transaction.pk).update(refresh_due_at=now)
        said = "The gateway does not answer at the moment; it is read by itself as soon as it does."
        return Result(state=InboxState.DONE, sentence=said, transaction=transaction)
    result = refresh_transaction(transaction_id=transaction.pk, source=Source.WEBHOOK)
    said = f"{result.problem} It is asked again by itself." if result.problem else result.sentence
    return Result(state=InboxState.DONE, sentence=said, transaction=transaction)


# What is new.

_NOT_COLLECTED = "It is about no payment that is known here, and the account is set not to collect."


def _newcomer(told: Told, arrival: Arrival, place: Place) -> Result:
    if not arrival.account.collects and not waits_for_a_name(arrival.account):
        return _unmatched(_NOT_COLLECTED)
    if place.capability.reads:
        return _find_and_take_in(told, arrival, place)
    if arrival.signed and told.snapshot is not None:
        return _take_in(told, arrival)
    return _unmatched("It is about no payment that is known here yet.")


def _find_and_take_in(told: Told, arrival: Arrival, place: Place) -> Result:
    fetched = _found_at_gateway(told, place)
    if fetched is None:
        return _unmatched("It names no payment.")
    if fetched.pause_account:
        pause_by_machine(place.account_id, fetched.pause_account, database_now())
    if fetched.snapshot is None:
        said = "The gateway does not know this payment either." if fetched.missing else fetched.reason
        return _unmatched(f"It is about no payment that is known here. {said}")
    ours = name_by(arrival.account, fetched.snapshot)
    if ours is not None:
        return _named(ours, arrival)
    perhaps = may_be_ours(arrival.account, fetched.snapshot)
    if perhaps is not None:
        return Result(state=InboxState.UNMATCHED, sentence=_perhaps(perhaps), modification=perhaps)
    if not arrival.account.collects:
        return _unmatched(_NOT_COLLECTED)
    return _take_in(replace(told, snapshot=fetched.snapshot), arrival)


def _perhaps(ours: Modification) -> str:
    return (
        f"It may be the new payment that we asked for as order {ours.transaction.order.reference}: the gateway leaves "
        "out under which partner reference it was made. Compare the two at its portal, then enter the transactionId."
    )


def _named(ours: Modification, arrival: Arrival) -> Result:
    """The new payment that we had asked for; what became of its money is read now that it has a name."""
    transaction = Transaction.objects.get(pk=ours.transaction_id)
    said = _ending(ours)
    if not transaction.named:
        return Result(state=InboxState.DONE, sentence=said, transaction=transaction, modification=ours)
    read = _read(transaction, arrival)
    look_again(arrival.account.pk)
    return replace(read, sentence=f"{said} {read.sentence}", modification=ours)


def _found_at_gateway(told: Told, place: Place) -> Fetched | None:
    """The payment by its own id, else the one that a capture or refund belongs to; None when nothing is named."""
    if told.transaction_reference:
        amount = told.snapshot.amount if told.snapshot else None
        return fetch(place, told.transaction_reference, currency=amount.currency if amount else "")
    answers = (find(place, gateway_id) for gateway_id in told.gateway_ids)
    last = None
    for fetched in answers:
        last = fetched
        if fetched.snapshot is not None:
            break
    return last


def _take_in(told: Told, arrival: Arrival) -> Result:
    assert told.snapshot is not None
    try:
        taken = take_in(arrival.account, told.snapshot, source=Source.WEBHOOK)
    except NotYet as waits:
        return _unmatched(str(waits))
    except NotCollected as refusal:
        return Result(state=InboxState.FAILED, sentence=str(refusal))
    if taken.changed:
        look_again(arrival.account.pk)
    transaction = Transaction.objects.get(pk=taken.transaction_id)
    return Result(state=InboxState.DONE, sentence=taken.sentence, transaction=transaction)


def _unmatched(sentence: str) -> Result:
    return Result(state=InboxState.UNMATCHED, sentence=sentence)
