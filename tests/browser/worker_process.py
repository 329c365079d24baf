"""A worker as a process of its own on the database of the tests: claims, sends and resolves like the real thing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

STOPPED_WITHIN_SECONDS = 15


@contextlib.contextmanager
def worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py recover --loop`, which does what worker and beat do, without a broker."""
    log = (folder / "worker.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "recover", "--loop"],
        cwd=settings.BASE_DIR,
        env=_environment(folder),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        _end(process)
        log.close()


def _environment(folder: Path) -> dict[str, str]:
    """The suite's database and keys under the names the settings read; everything else is the default of a trial."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return {
        **kept,
        **_database(folder),
        "DATA_DIR": str(folder),
        "CREDENTIALS_KEYS": ",".join(settings.CREDENTIALS_KEYS),
        "ALLOW_INSECURE_GATEWAYS": "1",
        "SWEEP_SECONDS": "1",
        "CLAIM_SECONDS": "0.2",
        "BACKOFF_FIRST_SECONDS": "0.2",
    }


def _database(folder: Path) -> dict[str, str]:
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        # The trial's database has a fixed name; SQLite keeps its journal beside the file a link leads to.
        (folder / "dashboard.sqlite3").symlink_to(name)
        return {}
    given = connection.settings_dict
    password = f":{given['PASSWORD']}" if given["PASSWORD"] else ""
    place = f"{given['HOST']}:{given['PORT']}" if given["PORT"] else given["HOST"]
    return {"DATABASE_URL": f"postgresql://{given['USER']}{password}@{place}/{name}"}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOPPED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
