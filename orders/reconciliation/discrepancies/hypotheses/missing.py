"""Why a movement of ours has no line: not due, one of several alike, a wrong reference, a missing file or line."""

from __future__ import annotations

from orders.models import Cause
from orders.reconciliation.discrepancies.case import Case, LineFacts
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
    similar,
    where,
    worth,
)
from orders.sentences import counted

_TAKEN_BACK = 91
"""More than that a file is missing, less than that a line names it under a reference that looks alike."""


def not_due(case: Case) -> Finding:
    """Its last day in time has not passed."""
    expected = case.expectation
    if expected is None:
        return fails(Cause.NOT_DUE, "When it was executed is not known, so neither is when it is due.")
    if case.today > expected.in_time_until:
        return fails(
            Cause.NOT_DUE,
            f"It was executed on {day(expected.executed_on)} and in time until {day(expected.in_time_until)}.",
        )
    return holds(
        Cause.NOT_DUE,
        LIKELY,
        f"It was executed on {day(expected.executed_on)} and may be settled until {day(expected.in_time_until)}.",
    )


def alike(case: Case) -> Finding:
    """Lines of its payment met nothing, because several of the payment's movements look the same."""
    item, payment = case.item, case.transaction
    named = [line for line in case.alike_lines if payment is not None and payment.reference in line.names]
    if item is None or not named:
        return fails(Cause.ALIKE, "No unmet line names its payment, kind and amount.")
    like_it = (item.kind, item.amount, item.currency)
    twins = [
        other
        for other in case.items
        if other.key != item.key
        and other.moved
        and not other.met
        and (other.kind, other.amount, other.currency) == like_it
    ]
    if not twins:
        return fails(Cause.ALIKE, "No other movement of its payment has the same kind and amount and met nothing.")
    return holds(
        Cause.ALIKE,
        CERTAIN,
        f"{begin(where(named[0]))} names its payment and has the same {item.kind} of {worth(item)}, but "
        f"{len(twins) + 1} movements of the payment look the same, so none was chosen.",
    )


def wrong_reference(case: Case) -> Finding:
    """A line of the same kind and amount, about the same time, met nothing."""
    item, found = case.item, case.alike_lines
    if item is None or not found:
        return fails(
            Cause.WRONG_REFERENCE, "No unmet line of the same kind, amount and currency about that time could be it."
        )
    named = [line for line in found if any(similar(name, own) for name in line.names for own in _names(case))]
    best = (named or list(found))[0]
    told = f"{begin(where(best))} of {day(best.booked_on)} has the same {item.kind} of {worth(item)}"
    under = f"under the reference {best.reference or 'none'}, ours is {item.reference or 'none'}"
    if len(named) == 1:
        return holds(Cause.WRONG_REFERENCE, 95, f"{told}, {under}; the two look alike.")
    if len(found) == 1:
        sure = 92 if _is_of_its_day(case, best) else 78
        return holds(Cause.WRONG_REFERENCE, sure, f"{told}, {under}; no other line without a movement fits.")
    return holds(
        Cause.WRONG_REFERENCE, POSSIBLE, f"{told}, {under}; {len(found)} lines without a movement look like it."
    )


def file_missing(case: Case) -> Finding:
    """No applied file covers the day on which its line should stand."""
    expected = case.expectation
    if expected is None:
        return fails(Cause.FILE_MISSING, "When it was executed is not known, so neither is its file.")
    if expected.file is not None:
        return fails(Cause.FILE_MISSING, f"{expected.file.name} covers {day(expected.day)} and was applied.")
    by = "as the account settled before" if expected.learned else "by the account’s terms"
    if expected.neighbours:
        return fails(Cause.FILE_MISSING, f"{_others(expected.neighbours)} of {day(expected.executed_on)} did settle.")
    return holds(
        Cause.FILE_MISSING,
        LIKELY if expected.learned else PLAUSIBLE,
        f"It should stand in the file of {day(expected.day)}, {by}, and no applied file covers that day; "
        f"nothing else that was executed on {day(expected.executed_on)} is known to have settled.",
    )


def line_missing(case: Case) -> Finding:
    """The file of its day came, without it; or one listed it, and the one that took its place does not."""
    expected = case.expectation
    if case.taken_back:
        return holds(Cause.LINE_MISSING, _TAKEN_BACK, case.taken_back)
    if expected is None:
        return fails(Cause.LINE_MISSING, "When it was executed is not known, so neither is its file.")
    if expected.file is None and not expected.neighbours:
        return fails(Cause.LINE_MISSING, f"No file covers {day(expected.day)}, so no line can be missing in one.")
    named = _names(case)
    reference = f" with the reference {named[0]}" if named else " of it"
    if expected.file is None:
        told = f"{_others(expected.neighbours)} of {day(expected.executed_on)} did settle, but no line{reference}."
        return holds(Cause.LINE_MISSING, PLAUSIBLE, told)
    told = f"The file of {day(expected.day)} holds {counted(expected.file.lines, 'line')} but none{reference}"
    others = (
        f", while {_others(expected.neighbours)} of {day(expected.executed_on)} did settle"
        if expected.neighbours
        else ""
    )
    return holds(Cause.LINE_MISSING, LIKELY if expected.neighbours else 80, f"{told}{others}.")


def _is_of_its_day(case: Case, line: LineFacts) -> bool:
    return case.expectation is not None and abs((line.booked_on - case.expectation.day).days) <= 1


def _names(case: Case) -> tuple[str, ...]:
    item = case.item
    if item is None:
        return ()
    own = (item.reference, item.gateway_id, *item.names, case.transaction.reference if case.transaction else "")
    return tuple(name for name in own if name)


def _others(count: int) -> str:
    return counted(count, "other movement")
