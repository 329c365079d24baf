"""Whether a movement that is told now is one that is stored already. The same money has other names in other places: a
settlement line has no modification id and often no gateway id, a gateway lists more than a line, a field may be left
out. Booked twice, it would be money that nobody moved; so names are compared, and not one key with another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.gateways.base import Movement
from orders.models import Capture, ExternalMovement, Source, Transaction

NEVER_OURS = frozenset({"chargeback", "settlement"})
"""What nobody asks for."""
_ID_MAXIMUM = 64
_TOLD = "told"
"""The fact of an adopted movement that its gateway has listed since: it has its own name and takes no other."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """All that tells one movement of a transaction and a kind from another."""

    kind: str
    given: str
    """The modification id that it was told under."""
    ids: frozenset[str]
    reference: str
    amount: int | None
    """Minor units; None where it was not said."""
    currency: str
    at: datetime | None
    from_line: bool
    """Known from a settlement line alone; its gateway has not told it."""


def names_of(movement: Movement, *, source: Source) -> Names:
    return Names(
        kind=movement.type,
        given=movement.modification_id,
        ids=_ids(movement),
        reference=movement.reference[:_ID_MAXIMUM],
        amount=movement.amount.amount_minor if movement.amount else None,
        currency=movement.amount.currency if movement.amount else "",
        at=movement.at,
        from_line=source == Source.SETTLEMENT,
    )


def names_of_row(row: ExternalMovement, transaction: Transaction) -> Names:
    return Names(
        kind=row.kind,
        given=_given(row, transaction),
        ids=_ids(row),
        reference=row.gateway_reference,
        amount=row.amount,
        currency=row.currency,
        at=row.moved_at,
        from_line=row.source == Source.SETTLEMENT and _TOLD not in row.facts,
    )


def _ids(known: Movement | ExternalMovement) -> frozenset[str]:
    """Gateway C gives every payment an id of each of its two generations."""
    ids = (known.gateway_id, str(known.facts.get("legacy_id") or ""))
    return frozenset(one[:_ID_MAXIMUM] for one in ids if one)


def _given(row: ExternalMovement, transaction: Transaction) -> str:
    """The modification id in its key; empty where the key is made of what else it has. Evidence against one of ours
    may be a line's, which says nothing of ids."""
    if row.modification_id is not None:
        return ""
    identity = row.key.removeprefix(f"{transaction.reference}:{row.kind}:")
    unnamed = identity.startswith("@") or identity == f"{row.gateway_reference}={row.amount}"
    return "" if unnamed or identity in (row.key, row.gateway_id) else identity


def same_id(stored: Names, told: Names) -> bool:
    """Whether both carry one id of their own; a chargeback may carry that of the capture it is about."""
    return bool(stored.ids & told.ids) and (stored.kind not in NEVER_OURS or _same_amount(stored, told))


def named_alike(stored: Names, told: Names) -> bool:
    """Whether both give a name that is the same, and none that tells them apart."""
    if stored.given and told.given and stored.given != told.given:
        return False
    if same_id(stored, told) or not _same_amount(stored, told):
        return same_id(stored, told)
    crossed = stored.reference in told.ids or told.reference in stored.ids
    if crossed and (stored.from_line or told.from_line):
        return True  # Gateway B's files give its id as the reference of what has none.
    own_ids_differ = bool(stored.ids and told.ids)
    return not own_ids_differ and stored.reference != "" and stored.reference == told.reference


def may_be_the_same(stored: Names, told: Names, payment_words: Collection[str]) -> bool:
    """Whether nothing tells them apart, where at least one of them is a line that does not say which movement it is."""
    if not (stored.from_line or told.from_line) or not _same_amount(stored, told) or told.amount is None:
        return False
    # Some files print the payment's own id in these columns; that is no name of one movement.
    ids = [one.ids - set(payment_words) for one in (stored, told)]
    references = [one.reference for one in (stored, told) if one.reference not in ("", *payment_words)]
    return not all(ids) and len(set(references)) < 2


def booked_before_it_moved(stored: Names, told: Names) -> bool:
    """Whether a line of that day cannot show what moved later; a day's grace, as nobody knows the file's time zone.

    Two lines say nothing of when it moved: a corrected file may book the same on another day.
    """
    if stored.from_line and told.from_line:
        return False
    line, other = (stored, told) if stored.from_line else (told, stored)
    return line.at is not None and other.at is not None and other.at.date() > line.at.date() + timedelta(days=1)


