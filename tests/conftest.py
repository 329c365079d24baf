"""What every test stands on: a closed network, a database of its own, no broker, and no silent skips."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.closed_network import close_network, open_network

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")
LONG = (
    "proofs/test_state_machine.py",
    "views/test_every_cell.py",
    "proofs/test_races.py",
    "outgoing/test_delivering.py",
    "inbox/test_permutations.py",
    "api/test_against_its_document.py",
    "smartpay_dashboard/test_start.py",
    "smartpay_dashboard/test_checks.py",
    "commands/test_recover_loop.py",
)
_FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    folder = config.stash[_FOLDER] = Path(tempfile.mkdtemp(prefix="dashboard-tests-", dir=_in_memory()))
    _own_database(folder)
    settings.DATA_DIR = folder
    # Nothing listens here: whatever rings the bell in a test meets a broker that is down, and must not mind.
    settings.CELERY_BROKER_URL = f"redis+socket://{folder}/no-broker.sock"
    # It hears so at once instead of after six seconds, so that its complaint stays with the test that rang.
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {**settings.CELERY_BROKER_TRANSPORT_OPTIONS, "max_retries": 0}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    # Every test client starts the middleware anew; looking a file up when it is asked for spares each the whole list.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Django and thousands of tests are a large heap that stays; going through it often is a fifth of the time.
    gc.set_threshold(100_000, 50, 100)
    close_network()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files and those with a browser first: no worker begins one when the others have nothing left to do."""
    items.sort(key=lambda item: "browser" not in item.path.parts and not item.path.as_posix().endswith(LONG))


def pytest_sessionstart() -> None:
    # Imported late: models exist only once Django is set up.
    from tests.flushing import let_flush_empty_the_database

    let_flush_empty_the_database()


def pytest_unconfigure(config: pytest.Config) -> None:
    open_network()
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """A rate limit that one test reached must not meet the next."""
    yield
    cache.clear()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # What the bell's thread has left to say belongs to no test any more.
    logging.getLogger("orders.modifications.bell").disabled = True
    _refuse_unlisted_skips(session)


def _refuse_unlisted_skips(session: pytest.Session) -> None:
    """With REFUSE_SKIPS=1 a skip that no line of allowed_skips.txt names turns the run red."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("REFUSE_SKIPS") != "1" or reporter is None:
        return
    unlisted = [report for report in reporter.stats.get("skipped", []) if not _allowed(report)]
    for report in unlisted:
        reporter.write_line(f"Refused skip: {report.nodeid}: {_reason(report)}", red=True)
    if unlisted and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _in_memory() -> Path | None:
    """A folder without a disk, if there is a roomy one: waiting for a disk at every commit proves nothing here."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2**30
    return shared if roomy else None


def _own_database(folder: Path) -> None:
    """Several runs at once must not meet: an SQLite file in our folder, or a PostgreSQL name with our process id."""
    database = settings.DATABASES["default"]
    # A pool would keep connections into the test database after a test; the pool has tests of its own.
    database.get("OPTIONS", {}).pop("pool", None)
    on_sqlite = database["ENGINE"].endswith("sqlite3")
    if not on_sqlite:
        # A test's rows need not survive a power cut; the proofs that kill have clusters of their own.
        options = database.setdefault("OPTIONS", {})
        options["options"] = f"{options.get('options', '')} -c synchronous_commit=off".strip()
    name = folder / "test.sqlite3" if on_sqlite else f"test_dashboard_{os.getpid()}"
    database.setdefault("TEST", {})["NAME"] = name


def _allowed(report: pytest.TestReport) -> bool:
    told = f"{report.nodeid}: {_reason(report)}"
    return any(fnmatch(told, pattern) for pattern in allowed_skips())


def allowed_skips() -> list[str]:
    lines = ALLOWED_SKIPS.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _reason(report: pytest.TestReport) -> str:
    place = report.longrepr
    return str(place[2]).removeprefix("Skipped: ") if isinstance(place, tuple) else str(place)
