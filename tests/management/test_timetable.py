"""The timetable without beat: every errand in its own time, and none keeps another from its own."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from celery import current_app
from django.conf import settings

from orders.management.timetable import follow

WITHIN_SECONDS = 10.0


class Errand:
    """Counts its runs; `stuck` until it is let go, or failing every time."""

    def __init__(self, *, fails: bool = False, stuck: bool = False) -> None:
        self.runs = 0
        self.twice = threading.Event()
        self.let_go = threading.Event()
        self._fails, self._stuck = fails, stuck

    def __call__(self) -> None:
        self.runs += 1
        if self.runs >= 2:
            self.twice.set()
        if self._stuck:
            self.let_go.wait(WITHIN_SECONDS)
        if self._fails:
            raise RuntimeError("failed on purpose")


def test_each_errand_is_run_again_and_again_whatever_its_neighbours_do(monkeypatch: pytest.MonkeyPatch) -> None:
    errands: dict[str, Any] = {"well": Errand(), "failing": Errand(fails=True), "stuck": Errand(stuck=True)}
    for name, errand in errands.items():
        monkeypatch.setitem(current_app.tasks, name, errand)
    ended = threading.Event()

    threads = follow({name: {"task": name, "schedule": 0.01} for name in errands}, ended)

    assert errands["well"].twice.wait(WITHIN_SECONDS)
    assert errands["failing"].twice.wait(WITHIN_SECONDS)
    assert errands["stuck"].runs == 1
    ended.set()
    errands["stuck"].let_go.set()
    for thread in threads:
        thread.join(WITHIN_SECONDS)
        assert not thread.is_alive()


def test_every_task_of_the_timetable_exists() -> None:
    current_app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(current_app.tasks)
