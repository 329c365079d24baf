"""Writing down the words by which an order can be found; `models/reference.py` says how they are searched."""

from __future__ import annotations

from collections.abc import Iterable

from orders.models import Order, Reference, ReferenceKind
from orders.models.reference import words_of_name

Word = tuple[ReferenceKind, str]
_VALUE_MAXIMUM = 255


def note_words(order: Order, words: Iterable[Word]) -> None:
    """Keep each word once, in lower case, in the caller's database transaction; empty ones are left out."""
    Reference.objects.bulk_create(references(order, words), ignore_conflicts=True)


def references(order: Order, words: Iterable[Word]) -> list[Reference]:
    """The rows for these words, unsaved and without repetition; for bulk writers."""
    plain = {(kind, value.strip().lower()[:_VALUE_MAXIMUM]) for kind, value in words if value.strip()}
    return [
        Reference(merchant_id=order.merchant_id, order=order, kind=kind.value, value=value)
        for kind, value in sorted(plain)
    ]


def words_of_customer(*, name: str, email: str) -> list[Word]:
    """The e-mail address, and the name from each of its words on."""
    return [(ReferenceKind.EMAIL, email), *((ReferenceKind.NAME, word) for word in words_of_name(name))]
