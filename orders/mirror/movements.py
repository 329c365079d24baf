"""The movements a gateway lists beside ours: stored once, booked when they fit, and frozen when they do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from orders import announce
from orders.gateways.base import Kind, Movement, Verdict
from orders.mirror.booking import MOVES_MONEY, book
from orders.mirror.freezing import freeze
from orders.mirror.same import NEVER_OURS, booked_twin, learn, named_twin, nameless_twin, names_of
from orders.models import ExternalMovement, Modification, ModificationState, Source, Transaction
from orders.money import Money

_KEY_MAXIMUM = 160
_REASON_MAXIMUM = 300
_UNMOVED = frozenset({Verdict.DECLINED, Verdict.UNKNOWN})
_DONE_AS = {Kind.CANCEL_OR_REFUND: {"cancel", "refund"}, Kind.VOID: {"void", "refund"}}


@dataclass(kw_only=True)
class Adoption:
    """One reading of a transaction's movements; `changes` are sentences for the audit log."""

    transaction: Transaction
    now: datetime
    source: Source
    quiet: bool
    """The first sight of a transaction: its history is not news and freezes nothing that fits the books."""
    complete: bool
    """Whether the gateway listed everything that moved, and not one thing."""
    held: ExternalMovement | None = None
    """The stored row that the only movement is, where the caller knows."""
    changes: list[str] = field(default_factory=list)


def adopt(adoption: Adoption, movements: Iterable[Movement]) -> None:
    """Store and book what is not ours; changes the transaction without saving. The row must be locked."""
    ours = list(Modification.objects.filter(transaction=adoption.transaction))
    listed = list(movements)
    _book_what_waits(adoption)
    foreign = list[Movement]()
    for movement in listed:
        modification = _named(movement, ours) or _nameless(movement, ours)
        if modification is None:
            foreign.append(movement)
        elif _is_another_deed(movement, modification, listed):
            foreign.append(replace(movement, modification_id=""))
        elif modification.finished:
            _compare(adoption, movement, modification)
    _adopt_all(adoption, [one for one in foreign if _has_moved(one)])


def named_by(movement: Movement) -> UUID | None:
    """The id of the modification of ours that this movement carries out, as far as it says; a chargeback or settlement
    may carry the id of what it is about, and is none of ours for that."""
    if movement.type in NEVER_OURS:
        return None
    try:
        return UUID(movement.modification_id)
    except ValueError:
        return None


def may_be_ours(movement: Movement, transaction: Transaction) -> bool:
    """Whether it names nobody and one of ours that does the same has no end yet: who asked for it shows later."""
    return any_may_be_ours([movement], transaction)


def any_may_be_ours(movements: Iterable[Movement], transaction: Transaction) -> bool:
    """The same of any among these."""
    open_ones = list(Modification.objects.filter(transaction=transaction, finished_at__isnull=True))
    return any(_nameless(one, open_ones) is not None for one in movements)


def _named(movement: Movement, ours: Iterable[Modification]) -> Modification | None:
    name = named_by(movement)
    return next((one for one in ours if one.pk == name), None)


def _nameless(movement: Movement, ours: Iterable[Modification]) -> Modification | None:
    """Fields may be left out or renamed (seed 000): without an id it is ours when the gateway's own ids say so, and may
    be ours, so that it is not a stranger's yet, while one of its kind is open."""
    if movement.modification_id or movement.type in NEVER_OURS:
        return None
    alike = [one for one in ours if movement.type in _DONE_AS.get(Kind(one.kind), {one.kind})]
    told = (one for one in alike if not one.finished or _has_the_ids_of(movement, one))
    return next(told, None)


def _is_another_deed(movement: Movement, modification: Modification, listed: Iterable[Movement]) -> bool:
    """A portal lets people copy references: ours has succeeded, and this is something else under its id; the gateway
    shows another kind of deed, or shows ours beside it."""
    if modification.state != ModificationState.SUCCEEDED:
        return False
    if movement.type and movement.type not in _DONE_AS.get(Kind(modification.kind), {modification.kind}):
        return True
    own_id = modification.gateway_id
    other_id = movement.gateway_id[:64] not in ("", own_id)
    return other_id and any(one.gateway_id == own_id and one.type == movement.type for one in listed)


