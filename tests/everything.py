"""`make test`: every check of the code, then the tests on SQLite, then again on PostgreSQL with Redis.

`--doors` is `make doors`: the sandbox's own tests, the gateways' clients against it, every failure of the line, and
walks through it all in a browser.

The second half runs when DATABASE_URL and REDIS_URL name servers, or when servers answer on the standard local ports.
REQUIRE_SERVERS=1 demands it. The last lines tell the tests for each database.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import redis

BIN = Path(sys.executable).parent
LOCAL_POSTGRESQL = "postgres://postgres@127.0.0.1:5432/postgres"
LOCAL_REDIS = "redis://127.0.0.1:6379/11"

# Pictures and doors have commands of their own. A browser sees the same pages on both databases, and these places use
# none or start what they need by themselves: once is enough.
WALKS = ("tests/browser/test_gateway_b.py", "tests/browser/test_gateway_c.py", "tests/browser/test_portal.py")
AT_THE_DOORS = (
    "--ignore=tests/sandbox",
    "--ignore=tests/failures",
    "--ignore-glob=*against_sandbox.py",
    *(f"--ignore={walk}" for walk in WALKS),
)
FIRST_HALF = ["-m", "not pictures", *AT_THE_DOORS]
ONCE = ("browser", "docs", "gateways", "management", "presenters", "sandbox", "templatetags")
ONCE_TOO = (
    "admin/test_pages.py",
    "api/test_against_its_document.py",
    "api/test_documentation.py",
    *(f"reconciliation/discrepancies/test_{name}.py" for name in ("desk", "fix_preview", "fix_rules", "hypotheses")),
    *(f"reconciliation/discrepancies/test_{name}.py" for name in ("causes", "sheets")),
    *(f"reconciliation/files/test_{name}.py" for name in ("dialects", "hostile", "hostile_workbooks", "profiles_desk")),
    *(f"reconciliation/nights/test_{name}.py" for name in ("calendar", "drift", "due", "reading", "report")),
    "reconciliation/laboratory",
    "smartpay_dashboard/test_checks.py",
    "smartpay_dashboard/test_start.py",
    *(f"views/reconciliation/test_discrepancy_{name}.py" for name in ("bulk", "page", "page_fixes", "sheets")),
    *(f"views/reconciliation/test_{name}.py" for name in ("laboratory", "lines", "months", "nights", "profiles")),
    *(f"views/reconciliation/test_{name}.py" for name in ("runs", "settlement", "uploads", "uploads_given_up")),
    *(f"views/reconciliation/test_{name}.py" for name in ("discrepancy_list", "files_set_aside", "home")),
    "views/reconciliation/test_uploads_recognised.py",
    "commands/test_reconcile_recognised.py",
    "commands/test_demo_data.py",
    "commands/test_recover_loop.py",
    "reconciliation/files/test_recognising.py",
    *(f"views/test_{name}.py" for name in ("capabilities", "every_cell", "inbox", "modifications_bad_input")),
    *(f"views/test_{name}.py" for name in ("modification_page", "modifications_live", "new_payment", "order_page")),
    *(f"views/test_{name}.py" for name in ("order_page_roles", "panel_of_gateways", "plans", "proposals", "shell")),
    *(f"views/test_{name}.py" for name in ("stopped_everywhere", "templates")),
    "test_skips.py",
)
"""Long, and about what does not depend on the database."""
SECOND_HALF = [*(f"--ignore=tests/{place}" for place in (*ONCE, *ONCE_TOO)), *AT_THE_DOORS]
DOORS_FIRST_HALF = [
    "tests/sandbox",
    "tests/failures",
    *WALKS,
    *sorted(map(str, Path("tests").rglob("*against_sandbox.py"))),
]
DOORS_SECOND_HALF = ["tests/failures/test_races.py", "tests/inbox/test_against_sandbox.py"]

CHECKS: dict[str, list[str]] = {
    "mypy": [f"{BIN}/mypy"],
    "ruff check": [f"{BIN}/ruff", "check", "."],
    "ruff format": [f"{BIN}/ruff", "format", "--check", "."],
    "import contracts": [f"{BIN}/lint-imports"],
    "migrations": [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"],
    "settings reference": [sys.executable, "manage.py", "settings_reference", "--check"],
    "templates": [f"{BIN}/djade", "--check", "--target-version", "5.2"],
}


def main(words: Sequence[str]) -> int:
    doors = "--doors" in words
    halves = (DOORS_FIRST_HALF, DOORS_SECOND_HALF) if doors else (FIRST_HALF, SECOND_HALF)
    # The checks are one long one and short ones: they run beside the first tests.
    with ThreadPoolExecutor() as pool:
        checks = None if doors else pool.submit(_failed_checks)
        results = {} if "--without-tests" in words else _tests(*halves)
        failed = checks.result() if checks else []
    for name, (closing_line, passed) in results.items():
        print(f"{name}: {closing_line}")
        failed += [] if passed else [f"tests on {name}"]
    print(f"Failed: {', '.join(failed)}." if failed else "Everything passed.")
    return 1 if failed else 0


def _failed_checks() -> list[str]:
    """Run the checks side by side; the longest alone takes as long as the others together."""
    with ThreadPoolExecutor() as pool:
        passed = list(pool.map(_passes, CHECKS, CHECKS.values()))
    return [name for name, ok in zip(CHECKS, passed, strict=True) if not ok]


def _passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    full = [*command, *_templates()] if name == "templates" else command
    done = subprocess.run(full, capture_output=True, text=True, check=False)
    ok = done.returncode == 0
    said = "" if ok else f"\n{done.stdout}{done.stderr}"
    print(f"{'ok    ' if ok else 'FAILED'} {name} ({time.monotonic() - began:.1f} s){said}", flush=True)
    return ok


def _templates() -> list[str]:
    return sorted(str(path) for path in Path("templates").rglob("*.html"))


def _tests(first_half: Sequence[str], second_half: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Closing line and success for each database."""
    without_servers = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    results = {"SQLite": _pytest(without_servers, *first_half)}
    database_url, redis_url = _postgresql(), _redis()
    if database_url:
        servers = {"DATABASE_URL": database_url} | ({"REDIS_URL": redis_url} if redis_url else {})
        broker = "Redis" if redis_url else "the embedded broker"
        results[f"PostgreSQL with {broker}"] = _pytest(without_servers | servers, *second_half)
    if not (database_url and redis_url):
        missing = " and ".join(
            name for name, url in {"PostgreSQL": database_url, "Redis": redis_url}.items() if not url
        )
        demanded = os.environ.get("REQUIRE_SERVERS") == "1"
        results[f"without {missing}"] = ("no server answers; set DATABASE_URL and REDIS_URL", not demanded)
    return results


def _pytest(environ: dict[str, str], *words: str) -> tuple[str, bool]:
    """Run the suite, pass its lines on, and keep the last one."""
    workers = min(os.cpu_count() or 1, 4)
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "--dist", "loadfile", *words]
    last = ""
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
    return last.strip("= "), running.returncode == 0


def _postgresql() -> str | None:
    url = os.environ.get("DATABASE_URL", LOCAL_POSTGRESQL)
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.Error:
        return None
    return url


def _redis() -> str | None:
    url = os.environ.get("REDIS_URL", LOCAL_REDIS)
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
