"""Signs of life: a worker that another one has replaced is no alarm; the last one that falls silent is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Heartbeat
from orders.presenters.accounts import STALE_AFTER, beats

pytestmark = pytest.mark.django_db


def _words(**minutes_ago: float) -> dict[str, str]:
    now = timezone.now()
    for name, minutes in minutes_ago.items():
        Heartbeat.objects.update_or_create(
            name=name.replace("_", " "), defaults={"at": now - minutes * timedelta(minutes=1)}
        )
    return {beat.heartbeat.name: beat.word for beat in beats(now=now)}


def test_a_worker_that_was_replaced_has_ended() -> None:
    assert _words(worker_1=10, worker_2=0) == {"worker 1": "Ended", "worker 2": "Alive"}


def test_the_last_worker_falls_silent() -> None:
    assert _words(worker_1=10, sweeper=0) == {"worker 1": "Silent", "sweeper": "Alive"}


def test_a_silent_sweeper_is_an_alarm_beside_a_living_worker() -> None:
    minutes = STALE_AFTER / timedelta(minutes=1) + 1

    assert _words(worker_1=0, sweeper=minutes)["sweeper"] == "Silent"