def _has_the_ids_of(movement: Movement, modification: Modification) -> bool:
    if movement.gateway_id and modification.gateway_id:
        return movement.gateway_id == modification.gateway_id
    amount = movement.amount.amount_minor if movement.amount else modification.amount
    same_reference = movement.reference != "" and movement.reference == modification.gateway_reference
    return same_reference and amount == (modification.executed_amount or modification.amount)


def _has_moved(movement: Movement) -> bool:
    """A pending or refused one has moved nothing yet; the transaction's facts keep it."""
    known_and_open = movement.type and movement.verdict is Verdict.PENDING
    return not (movement.verdict in _UNMOVED or known_and_open or movement.raw_status.upper().endswith("_PENDING"))


def _adopt_all(adoption: Adoption, foreign: list[Movement]) -> None:
    """First what is known by its names: of two alike, the one that has none is then the other."""
    unknown, taken = foreign, set[int]()
    for look in (_known_by_key, _known_by_name, _known_without_name):
        still = list[Movement]()
        for movement in unknown:
            row = look(adoption, movement, taken)
            if row is None:
                still.append(movement)
            else:
                taken.add(row.pk)
                _learn(adoption, row, movement)
        unknown = still
    for movement in unknown:
        stored = None if _known_by_name(adoption, movement, taken) else _adopt_foreign(adoption, movement)
        taken |= {stored.pk} if stored else set()


def _known_by_key(adoption: Adoption, movement: Movement, taken: set[int]) -> ExternalMovement | None:
    return adoption.held or _place(adoption.transaction, movement)[1]


def _known_by_name(adoption: Adoption, movement: Movement, taken: set[int]) -> ExternalMovement | None:
    return named_twin(adoption.transaction, names_of(movement, source=adoption.source), taken=taken)


def _known_without_name(adoption: Adoption, movement: Movement, taken: set[int]) -> ExternalMovement | None:
    told = names_of(movement, source=adoption.source)
    return nameless_twin(adoption.transaction, told, taken=taken, complete=adoption.complete)


def _learn(adoption: Adoption, row: ExternalMovement, movement: Movement) -> None:
    row.transaction = adoption.transaction
    key = _free_key(adoption.transaction, movement) or row.key
    if learn(row, movement, key=key, source=adoption.source):
        what = f"The {row.kind} of {Money(row.amount, row.currency)}"
        adoption.changes.append(f"{what} that our books hold already has further names now.")


def _adopt_foreign(adoption: Adoption, movement: Movement) -> ExternalMovement | None:
    stored = _store(adoption, movement, modification=None)
    if stored is None:
        return None
    if not stored.booked:
        sentence = f"{_what(stored)} at the gateway without us and does not fit our books: "
        freeze(adoption.transaction, sentence + stored.unbooked_reason, source=adoption.source)
    elif stored.kind == "chargeback" and not adoption.quiet:
        sentence = f"{_what(stored)} at the gateway; no further refund before somebody has looked."
        freeze(adoption.transaction, sentence, source=adoption.source)
    return stored


def _compare(adoption: Adoption, movement: Movement, modification: Modification) -> None:
    """A finished row never changes; another amount than it ended with is stored beside it, once, and freezes."""
    of_amount = (
        modification.kind in (Kind.CAPTURE, Kind.VOID, Kind.REFUND)
        and modification.state == ModificationState.SUCCEEDED
    )
    expected = Money(modification.executed_amount or modification.amount, modification.currency)
    if not of_amount or movement.verdict is not Verdict.SUCCEEDED or movement.amount in (None, expected):
        return
    sentence = (
        f"Our {modification.kind} of {expected} had succeeded, but the gateway now says it was {movement.amount}."
    )
    if _store(adoption, movement, modification=modification, refusal=sentence) is not None:
        freeze(adoption.transaction, sentence, source=adoption.source)


