"""`recover --loop`: a process that stands in for worker and beat, and ends cleanly when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox_process import REPOSITORY

pytestmark = pytest.mark.process
WITHIN_SECONDS = 60


def manage(*words: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=False
    )


def test_the_loop_sweeps_and_a_sigterm_ends_it(tmp_path: Path) -> None:
    environ = {**os.environ, "DATA_DIR": str(tmp_path), "SWEEP_SECONDS": "0.2", "CLAIM_SECONDS": "0.2"}
    environ.pop("DATABASE_URL", None)
    assert manage("migrate", "-v0", environ=environ).returncode == 0
    assert manage("account", "list", environ=environ).returncode == 0
    loop = subprocess.Popen(
        [sys.executable, "manage.py", "recover", "--loop"],
        cwd=REPOSITORY,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        swept = _wait_for_a_sweep(environ)
        loop.send_signal(signal.SIGTERM)
        out, _ = loop.communicate(timeout=WITHIN_SECONDS)
    finally:
        loop.kill()
        loop.wait()

    assert swept
    assert loop.returncode == 0
    assert "nothing is in the air" in out


def _wait_for_a_sweep(environ: dict[str, str]) -> bool:
    """New users are events; the sweep seals them."""
    made = manage("shell", "-v0", "-c", _MAKE_AN_EVENT, environ=environ)
    assert made.returncode == 0, made.stderr
    until = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < until:
        if '"unsealed": 0' in manage("audit", "verify", "--json", environ=environ).stdout:
            return True
    return False


_MAKE_AN_EVENT = "from django.contrib.auth.models import User; User.objects.create_user('somebody')"
