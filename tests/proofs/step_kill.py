"""`make step-kill`: run the step-kill matrix on SQLite and on PostgreSQL and print what passed."""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.proofs.cells import OUTCOMES, POINTS, every_cell, refunds_and_a_sample
from tests.proofs.matrix import Matrix

VENDORS = ("sqlite", "postgresql")


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.step_kill")
    parser.add_argument("--vendor", choices=VENDORS, help="one database; without it one after the other")
    parser.add_argument("--sample", action="store_true", help="every refund of gateway A, the rest by a seeded sample")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--only", default="", help="only cells whose name begins with this, for example C told · refund"
    )
    chosen = parser.parse_args(words)
    if chosen.vendor is None:
        return _on_both([*words, "--seed", str(chosen.seed)])
    cells = refunds_and_a_sample(chosen.seed, vendor=VENDORS.index(chosen.vendor)) if chosen.sample else every_cell()
    return _on_one(Matrix(chosen.vendor, [cell for cell in cells if cell.name.startswith(chosen.only)]), chosen.seed)


def _on_both(words: Sequence[str]) -> int:
    """One after the other: leases are short here, and two at once on a small machine would outlast them."""
    passed = failed = 0
    for vendor in VENDORS:
        command = [sys.executable, "-m", "tests.proofs.step_kill", *words, "--vendor", vendor]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            _stop_together(running)
            told = running.communicate()[0]
        print(told, flush=True)
        closing = re.search(r"(\d+) passed, (\d+) failed", told)
        passed += int(closing[1]) if closing else 0
        failed += int(closing[2]) if closing else 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _stop_together(child: subprocess.Popen[str]) -> None:
    """Being asked to stop, ask the child: it has servers to take down."""

    def stop(_number: int, _frame: object) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, stop)


def _on_one(matrix: Matrix, seed: int) -> int:
    began = time.monotonic()
    matrix.run()
    failed = [cell for cell in matrix.cells if cell.problems]
    print(f"{matrix.vendor}: {len(matrix.cells)} cells, seed {seed}, {time.monotonic() - began:.0f} s")
    print(_table(matrix))
    for cell in failed:
        print(f"FAILED {cell.name} ({cell.id}): {'; '.join(dict.fromkeys(cell.problems))}")
    for sentence in matrix.problems:
        print(f"FAILED {sentence}")
    failures = len(failed) + bool(matrix.problems)
    print(f"{len(matrix.cells) - len(failed)} passed, {failures} failed", flush=True)
    return 1 if failures else 0


def _table(matrix: Matrix) -> str:
    """Steps down, outcomes across; in each cell how many of how many passed."""
    width = max(map(len, POINTS))
    lines = [" " * width + "".join(f"{outcome[:9]:>10}" for outcome in OUTCOMES)]
    for point in POINTS:
        line = f"{point:<{width}}"
        for outcome in OUTCOMES:
            here = [cell for cell in matrix.cells if (cell.point, cell.outcome) == (point, outcome)]
            passed = sum(not cell.problems for cell in here)
            line += f"{f'{passed}/{len(here)}' if here else '–':>10}"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
