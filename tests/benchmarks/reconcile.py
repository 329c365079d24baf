"""`make bench-reconcile`: a settlement file from its bytes to typed discrepancies, beside the least that could be done.

Both sides run in turns in one PostgreSQL over the same file and the same modifications. The bare side reads the file
with the csv module, copies it into a table with our indexes, joins on the reference and writes the pairs into a table
with our indexes; it checks, types and keeps nothing. Ours is `receive` and `work_on`, in a process of its own whose
memory is measured. The ratio is the figure: ours until every line counts and is matched, over the bare side, which ends
there. What follows has no counterpart there and is printed beside it: the discrepancies typed, and their causes found.
Absolute rates are the machine's. Last, 100,000 lines on SQLite with a
second process that writes all the while: the longest that one of its writes waited.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks import reconcile_books as books
from tests.proofs.installation import Installation

SETTINGS = {"LOG_LEVEL": "ERROR", "STATEMENT_TIMEOUT_SECONDS": "3600"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sqlite-lines", type=int, default=100_000)
    parser.add_argument("--only", choices=["postgresql", "sqlite"])
    chosen = parser.parse_args()
    if chosen.only:
        return _one(chosen.only, chosen)
    for vendor in ("postgresql", "sqlite"):
        # Django is set up once in a process, for one database.
        words = ["--lines", str(chosen.lines), "--rounds", str(chosen.rounds)]
        words += ["--sqlite-lines", str(chosen.sqlite_lines), "--only", vendor]
        subprocess.run([sys.executable, "-m", "tests.benchmarks.reconcile", *words], check=True)
    return 0


def _one(vendor: str, chosen: argparse.Namespace) -> int:
    installation = Installation(vendor=vendor, settings=SETTINGS)
    installation.start()
    try:
        import django

        django.setup()
        if vendor == "postgresql":
            _beside_bare(installation.folder, chosen.lines, chosen.rounds)
        else:
            _beside_the_dashboard(installation.folder, chosen.sqlite_lines)
    finally:
        installation.stop()
    return 0


def _beside_bare(folder: Path, count: int, rounds: int) -> None:
    account = books.an_account_with(count)
    ratios = []
    for number in range(rounds):
        file = folder / f"file-{number}.csv"
        books.write_file(file, count, number)
        bare = _bare_seconds(file)
        ours = _in_a_worker(file, account)
        ratios.append(ours["counting_seconds"] / bare)
        counting, seconds = ours["counting_seconds"], ours["seconds"]
        print(
            f"PostgreSQL, {count:,} lines against {count:,} modifications: bare {bare:.1f} s ({count / bare:,.0f}/s), "
            f"ours {counting:.1f} s until they count ({count / counting:,.0f}/s), ratio {ratios[-1]:.2f}; "
            f"{ours['matches']:,} met; {ours['discrepancies']:,} discrepancies typed and explained after "
            f"{seconds:.1f} s (ratio {seconds / bare:.2f}); worker {ours['memory_mb']:.0f} MB",
            flush=True,
        )
        books.forget(account)
    print(f"PostgreSQL, median ratio {statistics.median(ratios):.2f} (target 2.0), memory (target 200 MB)", flush=True)


def _bare_seconds(file: Path) -> float:
    """COPY and JOIN with nothing around them."""
    from django.db import connection

    books.make_bare_tables()
    began = time.perf_counter()
    with connection.cursor() as cursor, file.open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        with cursor.copy(books.BARE_COPY) as copy:
            for number, row in enumerate(rows):
                copy.write_row(books.bare_row(number, row))
        cursor.execute("ANALYZE bare_line")
        cursor.execute(books.BARE_JOIN)
    return time.perf_counter() - began


def _in_a_worker(file: Path, account_id: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.reconcile_worker", str(file), str(account_id)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _beside_the_dashboard(folder: Path, count: int) -> None:
    """The dashboard's part is played by this process: it writes one row again and again."""
    from django.db import connection

    account = books.an_account_with(count)
    file = folder / "file.csv"
    books.write_file(file, count, 0)
    words = [sys.executable, "-m", "tests.benchmarks.reconcile_worker", str(file), str(account)]
    waits = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as worker:
        while worker.poll() is None:
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute("UPDATE orders_merchant SET name = name")
            waits.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)
        assert worker.stdout is not None, "it is a pipe"
        answer = json.loads(worker.stdout.read().splitlines()[-1])
    print(
        f"SQLite, {count:,} lines: {answer['seconds']:.1f} s, {answer['matches']:,} met; {len(waits):,} other writes "
        f"waited {statistics.median(waits):.0f} ms in the middle, {max(waits):.0f} ms at most (target 200 ms)",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
