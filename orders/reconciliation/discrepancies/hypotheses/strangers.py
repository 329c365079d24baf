"""Why a line has no movement of ours: another account's, the shopper's bank, the gateway's portal, or a wrong name."""

from __future__ import annotations

from datetime import UTC

from orders.models import Cause
from orders.reconciliation.discrepancies.case import Case, ItemFacts
from orders.reconciliation.discrepancies.hypotheses.words import (
    CERTAIN,
    LIKELY,
    PLAUSIBLE,
    POSSIBLE,
    Finding,
    day,
    fails,
    holds,
    money,
    similar,
    worth,
)

_BANKS = {"chargeback": "took back", "reversal": "gave back"}


def other_account(case: Case) -> Finding:
    """Another account holds the payment, and this one does not."""
    if case.elsewhere is None or case.transaction is not None:
        return fails(Cause.OTHER_ACCOUNT, "No other account knows its references.")
    if not case.elsewhere.account:
        return holds(
            Cause.OTHER_ACCOUNT,
            CERTAIN,
            "Its references belong to a payment of another merchant; the gateway put it into the wrong file.",
        )
    return holds(
        Cause.OTHER_ACCOUNT, CERTAIN, f"Its references belong to a payment of the account {case.elsewhere.account}."
    )


def chargeback(case: Case) -> Finding:
    """The line says so itself."""
    line = case.line
    if line is None or line.type not in _BANKS:
        return fails(Cause.CHARGEBACK, "The line is neither a chargeback nor the reversal of one.")
    payment = (
        case.transaction.reference
        if case.transaction
        else (line.transaction_reference or line.reference or "no reference")
    )
    return holds(
        Cause.CHARGEBACK,
        95 if case.transaction else 80,
        f"On {day(line.booked_on)} the shopper’s bank {_BANKS[line.type]} {worth(line)} of {payment}, "
        "and no news of it has reached our books.",
    )


def missed_news(case: Case) -> Finding:
    """We asked for it and have not heard its end, or our copy of the payment has not even begun."""
    line, payment = case.line, case.transaction
    if line is None or payment is None:
        return fails(Cause.MISSED_NEWS, "No payment of this account is known for the line.")
    waiting = [item for item in case.items if item.open and item.kind == line.type]
    if waiting:
        told = f"A {line.type} of ours over {money(waiting[0].amount, waiting[0].currency)} is still {waiting[0].state}"
        exact = waiting[0].amount == abs(line.gross)
        return holds(Cause.MISSED_NEWS, LIKELY if exact else 80, f"{told}; the line may be its end.")
    if (
        line.type == "capture"
        and not payment.captured
        and (case.auto_capture or payment.state == "pending_authorization")
    ):
        why = "This account captures by itself" if case.auto_capture else "To our books nothing is authorized on it yet"
        return holds(Cause.MISSED_NEWS, 85, f"{why}, and our copy shows no capture{_last_read(case)}.")
    if _is_stale(case):
        return holds(
            Cause.MISSED_NEWS, 45, f"Our copy of {payment.reference} is older than the line{_last_read(case)}."
        )
    return fails(
        Cause.MISSED_NEWS, f"Nothing of ours is open on {payment.reference}, and our copy is newer than the line."
    )


def portal_action(case: Case) -> Finding:
    """The payment is known, and nobody here asked for this."""
    line, payment = case.line, case.transaction
    if line is None or payment is None:
        return fails(Cause.PORTAL_ACTION, "No payment of this account is known for the line.")
    if line.type in _BANKS:
        return fails(Cause.PORTAL_ACTION, "Nobody chargebacks by hand.")
    asked = [item for item in case.items if item.ours and item.kind == line.type and item.amount == abs(line.gross)]
    unmet = [item for item in asked if not item.met and not item.never_sent]
    if unmet:
        return fails(
            Cause.PORTAL_ACTION,
            f"We asked for a {line.type} of this amount ourselves ({unmet[0].state}), and it met no line.",
        )
    return holds(
        Cause.PORTAL_ACTION,
        70 if _is_stale(case) else 85,
        f"{payment.reference} is ours, but nobody here asked for a {line.type} of {worth(line)}{_last_read(case)}.",
    )


def wrong_reference(case: Case) -> Finding:
    """Exactly one movement of ours, about due, is of this kind and amount and met nothing."""
    line, found, payment = case.line, case.alike_items, case.transaction
    if line is None or not found:
        return fails(
            Cause.WRONG_REFERENCE,
            "No movement of ours of this kind and amount about that time is left that it could be.",
        )
    named = [item for item in found if any(similar(name, own) for name in line.names for own in _names(item))]
    best = (named or list(found))[0]
    told = (
        f"Our {best.kind} of {worth(best)}{_on(best)} under the reference {best.reference or 'none'} "
        f"has met no line; this one says {line.reference or 'none'}"
    )
    if payment is not None and best.transaction_id != payment.id:
        return holds(
            Cause.WRONG_REFERENCE, POSSIBLE, f"{told}. But the line names another payment, {payment.reference}."
        )
    if len(named) == 1:
        return holds(Cause.WRONG_REFERENCE, 95, f"{told}. The two look alike.")
    if len(found) == 1:
        return holds(Cause.WRONG_REFERENCE, 82, f"{told}. Nothing else of ours fits.")
    return holds(Cause.WRONG_REFERENCE, POSSIBLE, f"{told}. {len(found)} movements of ours look like it.")


def unknown_payment(case: Case) -> Finding:
    """No account knows any of its ids."""
    line = case.line
    if line is None or case.transaction is not None or case.elsewhere is not None:
        return fails(Cause.UNKNOWN_PAYMENT, "The payment is known.")
    names = ", ".join(line.names) or "nothing at all"
    return holds(
        Cause.UNKNOWN_PAYMENT, PLAUSIBLE, f"The line names {names}; no payment, movement or order here has such an id."
    )


def _is_stale(case: Case) -> bool:
    line, payment = case.line, case.transaction
    if line is None or payment is None:
        return False
    return payment.refreshed_at is None or payment.refreshed_at.astimezone(UTC).date() < line.booked_on


def _last_read(case: Case) -> str:
    payment = case.transaction
    if payment is None:
        return ""
    if payment.refreshed_at is None:
        return "; our copy was never read from the gateway"
    return f"; our copy was last read on {day(payment.refreshed_at.date())}"


def _names(item: ItemFacts) -> tuple[str, ...]:
    return tuple(name for name in (item.reference, item.gateway_id, *item.names) if name)


def _on(item: ItemFacts) -> str:
    return f" of {day(item.at.date())}" if item.at else ""
