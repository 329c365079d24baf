"""Runs a command in this process and gives back what it printed and how it ended."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Exit code, standard output and standard error of one run."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        return json.loads(self.out)


def run(*words: str) -> Ended:
    """As typed after manage.py; options and their values are words of their own."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())
