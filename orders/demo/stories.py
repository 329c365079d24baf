"""What happened to each demo order, as plain data: drawn from the seed and the order's number alone."""

from __future__ import annotations

import random
import string
import unicodedata
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orders.demo.cast import ACCOUNTS
from orders.money import exponent_of

_BASE62 = string.digits + string.ascii_letters
_FIRST = (
    *("Jana", "Luca", "Mia", "Noah", "Elin", "Jonas", "Emma", "Paul"),
    *("Aiko", "Haruto", "Zoë", "Émile", "Søren", "Łucja", "Nguyễn", "Aylin"),
    *("Björn", "Carla", "Dunja", "Tomáš"),
)
_LAST = (
    *("Novák", "Müller", "Rossi", "Jensen", "Sato", "Tanaka", "Kowalska", "García"),
    *("Öztürk", "Dubois", "Lindqvist", "Haas", "Bauer", "Fuchs", "Trần", "Moreau"),
)
_SPELT = str.maketrans({"ł": "l", "ø": "o", "ü": "ue", "ö": "oe"})
"""Letters that have no plain one inside them, or are spelt with two."""
_ARTICLES = (
    ("Trail tent, two persons", 24_900),
    ("Down jacket", 18_950),
    ("Merino base layer", 6_990),
    ("Espresso beans, 1 kg", 2_490),
    ("Hand grinder", 11_900),
    ("Enamel mug", 1_450),
    ("Head torch", 4_995),
    ("Gift voucher", 5_000),
)
_METHODS = ("VISA", "VISA", "MSTRCRD", "PAYPAL", "AMEX", "APPLPAY", "SEPADDCORE")
_REASONS = ("customer_request", "returned", "out_of_stock", "price", "other")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One movement. `amount` in minor units; `outcome` is a modification's state; external ones always succeeded."""

    kind: str
    amount: int
    at: datetime
    id: uuid.UUID
    reference: str
    gateway_id: str
    outcome: str = "succeeded"
    ours: bool = True
    reversal: bool = False
    """Asked for as cancel-or-refund; `kind` is what the gateway chose."""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One order with its one transaction. `start` is the gateway's word before the steps."""

    number: int
    account: int
    story: str
    reference: str
    transaction_id: str
    partner_reference: str
    reconciliation_reference: str
    currency: str
    amount: int
    lines: tuple[tuple[str, int, int], ...]
    customer_name: str
    customer_email: str
    payment_method: str
    placed_at: datetime
    start: str
    steps: tuple[Step, ...]


Wish = tuple[str, int] | tuple[str, int, str]
"""Kind, hundredths of the amount, and perhaps an outcome; `portal:` and `reversal:` stand before the kind."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A kind of history: how often in a thousand, how old in hours, and what happened."""

    share: int
    youngest: float
    oldest: float | None = None
    start: str = "AUTHORIZATION_COMPLETED"
    wishes: tuple[Wish, ...] = field(default=())


_CAPTURED: Wish = ("capture", 100)
STORIES = {
    "authorized": Story(share=160, youngest=0.1, oldest=90),
    "expiring": Story(share=25, youngest=100, oldest=119),
    "awaiting payment": Story(share=20, youngest=0.05, oldest=12, start="CREATED"),
    "abandoned": Story(share=25, youngest=2, start="FAILED"),
    "captured": Story(share=255, youngest=1, wishes=(_CAPTURED,)),
    "partly captured": Story(share=80, youngest=1, wishes=(("capture", 60),)),
    "partly refunded": Story(share=100, youngest=4, wishes=(_CAPTURED, ("refund", 30))),
    "refunded twice": Story(share=30, youngest=8, wishes=(_CAPTURED, ("refund", 20), ("refund", 35))),
    "fully refunded": Story(share=60, youngest=4, wishes=(_CAPTURED, ("refund", 100))),
    "settled": Story(share=90, youngest=72, wishes=(_CAPTURED, ("portal:settlement", 100))),
    "settled and refunded": Story(
        share=25, youngest=96, wishes=(("capture", 80), ("portal:settlement", 80), ("refund", 25))
    ),
    "cancelled": Story(share=50, youngest=2, wishes=(("cancel", 100),)),
    "reversed": Story(share=15, youngest=4, wishes=(_CAPTURED, ("reversal:refund", 100))),
    "reversed early": Story(share=8, youngest=4, wishes=(("reversal:cancel", 100),)),
    "expired": Story(share=20, youngest=130, start="EXPIRED"),
    "charged back": Story(share=8, youngest=96, wishes=(_CAPTURED, ("portal:chargeback", 100))),
    "refund declined": Story(share=8, youngest=4, wishes=(_CAPTURED, ("refund", 50, "failed"))),
    "refund withdrawn": Story(share=6, youngest=4, wishes=(_CAPTURED, ("refund", 40, "withdrawn"))),
    "refunded in the portal": Story(share=6, youngest=6, wishes=(_CAPTURED, ("portal:refund", 15))),
    "refund pending": Story(share=4, youngest=1, wishes=(_CAPTURED, ("refund", 45, "pending"))),
    "capture pending": Story(share=2, youngest=1, oldest=60, wishes=(("capture", 100, "pending"),)),
    "refund unknown": Story(share=2, youngest=2, wishes=(_CAPTURED, ("refund", 25, "unknown"))),
    "in review": Story(share=1, youngest=24, wishes=(_CAPTURED, ("refund", 50, "review"))),
}
_RECENT = {"pending": 45.0, "unknown": 150.0}
"""Seconds ago: what is still open has just happened."""


