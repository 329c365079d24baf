"""Why the two sides meet and say different things: the amount, the currency, the kind or the fee."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from orders.models import Cause
from orders.money import exponent_of
from orders.reconciliation.discrepancies.case import Case, ItemFacts
from orders.reconciliation.discrepancies.hypotheses.words import (
    CERTAIN,
    LIKELY,
    PLAUSIBLE,
    POSSIBLE,
    Finding,
    begin,
    day,
    fails,
    holds,
    money,
    where,
    worth,
)

_ROUNDING_PARTS = 10_000
"""0.01 %."""
_SMALL_CHANGE_PARTS = 10
"""Less than a tenth missing looks like a changed amount, more like a part."""
_SHARES = (2, 3, 4, 5, 10)


# The amount.


def rounding(case: Case) -> Finding:
    """One minor unit, or a ten-thousandth."""
    off = abs(case.difference) or case.amount
    whole = case.item.amount if case.item else off
    if off > 1 and off * _ROUNDING_PARTS > whole:
        return fails(Cause.ROUNDING, f"{money(off, case.currency)} is more than rounding explains.")
    return holds(Cause.ROUNDING, 92, f"The sides are {money(off, case.currency)} apart, which is what rounding leaves.")


def failed_leg(case: Case) -> Finding:
    """A leg of our own movement failed."""
    item = case.item
    if item is None or not item.failed_legs:
        return fails(Cause.SPLIT_LEG_FAILED, "No leg of it is known to have failed.")
    told = "; ".join(item.failed_legs)
    return holds(
        Cause.SPLIT_LEG_FAILED,
        LIKELY + 3,
        f"{len(item.failed_legs)} of its {item.legs} legs failed at the gateway: {told}.",
    )


def fee_deducted(case: Case) -> Finding:
    """The merchant gets less than the movement by exactly the fee."""
    line, item = case.line, case.item
    if line is None or item is None:
        return fails(Cause.FEE_DEDUCTED, "One side is not known.")
    less = item.signed - _theirs(case, item)
    lacking = money(less, case.currency)
    if less > 0 and line.fee and less == abs(line.fee):
        return holds(
            Cause.FEE_DEDUCTED, CERTAIN, f"The missing {lacking} is exactly the fee that the line shows beside."
        )
    if less > 0 and case.expected_fee and abs(less - case.expected_fee) <= 1:
        return holds(Cause.FEE_DEDUCTED, 93, f"The missing {lacking} is the fee by the account’s terms.")
    fee = f"{money(line.fee, line.currency)} in the line" if line.fee else "none in the line"
    terms = f", {money(case.expected_fee, case.currency)} by the terms" if case.expected_fee is not None else ""
    return fails(Cause.FEE_DEDUCTED, f"The fee is {fee}{terms}, and the sides are {lacking} apart.")


def partial(case: Case) -> Finding:
    """Less was settled, and what is there looks like a part."""
    item = case.item
    settled = abs(_theirs(case, item)) if item else 0
    if item is None or case.line is None or settled >= item.amount:
        return fails(Cause.PARTIAL, "Not less than ours was settled.")
    missing = item.amount - settled
    rest, told = money(missing, case.currency), f"{money(settled, case.currency)} of {worth(item)} was settled"
    brother = next((one for one in case.brothers if abs(one.gross) == missing), None)
    if brother is not None:
        return holds(Cause.PARTIAL, CERTAIN, f"{begin(where(brother))} shows the other {rest}.")
    if sum(abs(one.gross) for one in case.brothers) == missing:
        return holds(Cause.PARTIAL, CERTAIN, f"{len(case.brothers)} other lines show the other {rest}.")
    if any(one.key != item.key and one.kind == item.kind and one.amount == settled for one in case.items):
        return holds(Cause.PARTIAL, 80, f"{told}; the payment has a smaller {item.kind} of exactly that.")
    share = next((parts for parts in _SHARES if _is_share(settled, item.amount, parts)), None)
    if share is not None:
        return holds(Cause.PARTIAL, 85, f"{told}, a multiple of one {_PARTS[share]} of it.")
    if _is_small(missing, item):
        return holds(Cause.PARTIAL, 40, f"{told}; the rest is small for a part that is still to come.")
    return holds(Cause.PARTIAL, PLAUSIBLE, f"{told}; {rest} is still to come.")


def amount_changed(case: Case) -> Finding:
    """Nothing finer explains it: the gateway booked another amount."""
    line, item = case.line, case.item
    if line is not None and item is None and line.type == "payout":
        off = money(case.amount, case.currency)
        return holds(
            Cause.AMOUNT_CHANGED, 70, f"The payout is {off} off what its lines add up to; a line may be missing."
        )
    if line is None or item is None:
        return fails(Cause.AMOUNT_CHANGED, "One side is not known.")
    settled = abs(_theirs(case, item))
    told = f"The gateway booked {money(settled, case.currency)}, our books say {worth(item)}"
    if sorted(str(settled)) == sorted(str(item.amount)):
        return holds(Cause.AMOUNT_CHANGED, 88, f"{told}: the same digits in another order.")
    if settled > item.amount:
        return holds(Cause.AMOUNT_CHANGED, LIKELY - 5, f"{told}; more than ours is no part of it.")
    small = _is_small(item.amount - settled, item)
    return holds(Cause.AMOUNT_CHANGED, 70 if small else POSSIBLE, f"{told}.")


def _theirs(case: Case, item: ItemFacts) -> int:
    """What all lines of the movement say together, signed."""
    return item.signed + case.difference


def _is_small(missing: int, item: ItemFacts) -> bool:
    return missing * _SMALL_CHANGE_PARTS < item.amount


# The currency.


def converted(case: Case) -> Finding:
    """The line names our amount as the original, or shows another figure."""
    line, item = case.line, case.item
    if line is None or item is None or line.currency == item.currency:
        return fails(Cause.CURRENCY_CONVERTED, "Both sides name the same currency.")
    if (
        line.original_currency == item.currency
        and line.original_amount is not None
        and abs(line.original_amount) == item.amount
    ):
        return holds(
            Cause.CURRENCY_CONVERTED,
            CERTAIN,
            f"The line says that {worth(item)} became {worth(line)}.",
        )
    if _same_figure(line.gross, line.currency, item.amount, item.currency):
        return fails(Cause.CURRENCY_CONVERTED, "The figure is the same in both currencies, which no rate gives.")
    rate = _major(line.gross, line.currency) / _major(item.amount, item.currency) if item.amount else Decimal(0)
    return holds(
        Cause.CURRENCY_CONVERTED,
        PLAUSIBLE,
        f"{worth(item)} of ours stands there as {worth(line)}, a rate of {rate:.4f}.",
    )


def wrong_currency(case: Case) -> Finding:
    """The same figure, another currency."""
    line, item = case.line, case.item
    if line is None or item is None or line.currency == item.currency:
        return fails(Cause.WRONG_CURRENCY, "Both sides name the same currency.")
    if _same_figure(line.gross, line.currency, item.amount, item.currency):
        return holds(
            Cause.WRONG_CURRENCY,
            93,
            f"The figure is the same, but the line says {line.currency} and our books {item.currency}.",
        )
    return fails(Cause.WRONG_CURRENCY, "The figures differ as well.")


# The kind.


def wrong_kind(case: Case) -> Finding:
    """The same money under another word, while nothing of the right kind came."""
    line, item = case.line, case.item
    if line is None or item is None or line.type == item.kind:
        return fails(Cause.WRONG_KIND, "Both sides name the same kind.")
    told = f"The line lists our {item.kind} of {worth(item)} as a {line.type}"
    if abs(line.gross) != item.amount:
        return holds(Cause.WRONG_KIND, POSSIBLE, f"{told} of {worth(line)}.")
    if case.met_by:
        return holds(Cause.WRONG_KIND, 50, f"{told}, but the {item.kind} has met {where(case.met_by[0])} already.")
    return holds(Cause.WRONG_KIND, 92, f"{told}, the amount is the same, and no line of it as a {item.kind} has come.")


def another_deed(case: Case) -> Finding:
    """Our movement has its own line; this one names it and is something else that was done at the gateway."""
    line, item = case.line, case.item
    if line is None or item is None or line.type == item.kind or not case.met_by:
        return fails(Cause.PORTAL_ACTION, "Our movement has no line of its own, so this one is probably it.")
    return holds(
        Cause.PORTAL_ACTION,
        PLAUSIBLE,
        f"Our {item.kind} has its own line ({where(case.met_by[0])}); this {line.type} of "
        f"{worth(line)} carries its reference, and nobody here asked for it.",
    )


# The fee.


def fee_rounding(case: Case) -> Finding:
    """One minor unit beside the terms."""
    if abs(case.difference) > 1:
        return fails(
            Cause.ROUNDING, f"The fee is {money(case.difference, case.currency)} off, more than rounding explains."
        )
    return holds(
        Cause.ROUNDING, 92, f"The fee is {money(case.difference, case.currency)} off, which is what rounding leaves."
    )


def fee_rate(case: Case) -> Finding:
    """Another price than agreed."""
    line = case.line
    if line is None:
        return fails(Cause.FEE_RATE, "No line shows the fee.")
    agreed = f", {money(case.expected_fee, line.currency)} was agreed" if case.expected_fee is not None else ""
    share = ""
    if line.gross:
        percent = (Decimal(abs(line.fee)) * 100 / abs(line.gross)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        share = f" ({percent} % of {worth(line)})"
    return holds(
        Cause.FEE_RATE, LIKELY, f"On {day(line.booked_on)} the fee was {money(line.fee, line.currency)}{share}{agreed}."
    )


_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}


def _is_share(part: int, whole: int, parts: int) -> bool:
    """Whether it is k parts of so many, to one minor unit; what is too small to tell is none."""
    if whole < parts * 10:
        return False
    return any(abs(part * parts - whole * count) <= parts // 2 for count in range(1, parts))


def _major(amount: int, currency: str) -> Decimal:
    return Decimal(abs(amount)).scaleb(-exponent_of(currency))


def _same_figure(one: int, one_currency: str, other: int, other_currency: str) -> bool:
    return abs(one) == abs(other) or _major(one, one_currency) == _major(other, other_currency)
