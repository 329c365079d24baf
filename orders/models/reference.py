"""Every word by which an order can be found, in one indexed table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.lookups import BuiltinLookup

from orders.models.account import Merchant
from orders.models.order import Order

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

_LAST_CHARACTER = "\U0010ffff"


class ReferenceKind(models.TextChoices):
    """What a searchable word is."""

    ORDER = "order", "Order reference"
    TRANSACTION = "transaction", "Transaction id"
    PARTNER = "partner", "Partner reference"
    RECONCILIATION = "reconciliation", "Reconciliation reference"
    PAYMENT = "payment", "Payment reference"
    MODIFICATION = "modification", "Modification id"
    GATEWAY = "gateway", "Capture, cancel or refund id"
    CARD = "card", "Card record"
    EMAIL = "email", "E-mail"
    NAME = "name", "Name"


class Reference(models.Model):
    """A word in lower case that leads to an order. Exact ids open the order at once; prefixes list."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="references")
    kind = models.CharField(max_length=14, choices=ReferenceKind.choices)
    value = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "value"], name="a_word_leads_to_an_order_once"),
        ]
        indexes = [
            models.Index(fields=["value"], name="reference_prefix", opclasses=["varchar_pattern_ops"]),
            models.Index(
                fields=["merchant", "value"],
                name="reference_of_merchant",
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


@models.CharField.register_lookup
class Begins(BuiltinLookup):
    """`value__begins="abc"`: a prefix match that uses the index on both databases.

    PostgreSQL needs LIKE for its pattern index; SQLite's LIKE folds case and skips the index, so a range is asked for.
    """

    lookup_name = "begins"
    prepare_rhs = True

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """`LIKE 'abc%'` with the pattern characters taken literally."""
        left, parameters = self.process_lhs(compiler, connection)
        pattern = connection.ops.prep_for_like_query(str(self.rhs)) + "%"
        return f"{left} LIKE %s", [*parameters, pattern]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """`>= 'abc' AND < 'abc' + the last character there is`."""
        left, parameters = self.process_lhs(compiler, connection)
        prefix = str(self.rhs)
        return f"({left} >= %s AND {left} < %s)", [*parameters, prefix, *parameters, prefix + _LAST_CHARACTER]


def words_of_name(name: str) -> list[str]:
    """The name in lower case from each of its words on: “Jana Novák” is found by “jana n” and by “nov”."""
    words = name.lower().split()
    return [" ".join(words[start:]) for start in range(len(words))][:4]
