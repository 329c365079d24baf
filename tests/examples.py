"""How many examples a property is tried with, and which.

The suite tries the same few each time, so that no change is refused for what another one broke; `make properties` draws
many new ones.
"""

from __future__ import annotations

import os

from hypothesis import settings

TIMES = int(os.environ.get("PROPERTY_TIMES", "1"))

settings.register_profile("the same each time", derandomize=True)
settings.register_profile("drawn", print_blob=True)
settings.load_profile("drawn" if TIMES > 1 else "the same each time")


def examples(usual: int) -> int:
    """So many, times PROPERTY_TIMES."""
    return usual * TIMES
