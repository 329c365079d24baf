"""The laboratory's pages: profiles that can be tried, and what an experiment would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User

from orders.models import (
    DiscrepancyType,
    Merchant,
    ProfileState,
    ReconciliationRun,
    RunKind,
    RunStage,
    SettlementLine,
    SettlementProfile,
)
from orders.permissions import permissions_of
from orders.templatetags.presentation import money_text

TITLES = {
    "gained": "Newly met",
    "lost": "No longer met",
    "moved": "Met by another movement",
}
MEANINGS = {
    "gained": "Lines that meet nothing today and would meet a movement.",
    "lost": "Lines that meet a movement today and would meet none.",
    "moved": "Lines that would meet another movement than today.",
}
EXAMPLES_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class ProfileRow:
    """A profile's version with its newest experiment."""

    profile: SettlementProfile
    latest: ReconciliationRun | None
    word: str
    tone: str
    may_try: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """One kind of change, with lines to look at."""

    code: str
    title: str
    meaning: str
    count: int
    tone: str
    examples: tuple[tuple[int, str], ...]
    """(line id, what it says)."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One experiment as its page shows it."""

    run: ReconciliationRun
    running: bool
    answer: str
    figures: tuple[tuple[str, str], ...]
    changes: tuple[Change, ...]
    left: tuple[tuple[str, int], ...]
    unreadable: tuple[Mapping[str, Any], ...]
    may_try: bool


def profiles_of(person: User) -> tuple[ProfileRow, ...]:
    """Drafts first, then what is in use; three queries however many there are."""
    profiles = list(
        SettlementProfile.objects.filter(account__merchant__in=Merchant.objects.of(person))
        .exclude(state=ProfileState.RETIRED)
        .select_related("account")
        .order_by("-state", "account__name", "name", "-version")[:200]
    )
    latest: dict[int, ReconciliationRun] = {}
    trials = ReconciliationRun.objects.filter(kind=RunKind.TRIAL, file__isnull=True, profile__in=profiles)
    for run in trials.order_by("pk"):
        assert run.profile_id is not None
        latest[run.profile_id] = run
    return tuple(
        replace(
            _row(profile, latest.get(profile.pk)),
            may_try="reconcile" in permissions_of(person, profile.account.merchant_id),
        )
        for profile in profiles
    )


def experiment_of(run: ReconciliationRun, person: User) -> Experiment:
    """What it found, or that it is under way."""
    figures = run.figures
    running = run.stage != RunStage.DONE
    return Experiment(
        run=run,
        running=running,
        answer=_answer(run),
        figures=_figures(figures) if figures else (),
        changes=_changes(figures) if figures else (),
        left=tuple((DiscrepancyType(code).label, count) for code, count in figures.get("left", {}).items()),
        unreadable=tuple(figures.get("unreadable", ())),
        may_try="reconcile" in permissions_of(person, run.merchant_id),
    )


def _row(profile: SettlementProfile, latest: ReconciliationRun | None) -> ProfileRow:
    if latest is None:
        return ProfileRow(profile=profile, latest=None, word="Not tried", tone="quiet")
    if latest.stage != RunStage.DONE:
        return ProfileRow(profile=profile, latest=latest, word="Being tried", tone="busy")
    if latest.problem:
        return ProfileRow(profile=profile, latest=latest, word="Failed", tone="bad")
    worse = latest.figures.get("lost", 0) + len(latest.figures.get("unreadable", ()))
    return ProfileRow(
        profile=profile,
        latest=latest,
        word="Would break something" if worse else "Breaks nothing",
        tone="careful" if worse else "good",
    )


def _answer(run: ReconciliationRun) -> str:
    if run.stage != RunStage.DONE:
        return "The last days are read and matched once more; this page follows."
    if run.problem:
        return run.problem
    figures = run.figures
    if not figures.get("files"):
        return "No file of the last days was read by this profile, so there is nothing to compare with."
    parts = [f"{title.lower()} {figures[code]:,}" for code, title in TITLES.items()]
    unread = len(figures["unreadable"])
    last = f" Files that could not be read any more: {unread}." if unread else ""
    return f"Lines compared: {figures['lines']:,}; {', '.join(parts)}, ambiguous {figures['ambiguous']:,}.{last}"


def _figures(figures: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return (
        ("Files", f"{figures['files']:,}"),
        ("Lines that move money", f"{figures['lines']:,}"),
        ("Met today", f"{figures['met_before']:,}"),
        ("Met with this profile", f"{figures['met_now']:,}"),
        ("Ambiguous with this profile", f"{figures['ambiguous']:,}"),
    )


def _changes(figures: Mapping[str, Any]) -> tuple[Change, ...]:
    examples: Mapping[str, list[int]] = figures["examples"]
    wanted = [pk for found in examples.values() for pk in found[:EXAMPLES_SHOWN]]
    lines = SettlementLine.objects.in_bulk(wanted)
    return tuple(
        Change(
            code=code,
            title=title,
            meaning=MEANINGS[code],
            count=figures[code],
            tone="good" if code == "gained" else "careful",
            examples=tuple((pk, _said(lines[pk])) for pk in examples[code][:EXAMPLES_SHOWN] if pk in lines),
        )
        for code, title in TITLES.items()
    )


def _said(line: SettlementLine) -> str:
    day = f"{line.booked_on.day} {line.booked_on:%b}"
    return f"{line.get_type_display()} of {money_text(line.gross, line.currency)}, booked {day}"
