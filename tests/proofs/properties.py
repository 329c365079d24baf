"""`make properties`: what holds for all that Hypothesis can think of, with many new examples on both databases."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.everything import LOCAL_POSTGRESQL

PROPERTIES = (
    "tests/proofs/test_state_machine.py",
    "tests/inbox/test_permutations.py",
    "tests/models/test_begins.py",
    "tests/reconciliation/matching/test_property.py",
    "tests/reconciliation/matching/test_property_people.py",
    "tests/api/test_against_its_document.py",
)


def main() -> int:
    times = {"PROPERTY_TIMES": os.environ.get("PROPERTY_TIMES", "20")}
    postgresql = {"DATABASE_URL": os.environ.get("DATABASE_URL", LOCAL_POSTGRESQL)}
    sqlite = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *PROPERTIES]
    done = [subprocess.run(command, env=env | times, check=False) for env in (sqlite, sqlite | postgresql)]
    return max(one.returncode for one in done)


if __name__ == "__main__":
    sys.exit(main())
