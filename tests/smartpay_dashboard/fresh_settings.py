"""Ask a fresh process what the settings become under an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

REPOSITORY = Path(__file__).resolve().parents[2]
_ASK = (
    "import json, sys; from django.conf import settings; "
    "print(json.dumps({name: getattr(settings, name, None) for name in sys.argv[1:]}, default=str))"
)


def production(data_dir: Path, **changes: str) -> dict[str, str]:
    """An environment fit for real money; `changes` spoil it."""
    return {
        "PRODUCTION": "1",
        "SECRET_KEY": "k" * 60,
        "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "pay.example.com",
        "PUBLIC_URL": "https://pay.example.com",
        "DATA_DIR": str(data_dir),
        **changes,
    }


def settings_with(environ: dict[str, str], *names: str) -> dict[str, Any]:
    told = run_python(["-c", _ASK, *names], environ)
    assert told.returncode == 0, told.stderr
    answers: dict[str, Any] = json.loads(told.stdout)
    return answers


def run_python(words: Sequence[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A Python process in the repository that inherits nothing but PATH."""
    full = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "smartpay_dashboard.settings", **environ}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=REPOSITORY, env=full, capture_output=True, text=True, check=False, timeout=60)
