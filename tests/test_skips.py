"""A strict run refuses every skip that no line of allowed_skips.txt names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def run_one_skip(reason: str, tmp_path: Path, *, strict: bool) -> subprocess.CompletedProcess[str]:
    """A suite of one test that skips itself, under this project's conftest."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_one.py").write_text(f"import pytest\ndef test_one(): pytest.skip({reason!r})\n")
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pyproject.toml", "--rootdir", str(tmp_path), str(tmp_path)]
    environ = {"PATH": "", "REFUSE_SKIPS": str(int(strict)), "DATA_DIR": str(tmp_path)}
    return subprocess.run(command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, check=False)


def test_an_unlisted_skip_turns_a_strict_run_red(tmp_path: Path) -> None:
    told = run_one_skip("no browser was found", tmp_path, strict=True)

    assert told.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Refused skip" in told.stdout
    assert "no browser was found" in told.stdout


def test_a_listed_skip_is_accepted_by_a_strict_run(tmp_path: Path) -> None:
    assert run_one_skip("PostgreSQL only: time limits", tmp_path, strict=True).returncode == 0


def test_an_easy_run_accepts_every_skip(tmp_path: Path) -> None:
    assert run_one_skip("no browser was found", tmp_path, strict=False).returncode == 0
