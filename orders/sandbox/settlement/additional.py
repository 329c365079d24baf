"""Mistakes in which a line more is listed: twice, of somebody else, of nobody, and news that we have not heard."""

from __future__ import annotations

from dataclasses import replace

from orders.sandbox.settlement.lines import (
    CAPTURE,
    CHARGEBACK,
    CHARGEBACK_FEE_MINOR,
    FEE,
    REFUND,
    Line,
    Story,
)
from orders.sandbox.settlement.scene import Scene, line_of


def refund_in_portal(scene: Scene) -> Story | None:
    """A refund that somebody made elsewhere; no webhook and no reading has told of it."""
    mine = scene.movement
    taken = {one.amount for one in scene.siblings if one.type == REFUND}
    amount = mine.refundable * scene.draw.between("share", 30, 80) // 100
    if mine.type != CAPTURE or not mine.done or mine.refundable < 200 or amount in taken:
        return None
    line = scene.more(REFUND, amount, on=scene.day)
    return scene.story("refund_in_portal", "theirs_not_ours", "portal_action", scene.line(), line, about=line)


def unknown_payment(scene: Scene) -> Story | None:
    """A capture of a transaction that nobody knows."""
    if not scene.is_payment_or_refund:
        return None
    gateway, amount = scene.movement.gateway, scene.movement.amount + scene.draw.between("more", 101, 9_999)
    line = replace(
        scene.more(CAPTURE, amount, on=scene.day),
        transaction_id=scene.draw.transaction_id("unknown", gateway=gateway),
        partner_reference=f"UNKNOWN-{scene.draw.number('name', 1_000_000)}",
    )
    return scene.story("unknown_payment", "theirs_not_ours", "unknown_payment", scene.line(), line, about=line)


def others_line(scene: Scene) -> Story | None:
    """Another merchant's line stands in this merchant's file too."""
    strangers = [
        one for one in scene.strangers_on(scene.day) if one.done and not one.parts and one.type in (CAPTURE, REFUND)
    ]
    if not scene.is_payment_or_refund or not strangers:
        return None
    theirs = strangers[scene.draw.number("stranger", len(strangers))]
    line = replace(line_of(theirs, scene.fee_basis_points), merchant_key=scene.movement.merchant_key)
    return scene.story("others_line", "theirs_not_ours", "other_account", scene.line(), line, about=line)


def listed_twice(scene: Scene) -> Story | None:
    """The same line stands twice in one file."""
    if not scene.is_payment_or_refund:
        return None
    return scene.story("listed_twice", "duplicate", "duplicate_line", scene.line(), scene.line(), about=scene.line())


def listed_again(scene: Scene) -> Story | None:
    """The next file books the same movement once more."""
    if not scene.is_payment_or_refund:
        return None
    again = scene.line().moved_to(scene.next_file())
    return scene.story("listed_again", "duplicate", "duplicate_line", scene.line(), again, about=again)


def repeated_line(scene: Scene) -> Story | None:
    """The next file begins before the last one ended: the very same line, which counts once."""
    if not scene.is_payment_or_refund:
        return None
    again = replace(scene.line(), listed_on=scene.next_file())
    return scene.story("repeated_line", "", "", scene.line(), again, about=again)


def executed_twice(scene: Scene) -> Story | None:
    """The gateway moved the money a second time, under a new id."""
    if not scene.is_payment_or_refund:
        return None
    mine = scene.movement
    again = scene.more(mine.type, mine.amount, on=scene.day)
    if mine.gateway == "smartpay" and mine.type == CAPTURE:
        again = replace(again, reference=mine.reference)
    return scene.story("executed_twice", "duplicate", "executed_twice", scene.line(), again, about=again)


def charged_back(scene: Scene) -> Story | None:
    """The shopper's bank takes everything back, and only the file says so."""
    mine = scene.movement
    if mine.type != CAPTURE or not mine.done or mine.refunded or mine.charged_back or mine.captured != mine.amount:
        return None
    return _with_chargeback(scene, "charged_back", "theirs_not_ours", "chargeback")


def charged_back_after_refund(scene: Scene) -> Story | None:
    mine = scene.movement
    last = max(one.at for one in scene.siblings if one.done)
    if mine.type != REFUND or not mine.done or mine.refundable or mine.charged_back or mine.at < last:
        return None
    return _with_chargeback(scene, "charged_back_after_refund", "chargeback_after_refund", "charged_back_after_refund")


def settled_though_failed(scene: Scene) -> Story | None:
    """The answer said that it failed, and it is settled all the same."""
    if not scene.movement.failed or scene.movement.type not in (CAPTURE, REFUND):
        return None
    line = scene.line()
    return scene.story("settled_though_failed", "settled_though_failed", "executed_after_failure", line, about=line)


def chargeback_fee(line: Line) -> Line:
    """What each chargeback costs, as a line of its own."""
    return replace(line, type=FEE, gross=0, fee=CHARGEBACK_FEE_MINOR)


def _with_chargeback(scene: Scene, kind: str, type: str, cause: str) -> Story:
    line = scene.more(CHARGEBACK, scene.movement.captured, on=scene.next_file())
    return scene.story(kind, type, cause, scene.line(), line, chargeback_fee(line), about=line)
