"""The types that name their cause themselves, and the line that came twice: was it listed or executed twice?"""

from __future__ import annotations

from orders.models import Cause
from orders.reconciliation import calendar
from orders.reconciliation.discrepancies.case import Case
from orders.reconciliation.discrepancies.hypotheses.words import (
    CERTAIN,
    LIKELY,
    PLAUSIBLE,
    Finding,
    begin,
    day,
    fails,
    holds,
    money,
    where,
    worth,
)


def executed_twice(case: Case) -> Finding:
    """Another id of the gateway's, or a second movement of the same amount in our books that no line has shown."""
    line, first = case.line, case.met_by[0] if case.met_by else None
    if line is None:
        return fails(Cause.EXECUTED_TWICE, "No line shows it.")
    known_id = first.gateway_id if first and first.gateway_id else (case.item.gateway_id if case.item else "")
    if line.gateway_id and known_id and line.gateway_id != known_id:
        return holds(
            Cause.EXECUTED_TWICE,
            93,
            f"The gateway gives it an id of its own: {line.gateway_id}, while the first is {known_id}.",
        )
    if line.gateway_id and line.gateway_id == known_id:
        return fails(Cause.EXECUTED_TWICE, f"It carries the id of the movement that was shown before: {known_id}.")
    if first is not None and line.reference and first.reference and line.reference != first.reference:
        return holds(
            Cause.EXECUTED_TWICE,
            93,
            f"The gateway gives it a reference of its own: {line.reference}, while the first is {first.reference}.",
        )
    alike = [
        one
        for one in case.items
        if one.moved
        and not one.met
        and one.kind == line.type
        and one.amount == abs(line.gross)
        and case.item
        and one.key != case.item.key
    ]
    if alike:
        return holds(
            Cause.EXECUTED_TWICE,
            PLAUSIBLE + 5,
            f"Our books hold {len(alike) + 1} movements of {worth(line)} on this payment.",
        )
    return fails(Cause.EXECUTED_TWICE, "It carries no id of its own, and our books hold the movement once.")


def duplicate_line(case: Case) -> Finding:
    """The same movement, written down again."""
    line, first = case.line, case.met_by[0] if case.met_by else None
    if line is None:
        return fails(Cause.DUPLICATE_LINE, "No line shows it.")
    if executed_twice(case).holds:
        return fails(Cause.DUPLICATE_LINE, "There is more than one movement, so it was not only listed twice.")
    if first is None:
        return holds(
            Cause.DUPLICATE_LINE,
            PLAUSIBLE,
            f"Another line has settled {line.reference or 'the movement'}.",
        )
    same_file = first.file_id == line.file_id
    again = "the same file" if same_file else "another file"
    return holds(
        Cause.DUPLICATE_LINE,
        92,
        f"{begin(where(first))} of {day(first.booked_on)} shows it already; this is the second time, in {again}.",
    )


def gateway_late(case: Case) -> Finding:
    """Booked after its last day in time."""
    line, item = case.line, case.item
    if line is None or item is None or item.at is None:
        return holds(Cause.GATEWAY_LATE, PLAUSIBLE, "It was settled after its day.")
    due, last = calendar.due_on(case.terms, item.at), calendar.last_day_in_time(case.terms, item.at)
    late = (line.booked_on - last).days
    return holds(
        Cause.GATEWAY_LATE,
        95,
        f"Executed on {day(item.at.date())}, due on {day(due)}, in time until {day(last)}, "
        f"booked on {day(line.booked_on)}: {late} {'day' if late == 1 else 'days'} late.",
    )


def executed_after_failure(case: Case) -> Finding:
    """Our books say failed, the file says paid."""
    item, line = case.item, case.line
    if item is None or line is None:
        return fails(Cause.EXECUTED_AFTER_FAILURE, "One side is not known.")
    if item.never_sent:
        return fails(
            Cause.EXECUTED_AFTER_FAILURE,
            "Ours was withdrawn before a byte of it was sent.",
        )
    why = f" ({item.reason})" if item.reason else ""
    return holds(
        Cause.EXECUTED_AFTER_FAILURE,
        95,
        f"Our {item.kind} of {worth(item)} ended as {item.state}{why}, and {where(line)} pays it on "
        f"{day(line.booked_on)}.",
    )


def done_by_hand(case: Case) -> Finding:
    """Ours never left the house: somebody did the same at the gateway."""
    if case.item is None or not case.item.never_sent:
        return fails(Cause.PORTAL_ACTION, "Ours was sent, so nobody else needs to have done it.")
    return holds(Cause.PORTAL_ACTION, 85, "Ours was withdrawn and never sent; somebody did the same at the gateway.")


def charged_back_after_refund(case: Case) -> Finding:
    """Refunded, then taken back by the bank as well."""
    refunds = [one for one in case.items if one.moved and one.kind == "refund"]
    if not refunds:
        return holds(Cause.CHARGED_BACK_AFTER_REFUND, PLAUSIBLE, "The payment was refunded before the chargeback came.")
    total = sum(one.amount for one in refunds)
    last = max((one.at.date() for one in refunds if one.at), default=None)
    until = f", the last on {day(last)}" if last else ""
    return holds(
        Cause.CHARGED_BACK_AFTER_REFUND,
        95,
        f"{money(total, refunds[0].currency)} was refunded{until}; the bank then took back "
        f"{money(case.amount, case.currency)}. Contest the chargeback with the refund as evidence.",
    )


def split_leg_failed(case: Case) -> Finding:
    """As the gateway itself answered."""
    item = case.item
    told = "; ".join(item.failed_legs) if item else ""
    if not told:
        return holds(Cause.SPLIT_LEG_FAILED, PLAUSIBLE, "Less than all legs of it were settled.")
    return holds(Cause.SPLIT_LEG_FAILED, 95, f"The gateway answered that a leg failed: {told}.")


def rest_not_released(case: Case) -> Finding:
    """The authorization has ended and still holds something."""
    payment = case.transaction
    if payment is None:
        return fails(Cause.REST_NOT_RELEASED, "The payment is not known.")
    ended = f" on {day(payment.expires_at.date())}" if payment.expires_at else ""
    return holds(
        Cause.REST_NOT_RELEASED,
        LIKELY,
        f"{money(payment.captured, payment.currency)} of {money(payment.authorized, payment.currency)} was captured, "
        f"the authorization ended{ended}, and {money(case.amount, case.currency)} was neither captured nor released.",
    )


def copy_is_old(case: Case) -> Finding:
    """The rest may be gone already, and our copy not know it."""
    payment = case.transaction
    if payment is None or payment.expires_at is None:
        return fails(Cause.MISSED_NEWS, "When the authorization ended is not known.")
    if payment.refreshed_at is not None and payment.refreshed_at > payment.expires_at:
        return fails(
            Cause.MISSED_NEWS,
            f"Our copy was read on {day(payment.refreshed_at.date())}, after the end.",
        )
    return holds(Cause.MISSED_NEWS, 50, "Our copy was not read since the authorization ended; ask the gateway.")


def alike(case: Case) -> Finding:
    """A machine confirms nothing among several."""
    found = case.alike_items
    if not found:
        return holds(Cause.ALIKE, LIKELY, "Several movements of ours fit the line equally well, so none was chosen.")
    named = ", ".join(one.reference or one.key for one in found[:3])
    return holds(
        Cause.ALIKE,
        CERTAIN,
        f"{len(found)} movements of ours have the same kind, amount and time ({named}), so none was chosen.",
    )
