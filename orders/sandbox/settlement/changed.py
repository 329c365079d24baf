"""Mistakes in the figures and words of a line: amount, currency, kind and fee."""

from __future__ import annotations

from dataclasses import replace

from orders.sandbox.amounts import exponent_of
from orders.sandbox.settlement.lines import CAPTURE, REFUND, Line, Story, fee_of
from orders.sandbox.settlement.scene import Scene

SMALLEST = 1_000
"""Minor units below which a changed amount would look like rounding."""
OTHER_CURRENCY = {"EUR": "USD", "GBP": "EUR", "USD": "EUR", "KWD": "BHD"}
YEN_FOR_ONE = 150
FEE_MORE_BASIS_POINTS = 100


def rounded(scene: Scene) -> Story | None:
    if not _large_enough(scene):
        return None
    return _amount(scene, "rounding", scene.movement.amount + (1 if scene.draw.number("up", 2) else -1))


def fee_deducted(scene: Scene) -> Story | None:
    """The gross is written without the fee, and then there is no fee."""
    if not _large_enough(scene) or scene.movement.type != CAPTURE or scene.fee < 3:
        return None
    line = replace(scene.line(amount=scene.movement.amount - scene.fee), fee=0)
    return scene.story("fee_deducted", "amount", "fee_deducted", line, about=line)


def more(scene: Scene) -> Story | None:
    if not _large_enough(scene):
        return None
    share = scene.draw.between("share", 5, 30)
    return _amount(scene, "amount_changed", scene.movement.amount * (100 + share) // 100)


def part(scene: Scene) -> Story | None:
    if not _large_enough(scene):
        return None
    share = scene.draw.between("share", 20, 70)
    return _amount(scene, "partial", scene.movement.amount * share // 100)


def wrong_currency(scene: Scene) -> Story | None:
    """The same figure under another label."""
    if not scene.is_payment_or_refund:
        return None
    line = _in_currency(scene.line(), 1, 1)
    return scene.story("wrong_currency", "currency", "wrong_currency", line, about=line)


def converted(scene: Scene) -> Story | None:
    if not _large_enough(scene):
        return None
    cents = scene.draw.between("rate", 106, 130) if scene.draw.number("up", 2) else scene.draw.between("rate", 70, 94)
    line = _in_currency(scene.line(), cents, 100 * (YEN_FOR_ONE if scene.movement.currency == "JPY" else 1))
    if not line.gross:
        return None
    line = replace(line, fee=fee_of(line.type, line.gross, scene.fee_basis_points))
    return scene.story("converted", "currency", "currency_converted", line, about=line)


def swapped(scene: Scene) -> Story | None:
    if not scene.is_payment_or_refund:
        return None
    type_ = REFUND if scene.movement.type == CAPTURE else CAPTURE
    gross = -scene.line().gross
    line = replace(scene.line(), type=type_, gross=gross, fee=fee_of(type_, gross, scene.fee_basis_points))
    return scene.story("kind_swapped", "kind", "wrong_kind", line, about=line)


def fee_wrong(scene: Scene) -> Story | None:
    if not _large_enough(scene) or scene.movement.type != CAPTURE:
        return None
    fee = fee_of(CAPTURE, scene.movement.amount, scene.fee_basis_points + FEE_MORE_BASIS_POINTS)
    line = replace(scene.line(), fee=max(fee, scene.fee + 3))
    return scene.story("fee_wrong", "fee", "fee_rate", line, about=line)


def _amount(scene: Scene, cause: str, amount: int) -> Story:
    line = scene.line(amount=amount)
    return scene.story(cause, "amount", cause, line, about=line)


def _large_enough(scene: Scene) -> bool:
    return scene.is_payment_or_refund and scene.movement.amount >= SMALLEST


def _in_currency(line: Line, times: int, by: int) -> Line:
    """Amounts are minor units of the new currency; the figure as people write it is times/by of the old one."""
    label = OTHER_CURRENCY.get(line.currency, "USD")
    digits = exponent_of(label) - exponent_of(line.currency)

    def figure(minor: int) -> int:
        scaled = abs(minor) * int(10 ** max(digits, 0)) * times // (by * int(10 ** max(-digits, 0)))
        return scaled if minor >= 0 else -scaled

    return replace(line, currency=label, gross=figure(line.gross), fee=figure(line.fee))