def plan_order(number: int, *, seed: int, now: datetime, spread_days: int) -> Plan:
    """The whole story of order `number`; the first orders tell each story once, so that small demos have them all."""
    dice = random.Random(f"{seed}:{number}")  # noqa: S311  a demo, and the same for the same seed
    story_name = _story_name(dice, number)
    story = STORIES[story_name]
    account = dice.choices(range(len(ACCOUNTS)), weights=[role.share for role in ACCOUNTS])[0]
    currency = dice.choice(ACCOUNTS[account].currencies)
    lines = _lines(dice, currency)
    amount = sum(quantity * unit for _, quantity, unit in lines)
    placed_at = now - timedelta(hours=dice.uniform(story.youngest, story.oldest or spread_days * 24.0))
    name, email = _customer(dice, number)
    reconciliation = _base62(dice)
    return Plan(
        number=number,
        account=account,
        story=story_name,
        reference=f"{'NO' if account < 2 else 'KK'}-{100_000 + number}",
        transaction_id=str(_uuid(dice)),
        partner_reference=f"shop-{seed}-{number:06d}",
        reconciliation_reference=reconciliation,
        currency=currency,
        amount=amount,
        lines=lines,
        customer_name=name,
        customer_email=email,
        payment_method=dice.choice(_METHODS),
        placed_at=placed_at,
        start=story.start,
        steps=_steps(dice, story, amount=amount, placed_at=placed_at, now=now, reconciliation=reconciliation),
    )


def _story_name(dice: random.Random, number: int) -> str:
    names = list(STORIES)
    if number < len(names):
        return names[number]
    return dice.choices(names, weights=[story.share for story in STORIES.values()])[0]


def _steps(
    dice: random.Random, story: Story, *, amount: int, placed_at: datetime, now: datetime, reconciliation: str
) -> tuple[Step, ...]:
    steps: list[Step] = []
    at = placed_at
    for wish in story.wishes:
        outcome = wish[2] if len(wish) == 3 else "succeeded"
        at = _next_moment(dice, at, now, outcome)
        steps.append(_step(dice, wish, outcome, part=amount * wish[1] // 100, at=at, reconciliation=reconciliation))
    return tuple(steps)


def _next_moment(dice: random.Random, after: datetime, now: datetime, outcome: str) -> datetime:
    """Later than the last, before now, and soon enough that no authorization has expired in between."""
    if outcome in _RECENT:
        return now - timedelta(seconds=_RECENT[outcome])
    room = (now - after).total_seconds() * 0.5
    return after + timedelta(seconds=min(dice.uniform(600, 72 * 3600), room))


def _step(dice: random.Random, wish: Wish, outcome: str, *, part: int, at: datetime, reconciliation: str) -> Step:
    origin, _, kind = wish[0].rpartition(":")
    own_reference = kind in ("refund", "chargeback")
    return Step(
        kind=kind,
        amount=max(1, part),
        at=at,
        id=_uuid(dice),
        reference=_base62(dice) if own_reference else reconciliation,
        gateway_id=str(_uuid(dice)),
        outcome=outcome,
        ours=origin != "portal",
        reversal=origin == "reversal",
        reason="shipped" if kind == "capture" else dice.choice(_REASONS),
    )


def _lines(dice: random.Random, currency: str) -> tuple[tuple[str, int, int], ...]:
    """Name, quantity, unit amount in minor units; yen prices have no decimals but more digits."""
    scale = 1 if exponent_of(currency) == 2 else 2
    chosen = dice.sample(_ARTICLES, dice.choice((1, 1, 2, 3)))
    return tuple((name, dice.choice((1, 1, 1, 2)), price * scale) for name, price in chosen)


def _customer(dice: random.Random, number: int) -> tuple[str, str]:
    first, last = dice.choice(_FIRST), dice.choice(_LAST)
    spelt = unicodedata.normalize("NFKD", f"{first}.{last}".lower().translate(_SPELT))
    plain = "".join(letter for letter in spelt if letter.isascii())
    return f"{first} {last}", f"{plain}.{number}@example.com"


def _uuid(dice: random.Random) -> uuid.UUID:
    return uuid.UUID(int=dice.getrandbits(128), version=4)


def _base62(dice: random.Random) -> str:
    return "".join(dice.choices(_BASE62, k=22))
