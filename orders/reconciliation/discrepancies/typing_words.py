"""What does not meet, in a sentence for staff. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from orders.models import DiscrepancyType as T
from orders.money import Money

_MAXIMUM = 400
_SENTENCES = {
    T.THEIRS_NOT_OURS: "{line} is in their file, and our books hold nothing that it could be.",
    T.SETTLED_THOUGH_FAILED: "{line} is in their file, although our books say that it failed.",
    T.CHARGEBACK_AFTER_REFUND: "{line} took back money of a payment that had been refunded already.",
    T.KIND: "They list a {type} of {gross}; in our books the same reference is a {kind}.",
    T.DUPLICATE: "{line} is listed once more than our books know it.",
    T.CURRENCY: "They list {gross}, our books {ours}: the currencies differ.",
    T.AMBIGUOUS: "{line} may be one of several movements, or an id contradicts: a person decides.",
}


def of_line(row: Mapping[str, Any], verdict: T) -> str:
    """About a line that met nothing."""
    gross = Money(abs(row["gross"]), row["currency"])
    reference = f" {row['reference']}" if row["reference"] else ""
    ours = Money(abs(row["signed"]), row["item_currency"]) if row["signed"] is not None else ""
    sentence = _SENTENCES[verdict].format(
        line=f"The {row['type']}{reference} of {gross}", type=row["type"], gross=gross, kind=row["kind"], ours=ours
    )
    return sentence[:_MAXIMUM]


def of_amount(row: Mapping[str, Any], total: int) -> str:
    """About lines that name a movement and say another sum."""
    theirs, ours = Money(abs(total), row["currency"]), Money(abs(row["signed"]), row["currency"])
    lines = "They list" if row["parts"] == 1 else f"In {row['parts']} lines they list"
    reference = f" for {row['reference']}" if row["reference"] else ""
    return f"{lines} {theirs}{reference}, our books {ours}."[:_MAXIMUM]


def missing_leg(legs: Any, *, lines: int) -> str:
    """A sentence when a split has a failed leg, or fewer lines than legs; empty when that explains nothing."""
    known = json.loads(legs) if isinstance(legs, str) else legs
    if not isinstance(known, list) or not all(isinstance(leg, dict) for leg in known):
        return ""
    failed = [str(leg.get("destination", "")) for leg in known if leg.get("failed")]
    if failed:
        return f"The leg of the split to {failed[0] or 'one destination'} failed: its money was not settled."[:_MAXIMUM]
    return f"{lines} of {len(known)} legs of the split were settled." if 1 < len(known) > lines else ""


def of_missed(kind: str, amount: Money, reference: str, moved_on: date, *, rest: Money) -> str:
    """About a movement of ours that no file has, or the rest of one of which a file has a part."""
    named = f"{kind} {reference}" if reference else kind
    moved = f"{named} of {amount} from {moved_on:%d %b %Y}"
    if rest != amount:
        return f"Of the {moved}, {rest} should be in a settlement file by now, and are not; the rest has met."
    return f"The {moved} should be in a settlement file by now, and is not."


def of_fee(fee: Money, expected: Money) -> str:
    """About a fee that is not the agreed one."""
    return f"They took a fee of {fee}, agreed is {expected}."


def of_late(days: int, reference: str) -> str:
    """About a line that came after its time."""
    named = f" {reference}" if reference else ""
    return f"The line{named} was booked {days} days after the money moved: later than agreed."


def of_payout(paid: Money, owed: Money, reference: str) -> str:
    """About a payout that is not what its lines add up to."""
    return f"The payout {reference} is {paid}, its lines add up to {owed}."


def of_lone_payout(paid: Money, reference: str) -> str:
    """About a payout without lines that no span of movements adds up to."""
    named = f" {reference}" if reference else ""
    return f"The payout{named} of {paid} is the sum of no span of our movements."


def with_story(sentence: str, story: str) -> str:
    """What became of a line or a movement before, beside what does not meet."""
    return f"{sentence.replace('hold nothing that', 'hold nothing else that')} {story}"[:_MAXIMUM]


def item_key(modification_id: UUID | str | None, movement_id: int | None) -> str:
    """The key of a discrepancy about a movement of ours."""
    return f"item:{modification_id}" if modification_id is not None else f"item:m{movement_id}"
