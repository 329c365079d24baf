"""The words a person may add to a modification: a reason from the list, a description, three custom references."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from orders.gateways.base import Capability, Kind
from orders.modifications.refusals import NotAllowed

DESCRIPTION_MAXIMUM = 127
CUSTOM_REFERENCE_MAXIMUM = 255
CUSTOM_REFERENCES = frozenset({"custom1", "custom2", "custom3"})
REASONS: tuple[tuple[str, str], ...] = (
    ("customer_request", "Customer asked for it"),
    ("returned", "Goods returned"),
    ("out_of_stock", "Out of stock"),
    ("shipped", "Goods shipped"),
    ("duplicate", "Duplicate order"),
    ("fraud", "Suspected fraud"),
    ("price", "Price or discount corrected"),
    ("other", "Other"),
)
# Control characters and halves of surrogate pairs: databases and gateways refuse them, each in its own way.
_UNSPEAKABLE = frozenset({"Cc", "Cs"})


def check_words(*, reason: str, description: str, custom_references: Mapping[str, str]) -> None:
    """Raises NotAllowed for what is too long, unknown, or cannot be written down."""
    if len(description) > DESCRIPTION_MAXIMUM:
        raise NotAllowed(
            f"The description has {len(description)} characters; the gateway takes {DESCRIPTION_MAXIMUM}. "
            "Nothing was sent; shorten it.",
            code="description",
        )
    if _is_unspeakable(description):
        raise NotAllowed(
            "The description holds a line break or another control character. Nothing was sent; remove it.",
            code="description",
        )
    if reason and reason not in dict(REASONS):
        raise NotAllowed("This reason is not on the list. Nothing was sent; choose one.", code="reason")
    _check_custom_references(custom_references)


def offers_release(kind: Kind, capability: Capability) -> bool:
    """Whether the person who asks decides what becomes of the part that is not captured."""
    return kind is Kind.CAPTURE and capability.remainder_choice


def check_choices(kind: Kind, capability: Capability, *, release_rest: bool, customer_may_see: bool) -> None:
    """Raises NotAllowed for a choice that this gateway does not leave to us: it would be made and not carried out."""
    if release_rest and not offers_release(kind, capability):
        raise NotAllowed(
            "Nobody is asked here what becomes of the part that is not captured. Nothing was sent; ask without "
            "releasing the rest.",
            code="release_rest",
        )
    if customer_may_see and not capability.shows_description:
        raise NotAllowed(
            "This gateway shows no description to the shopper. Nothing was sent; ask without that choice.",
            code="customer_may_see",
        )


def _check_custom_references(custom_references: Mapping[str, str]) -> None:
    too_long = any(len(value) > CUSTOM_REFERENCE_MAXIMUM for value in custom_references.values())
    if too_long or not custom_references.keys() <= CUSTOM_REFERENCES:
        raise NotAllowed(
            f"A custom reference takes {CUSTOM_REFERENCE_MAXIMUM} characters and there are three. Nothing was sent.",
            code="custom_references",
        )
    if any(_is_unspeakable(value) for value in custom_references.values()):
        raise NotAllowed(
            "A custom reference holds a line break or another control character. Nothing was sent; remove it.",
            code="custom_references",
        )


def _is_unspeakable(text: str) -> bool:
    return any(unicodedata.category(character) in _UNSPEAKABLE for character in text)
