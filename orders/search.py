"""Finding orders by any word: an exact reference leads to its order, anything else lists what begins so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy

from orders.models import Order, Reference, ReferenceKind

WORDS_LOOKED_AT = 1000
"""A short beginning may match a million words; only so many are looked at, and the page says so."""
TEXT_MAXIMUM = 200


@dataclass(frozen=True)
class Search:
    """What was typed, made comparable: `text` is in lower case without surrounding space; empty finds nothing."""

    typed: str
    text: str
    problem: str = ""


class PatternOrder(OrderBy):
    """The order of the prefix index on PostgreSQL, so that a bounded look walks the index and never the table.

    The direction stands in a comment: Django's compiler looks for the word, PostgreSQL takes none after USING.
    """

    def as_postgresql(self, compiler, connection, **context):  # type: ignore[no-untyped-def]
        return self.as_sql(compiler, connection, template="%(expression)s USING ~<~ /* ASC */", **context)


def read_search(typed: str) -> Search:
    """Whatever was typed or pasted; too long or unprintable text gets a sentence instead of an error."""
    text = " ".join(typed.replace("\0", " ").split()).lower()
    if len(text) > TEXT_MAXIMUM:
        return Search(
            typed[:TEXT_MAXIMUM], "", f"References, e-mails and names are shorter than {TEXT_MAXIMUM} characters."
        )
    return Search(typed[:TEXT_MAXIMUM], text)


def exact_order(text: str, *, merchants: Collection[int] | None) -> int | None:
    """The id of the one visible order that this word names in full; None when there is none or more than one.

    A name is no reference: “jana” must list Jana Novák too, even if somebody is called just Jana.
    """
    named = _words(merchants).filter(value=text).exclude(kind=ReferenceKind.NAME.value)
    words = named.values_list("order_id", flat=True).distinct()
    found = list(words[:2])
    return found[0] if len(found) == 1 else None


def orders_beginning(text: str, *, merchants: Collection[int] | None) -> QuerySet[Order]:
    """Orders with a word that begins so, among the first WORDS_LOOKED_AT words; the caller orders and cuts."""
    words = _words(merchants).filter(value__begins=text).order_by(PatternOrder(F("value")))
    return Order.objects.filter(pk__in=words.values("order_id")[:WORDS_LOOKED_AT])


def _words(merchants: Collection[int] | None) -> QuerySet[Reference]:
    """Only words of these merchants' orders; of all for a superuser (None)."""
    return Reference.objects.all() if merchants is None else Reference.objects.filter(merchant_id__in=merchants)