def _store(
    adoption: Adoption, movement: Movement, *, modification: Modification | None, refusal: str = ""
) -> ExternalMovement | None:
    """The new row, booked or with the reason why not; None when it is already there."""
    transaction = adoption.transaction
    key = _free_key(transaction, movement)
    if key is None:
        return None
    releasing = transaction.open_to_capture
    reason = refusal or book(transaction, movement, now=adoption.now)
    stored = ExternalMovement.objects.create(
        account_id=transaction.account_id,
        transaction=transaction,
        modification=modification,
        kind=movement.type or "unknown",
        amount=_amount(movement, releasing),
        currency=movement.amount.currency if movement.amount else transaction.currency,
        key=key,
        gateway_reference=movement.reference[:64],
        gateway_id=movement.gateway_id[:64],
        gateway_status=movement.raw_status[:60],
        source=adoption.source,
        facts=dict(movement.facts),
        moved_at=movement.at,
        seen_at=adoption.now,
        booked=not reason,
        unbooked_reason=reason[:_REASON_MAXIMUM],
    )
    adoption.changes.append(f"{_what(stored)} at the gateway{'' if stored.booked else ', not booked'}.")
    if stored.kind == "chargeback":
        more = {"amount": stored.amount, "gateway_reference": stored.gateway_reference}
        told = announce.about_transaction(transaction, "charged_back", key=key, at=adoption.now, more=more)
        announce.announce([told])
    return stored


def _book_what_waits(adoption: Adoption) -> None:
    """What did not fit earlier may fit now, because a reservation of ours was released. The freeze stays.

    What the gateway did although our own row ended as failed is among it; what contradicts a success is not.
    """
    transaction = adoption.transaction
    waiting = ExternalMovement.objects.filter(transaction=transaction, booked=False, kind__in=[*MOVES_MONEY, "cancel"])
    for row in waiting.exclude(modification__state=ModificationState.SUCCEEDED):
        twin = booked_twin(row, transaction) if row.modification_id is not None else None
        if twin is not None:
            _leave_beside(row, twin)
        elif not book(transaction, _movement_of(row), now=adoption.now):
            row.booked, row.unbooked_reason = True, ""
            row.save(update_fields=["booked", "unbooked_reason"])
            adoption.changes.append(f"{_what(row)} at the gateway earlier and now fits our books.")


def _leave_beside(row: ExternalMovement, twin: ExternalMovement) -> None:
    """Booked as well, it would be money that nobody moved; the payment is frozen, and two people look."""
    reason = f"It is booked already, as movement {twin.pk}, which was adopted before the gateway told of it."
    if row.unbooked_reason != reason:
        row.unbooked_reason = reason
        row.save(update_fields=["unbooked_reason"])


def _movement_of(row: ExternalMovement) -> Movement:
    return Movement(
        type=row.kind,
        raw_type=row.kind,
        modification_id="",
        amount=Money(row.amount, row.currency) if row.amount else None,
        reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        raw_status=row.gateway_status,
        verdict=Verdict.SUCCEEDED,
        at=row.moved_at,
    )


def _amount(movement: Movement, releasing: int) -> int:
    if movement.amount is None:
        return releasing if movement.type == "cancel" else 0
    return max(0, movement.amount.amount_minor)


def _free_key(transaction: Transaction, movement: Movement) -> str | None:
    """The key to store it under; None when it is stored already."""
    key, known = _place(transaction, movement)
    return key if known is None else None


def _place(transaction: Transaction, movement: Movement) -> tuple[str, ExternalMovement | None]:
    """Its key, and what is stored there. A shop may give one reference to several movements: the gateway's own ids then
    tell them apart."""
    key, own_id = _key(transaction, movement), movement.gateway_id[:64]
    known = ExternalMovement.objects.filter(account_id=transaction.account_id, key=key).first()
    if known is not None and own_id and known.gateway_id not in ("", own_id):
        key = _key(transaction, replace(movement, modification_id=""))
        known = ExternalMovement.objects.filter(account_id=transaction.account_id, key=key).first()
    return key, known


def _key(transaction: Transaction, movement: Movement) -> str:
    """One movement is one key, however often it is read; the type, because a gateway may reuse an id across types."""
    # A time of its own would change with its status; the amount tells captures of one reference apart.
    amount = movement.amount.amount_minor if movement.amount else ""
    moment = movement.at.isoformat() if movement.at else ""
    unnamed = f"{movement.reference}={amount}" if movement.reference else f"@{moment}"
    identity = movement.modification_id or movement.gateway_id or unnamed
    return f"{transaction.reference}:{movement.type or movement.raw_type}:{identity}"[:_KEY_MAXIMUM]


def _what(row: ExternalMovement) -> str:
    verb = {"capture": "captured", "refund": "refunded", "cancel": "cancelled", "chargeback": "charged back"}
    if row.kind == "settlement":
        return f"{Money(row.amount, row.currency)} was settled"
    return f"{Money(row.amount, row.currency)} was {verb.get(row.kind, 'moved in an unknown way')}"
