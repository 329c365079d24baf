"""The payload files and small changes to them, as a gateway might make them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "payloads"


class _Gone:
    """Stands for a field that is left out; its name is the same in every process, so that test ids are."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Any = _Gone()
"""The value that takes a field away."""


def payload(name: str, **changes: Any) -> dict[str, Any]:
    """The file's object; `changes` go by path with double underscores: modification__status="FAILED"."""
    tree: dict[str, Any] = copy.deepcopy(json.loads((FOLDER / f"{name}.json").read_text()))
    for path, value in changes.items():
        *way, last = path.split("__")
        place = tree
        for step in way:
            place = place[step]
        if value is GONE:
            del place[last]
        else:
            place[last] = value
    return tree


def payload_bytes(name: str, **changes: Any) -> bytes:
    return json.dumps(payload(name, **changes)).encode()
