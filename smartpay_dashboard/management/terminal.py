"""Take the terminal for ourselves, so that Ctrl-C reaches us and not the `make` that started us.

make ends by SIGINT when it gets one, even where its recipe ended well; the prompt would then show a failure.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def own_foreground() -> Iterator[None]:
    """Be the terminal's foreground group for the length of the block; without a terminal nothing happens."""
    if not _at_a_terminal():
        yield
        return
    terminal, former = sys.stdin.fileno(), os.tcgetpgrp(sys.stdin.fileno())
    # Taking the terminal from the background would stop us; and nobody could wake us from a Ctrl-Z.
    for number in (signal.SIGTTOU, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):  # already a group or session of our own
        os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the former group may have ended
            os.tcsetpgrp(terminal, former)


def _at_a_terminal() -> bool:
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False
