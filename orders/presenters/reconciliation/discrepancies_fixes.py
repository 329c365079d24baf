"""The prepared fixes of a discrepancy as its page shows them: each with what the books would be, and what was typed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib.auth.models import User

from orders.models import Discrepancy
from orders.modifications.preview import Preview
from orders.reconciliation.discrepancies.fix_facts import Fix
from orders.reconciliation.discrepancies.fix_offers import Offer, offers

_ID_HINTS = {
    True: "The modification’s id, or the number of an external movement.",
    False: "The number of the line, as its page’s address shows it.",
}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What somebody sent for one fix, and why it was not done."""

    code: str
    reason: str = ""
    other: str = ""
    other_id: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class ChoiceShown:
    """One thing that the other side may be; `value` goes into the form."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class FixCard:
    """One fix. `opened` says whether its fold stands open when the page is drawn."""

    code: str
    title: str
    what: str
    preview: Preview
    allowed: bool
    sentence: str
    needs_reason: bool
    opened: bool
    choices: tuple[ChoiceShown, ...]
    id_hint: str
    typed_reason: str = ""
    typed_other: str = ""
    typed_id: str = ""
    problem: str = ""


def fixes_of(discrepancy: Discrepancy, person: User, typed: Typed | None = None) -> tuple[FixCard, ...]:
    """Every fix that fits, the one that was sent (else the first that is open) unfolded."""
    found = offers(discrepancy, person)
    sent = typed.code if typed else ""
    first = sent or next((offer.code for offer in found if offer.allowed), "")
    return tuple(
        _card(offer, discrepancy, opened=offer.code == first, typed=typed if offer.code == sent else None)
        for offer in found
    )


def _card(offer: Offer, discrepancy: Discrepancy, *, opened: bool, typed: Typed | None) -> FixCard:
    typed = typed or Typed(code=offer.code)
    return FixCard(
        code=offer.code,
        title=offer.title,
        what=offer.what,
        preview=_preview(offer),
        allowed=offer.allowed,
        sentence=offer.sentence,
        needs_reason=offer.needs_reason,
        opened=opened,
        choices=tuple(ChoiceShown(value=f"{one.field}:{one.value}", label=one.label) for one in offer.choices),
        id_hint=_ID_HINTS[discrepancy.line_id is not None],
        typed_reason=typed.reason,
        typed_other=typed.other,
        typed_id=typed.other_id,
        problem=typed.problem,
    )


def _preview(offer: Offer) -> Preview:
    """Without figures where nothing looks like the other side: what then happens is not known."""
    unknown = offer.code == Fix.LINK and not offer.choices
    return replace(offer.preview, lines=()) if unknown else offer.preview
