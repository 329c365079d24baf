"""Become another program: signals then go straight to it, and no launcher stays behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

_PR_SET_PDEATHSIG = 1


def become(command: Sequence[str], *, environ: Mapping[str, str] | None = None) -> NoReturn:
    """Replace this process by `command` (the program found on PATH)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvpe(command[0], list(command), dict(os.environ if environ is None else environ))


def die_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel for a signal when the parent ends. Outlives an exec; does nothing where it is unknown (macOS)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number)
