"""The words in our addresses: `/transactions/42/refunds/`, a row and a noun instead of a verb."""

from __future__ import annotations

from django.urls.converters import IntConverter

from orders.gateways.base import Kind

NOUNS = {
    "captures": Kind.CAPTURE,
    "cancellations": Kind.CANCEL,
    "reversals": Kind.CANCEL_OR_REFUND,
    "voids": Kind.VOID,
    "refunds": Kind.REFUND,
}
_OF_KIND = {kind: noun for noun, kind in NOUNS.items()}


class KindConverter:
    """`<kind:kind>` in an address: one of the nouns."""

    regex = "|".join(NOUNS)

    def to_python(self, value: str) -> Kind:
        """`refunds` is a refund."""
        return NOUNS[value]

    def to_url(self, value: Kind | str) -> str:
        """A refund lives under `refunds`."""
        return _OF_KIND[Kind(value)]


class RowConverter(IntConverter):
    """`<row:order_id>`: a row's number; one that no database can hold is no address of ours."""

    regex = "[0-9]{1,18}"
