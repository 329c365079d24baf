"""Crash points: places where a proof kills this very process with signal 9, to show that nothing is lost there.

Inert unless CRASH_FOLDER is set, which only tests do. The folder holds a file `<modification id>.<point>` for every
crash that is still to happen; the file is renamed to `….died.<pid>` just before the signal, so each happens once.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

_FOLDER = os.environ.get("CRASH_FOLDER", "")

POINTS = (
    "after_commit_before_publish",
    "after_claim",
    "after_arm",
    "before_send",
    "after_send",
    "after_response",
    "inside_resolve",
    "after_resolve",
)


def crash(point: str, modification_id: object) -> None:
    """Die here when a proof asked for it."""
    if not _FOLDER:
        return
    order = Path(_FOLDER) / f"{modification_id}.{point}"
    with contextlib.suppress(FileNotFoundError):
        order.rename(order.with_name(f"{order.name}.died.{os.getpid()}"))
        os.kill(os.getpid(), signal.SIGKILL)
