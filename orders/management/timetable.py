"""Beat's timetable without beat: each of its tasks in a thread of this process, for hosts that run one process only."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from celery import current_app
from django.db import connection

log = structlog.get_logger(__name__)


def follow(timetable: Mapping[str, Mapping[str, Any]], ended: threading.Event) -> list[threading.Thread]:
    """Run every entry of a CELERY_BEAT_SCHEDULE at its interval until `ended`; one that fails is tried again.

    Each has a thread of its own, so that a gateway that does not answer delays nothing else. They end with the process.
    """
    current_app.loader.import_default_modules()
    threads = [
        threading.Thread(
            target=_keep_time, args=(entry["task"], float(entry["schedule"]), ended), name=name, daemon=True
        )
        for name, entry in timetable.items()
    ]
    for thread in threads:
        thread.start()
    return threads


def _keep_time(task: str, seconds: float, ended: threading.Event) -> None:
    while not ended.wait(seconds):
        try:
            current_app.tasks[task]()
        except Exception:
            log.exception("An errand of the timetable failed; it is run again when its time comes.", task=task)
        finally:
            connection.close()
