"""One way to break a promise of the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model


@dataclass(frozen=True)
class Crime:
    """One way to break the promise `name`: an UPDATE of a lawful row, or an INSERT of a second one like it."""

    name: str
    row: Callable[[], Model]
    columns: dict[str, Any]
