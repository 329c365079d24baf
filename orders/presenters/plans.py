"""A refund plan for the eye: how far it has come, every leg with its story, and the button that finishes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User

from orders.gateways.base import Kind
from orders.models import Modification, RefundPlan
from orders.modifications.plans import Progress, progress_of
from orders.modifications.rules import Decision, may
from orders.modifications.situation import situation_of
from orders.presenters.following import Following, Seen, follow
from orders.presenters.story import Story, story_of
from orders.templatetags.presentation import money_text


@dataclass(frozen=True, kw_only=True)
class LegRow:
    """One leg: the modification with its capture loaded, and what is told about it."""

    modification: Modification
    story: Story


@dataclass(frozen=True, kw_only=True)
class PlanCard:
    """What the card shows; `finish` says whether what is missing may be asked for again now."""

    plan: RefundPlan
    title: str
    sentence: str
    tone: str
    word: str
    progress: Progress
    legs: tuple[LegRow, ...]
    finish: Decision | None
    """None while nothing is missing."""
    following: Following
    followed: bool

    @property
    def news(self) -> str:
        """What a screen reader hears when it changed."""
        return f"{self.title}: {self.word}. {self.sentence}"


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """A plan on the order page, where something of it is missing."""

    plan: RefundPlan
    title: str
    sentence: str


def plan_card_of(plan: RefundPlan, person: User, *, seen: Seen, now: datetime) -> PlanCard:
    """The card now. The plan comes with its transaction and account loaded."""
    rows = list(plan.modifications.select_related("account", "capture", "requested_by").order_by("requested_at"))
    rows.sort(key=lambda row: (row.requested_at, -(row.capture_id or 0)))
    progress = progress_of(plan, rows)
    tone, word = _state(progress, rows)
    return PlanCard(
        plan=plan,
        title=_title(plan),
        sentence=_sentence(plan, progress),
        tone=tone,
        word=word,
        progress=progress,
        legs=tuple(LegRow(modification=row, story=story_of(row, now=now)) for row in rows),
        finish=_finish(plan, progress, person, now) if progress.finishable else None,
        following=follow(rows, seen, now=now, facts=[plan.transaction.version, plan.transaction.account.paused_reason]),
        followed=bool(seen.mark) or progress.open > 0,
    )


def plan_lines(rows: Iterable[Modification]) -> tuple[PlanLine, ...]:
    """The plans among these modifications of which something is missing, newest first; the rows have their plan loaded.

    A plan whose legs are not all among the rows says nothing: its sums would be wrong.
    """
    legs: dict[UUID, list[Modification]] = {}
    for row in rows:
        if row.plan is not None:
            legs.setdefault(row.plan.pk, []).append(row)
    lines = []
    for of_plan in legs.values():
        plan = of_plan[0].plan
        if plan is None or sum(row.amount for row in of_plan) < plan.amount:
            continue
        progress = progress_of(plan, of_plan)
        if progress.finishable:
            lines.append(PlanLine(plan=plan, title=_title(plan), sentence=_sentence(plan, progress)))
    return tuple(lines)


def _title(plan: RefundPlan) -> str:
    return f"Refund of {money_text(plan.amount, plan.currency)} over several captures"


def _state(progress: Progress, rows: Iterable[Modification]) -> tuple[str, str]:
    if any(row.in_doubt for row in rows):
        return "careful", "In doubt"
    if progress.open:
        return "busy", "Under way"
    if not progress.missing:
        return "good", "Done"
    return ("bad", "Partly done") if progress.done else ("bad", "Not done")


def _sentence(plan: RefundPlan, progress: Progress) -> str:
    def money(amount: int) -> str:
        return money_text(amount, plan.currency)

    if not progress.missing and not progress.open:
        return f"Done: all of {money(progress.asked)} was refunded to the shopper."
    parts = [
        f"{money(progress.done)} of {money(progress.asked)} went back to the shopper.",
        f"{money(progress.open)} is under way and stays reserved." if progress.open else "",
        f"{money(progress.missing)} was refused or withdrawn: nothing of it moved, and it is free again."
        if progress.missing
        else "",
    ]
    return " ".join(part for part in parts if part)


def _finish(plan: RefundPlan, progress: Progress, person: User, now: datetime) -> Decision:
    return may(Kind.REFUND, situation_of(plan.transaction, person, now=now), amount=progress.missing)
