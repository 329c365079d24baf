"""One errand of a night as pages show it: its state, what each step came to, and where a step's rows are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from orders.models import DiscrepancyType, JobRun, JobState
from orders.reconciliation.nights.words import BOOKS_STEPS, REPORT_STEPS, STEPS

TONES = {JobState.RUNNING: "busy", JobState.DONE: "good", JobState.FAILED: "careful"}
WORDS = {JobState.RUNNING: "Running", JobState.DONE: "Done", JobState.FAILED: "Not whole"}
_STEP_WORDS = STEPS | BOOKS_STEPS | REPORT_STEPS


@dataclass(frozen=True, kw_only=True)
class StepShown:
    """One step: its heading, what it came to, and where its rows are."""

    title: str
    sentence: str
    tone: str
    word: str
    seconds: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class NightShown:
    """One errand with its steps."""

    row: JobRun
    title: str
    tone: str
    word: str
    steps: tuple[StepShown, ...]


def night_shown(row: JobRun, title: str) -> NightShown:
    """The errand with its finished steps, in the order in which a night takes them."""
    state = JobState(row.state)
    steps = tuple(_step_shown(name, row.steps[name], row.account_id) for name in _STEP_WORDS if name in row.steps)
    return NightShown(row=row, title=title, tone=TONES[state], word=WORDS[state], steps=steps)


def _step_shown(name: str, step: Mapping[str, Any], account_id: int | None) -> StepShown:
    broken = bool(step.get("figures", {}).get("broken"))
    ok = bool(step["ok"]) and not broken
    return StepShown(
        title=_STEP_WORDS[name],
        sentence=step["sentence"],
        tone="good" if ok else "bad" if broken else "careful",
        word="Done" if ok else "Broken" if broken else "Tried again",
        seconds=f"{step.get('seconds', 0):.1f} s",
        url=_where(name, step.get("figures", {}), account_id),
    )


def _where(name: str, figures: Mapping[str, Any], account_id: int | None) -> str:
    """The list behind a step's figures: of the errand's account, and of no other."""
    if name == "match" and figures.get("run"):
        return reverse("orders:run", args=[figures["run"]])
    if name == "drift" and figures.get("open"):
        return reverse("orders:drift_list")
    if name == "closed" and figures.get("ids"):
        return reverse("orders:discrepancy", args=[figures["first"]])
    kinds = {"expectations": DiscrepancyType.OURS_NOT_THEIRS, "remainder": DiscrepancyType.REMAINDER}
    if name in kinds and any(figures.values()):
        return reverse("orders:discrepancy_list") + f"?type={kinds[name].value}&account={account_id}"
    return ""


def step_of(row: JobRun | None, name: str) -> Mapping[str, Any]:
    """What is remembered of a step; nothing where the errand or the step has not come so far."""
    return {} if row is None else row.steps.get(name, {})
