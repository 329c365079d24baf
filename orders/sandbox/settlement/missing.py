"""Mistakes in which the line is not where it should be: left out, late, under a wrong name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orders.sandbox.settlement.lines import REFUND, Story, Truth
from orders.sandbox.settlement.scene import Scene

LATE_DAYS = (8, 12)
"""Calendar days: later than any sensible patience, with room for weekends."""


def line_left_out(scene: Scene) -> Story | None:
    if not scene.is_payment_or_refund:
        return None
    return scene.story("line_left_out", "ours_not_theirs", "line_missing")


def late(scene: Scene) -> Story | None:
    if not scene.is_payment_or_refund:
        return None
    day = scene.file_from(scene.day + timedelta(days=scene.draw.between("late", *LATE_DAYS)))
    line = scene.line().moved_to(day)
    return scene.story("late", "late", "gateway_late", line, about=line)


def reference_left_out(scene: Scene) -> Story | None:
    """Only the transaction is named; where it has nothing else like it, the line can be recognised all the same."""
    if not scene.is_payment_or_refund or scene.alike():
        return None
    line = replace(scene.line(), reference="", gateway_id="", partner_reference="", custom_reference="")
    return scene.story("reference_left_out", "", "", line, about=line)


def wrong_reference(scene: Scene) -> Story | None:
    """The transaction is named, and a reference that is not the movement's: it may be another movement of it."""
    if not scene.is_payment_or_refund or scene.alike():
        return None
    return _under_another_name(scene, "wrong_reference", transaction_id=scene.movement.transaction_id)


def wrong_reference_alone(scene: Scene) -> Story | None:
    """Nothing leads from the line to the movement, except what it is, how much, and when."""
    if not scene.is_payment_or_refund:
        return None
    return _under_another_name(scene, "wrong_reference_alone", transaction_id="")


def _under_another_name(scene: Scene, kind: str, *, transaction_id: str) -> Story:
    """Both sides are without the other, and have the same cause."""
    line = replace(
        scene.line(),
        reference=scene.draw.reference("wrong"),
        transaction_id=transaction_id,
        gateway_id="",
        partner_reference="",
        custom_reference="",
    )
    found = Truth(kind=kind, type="theirs_not_ours", cause="wrong_reference", movement=scene.movement, line=line)
    missed = Truth(kind=kind, type="ours_not_theirs", cause="wrong_reference", movement=scene.movement)
    return Story(lines=(line,), truths=(found, missed))


def twins(scene: Scene) -> Story | None:
    """Two equal refunds of one transaction on one day, listed without a word which is which."""
    mine = scene.movement
    place = [one.key for one in scene.siblings].index(mine.key)
    later = {one.key for one in scene.siblings[place + 1 :]}
    others = [one for one in scene.alike() if one.day == mine.day and one.key in later and not one.parts]
    if mine.type != REFUND or not mine.done or len(scene.alike()) != 1 or not others:
        return None
    bare = replace(scene.line(), reference="", gateway_id="", custom_reference="")
    truths = [
        Truth(kind="twins", type="ambiguous", cause="alike", movement=one, line=bare) for one in (mine, others[0])
    ]
    missed = [Truth(kind="twins", type="ours_not_theirs", cause="alike", movement=one) for one in (mine, others[0])]
    return Story(lines=(bare, bare), truths=(*truths, *missed), instead_of=frozenset({others[0].key}))