def _same_amount(stored: Names, told: Names) -> bool:
    return told.amount is None or (stored.amount, stored.currency) == (told.amount, told.currency)


def payment_words(transaction: Transaction) -> set[str]:
    """Ids of the payment as a whole."""
    words = {transaction.reference, transaction.partner_reference, transaction.payment_reference}
    return {*words, transaction.card_reference} - {""}


def named_twin(transaction: Transaction, told: Names, *, taken: Collection[int]) -> ExternalMovement | None:
    """The stored row that this movement is under another key. The transaction must be locked; `taken` are rows that
    another movement of the same reading is."""
    for row, names in _stored(transaction, told.kind):
        if named_alike(names, told) and (row.pk not in taken or same_id(names, told)):
            return row
    return None


def nameless_twin(
    transaction: Transaction, told: Names, *, taken: Collection[int], complete: bool
) -> ExternalMovement | None:
    """The row that a person adopted from a line which does not say which movement it is, when the gateway tells it for
    the first time. When the reading is not `complete`, what moved after the line was booked is a second movement."""
    if told.from_line:
        return None
    words = payment_words(transaction)
    possible = [
        (row, names)
        for row, names in _stored(transaction, told.kind)
        if row.pk not in taken and names.from_line and may_be_the_same(names, told, words)
    ]
    return _nearest(
        [(row, names) for row, names in possible if complete or not booked_before_it_moved(names, told)], told.at
    )


def _stored(transaction: Transaction, kind: str) -> list[tuple[ExternalMovement, Names]]:
    """Movements of a kind that this system does not know are told apart by their keys alone."""
    rows = ExternalMovement.objects.filter(transaction=transaction, kind=kind) if kind else []
    return [(row, names_of_row(row, transaction)) for row in rows]


def _nearest(found: Iterable[tuple[ExternalMovement, Names]], at: datetime | None) -> ExternalMovement | None:
    def distance(one: tuple[ExternalMovement, Names]) -> timedelta:
        return abs(one[1].at - at) if one[1].at and at else timedelta.max

    return min(found, key=distance, default=(None, None))[0]


def booked_twin(row: ExternalMovement, transaction: Transaction) -> ExternalMovement | None:
    """The booked row that is the same as this unbooked one of a modification of ours: adopted before the evidence
    against ours came."""
    told, words = names_of_row(row, transaction), payment_words(transaction)
    others = ExternalMovement.objects.filter(transaction=transaction, kind=row.kind, booked=True).exclude(pk=row.pk)
    for other in others.order_by("pk"):
        names = names_of_row(other, transaction)
        if named_alike(names, told) or (names.from_line and may_be_the_same(names, told, words)):
            return other
    return None


def learn(row: ExternalMovement, movement: Movement, *, key: str, source: Source) -> bool:
    """Keep the names that the row lacked, so that it is known by them the next time; whether there were any."""
    transaction = row.transaction
    stored, told = names_of_row(row, transaction), names_of(movement, source=source)
    before = (row.key, row.gateway_id, row.gateway_reference)
    if not stored.ids - payment_words(transaction):
        row.gateway_id = movement.gateway_id[:_ID_MAXIMUM] or row.gateway_id
    row.gateway_reference = row.gateway_reference or movement.reference[:_ID_MAXIMUM]
    first_told = not told.from_line and stored.from_line
    if row.modification_id is None and (first_told or (told.given and not stored.given)):
        row.key = key
    if first_told:
        row.facts = {**row.facts, _TOLD: key}
    changed = before != (row.key, row.gateway_id, row.gateway_reference)
    if changed or first_told:
        row.save(update_fields=["key", "gateway_id", "gateway_reference", "facts"])
    if row.kind == "capture" and row.booked and row.gateway_id != before[1]:
        _name_capture(row, old_id=before[1], old_reference=before[2])
    return changed


def _name_capture(row: ExternalMovement, *, old_id: str, old_reference: str) -> None:
    """A refund names the capture that it gives back."""
    captures = Capture.objects.filter(transaction_id=row.transaction_id, amount=row.amount)
    capture = captures.filter(gateway_id=old_id, gateway_reference=old_reference).order_by("pk").first()
    if capture is not None and not captures.filter(gateway_id=row.gateway_id).exists():
        capture.gateway_id, capture.gateway_reference = row.gateway_id, row.gateway_reference
        capture.save(update_fields=["gateway_id", "gateway_reference"])
