"""Writing down the words by which an order can be found; `models/reference.py` says how they are searched."""

from __future__ import annotations

from collections.abc import Iterable

from orders.models import Order, Reference, ReferenceKind
from orders.models.reference import words_of_name

Word = tuple[ReferenceKind, str]
_VALUE_MAXIMUM = 255


def note_words(order: Order, words: Iterable[Word]) -> None:
    """Keep each word once, in lower case, in the caller's database transaction; empty ones are left out."""
    rows = [
        Reference(merchant_id=order.merchant_id, order=order, kind=kind, value=value)
        for kind, value in sorted(plain_words(words))
    ]
    Reference.objects.bulk_create(rows, ignore_conflicts=True)


def plain_words(words: Iterable[Word]) -> set[tuple[str, str]]:
    """Kind and word as they are stored and searched: lower case, at most as long as the column."""
    return {(kind.value, value.strip().lower()[:_VALUE_MAXIMUM]) for kind, value in words if value.strip()}


def words_of_customer(*, name: str, email: str) -> list[Word]:
    """The e-mail address, and the name from each of its words on."""
    return [(ReferenceKind.EMAIL, email), *((ReferenceKind.NAME, word) for word in words_of_name(name))]
