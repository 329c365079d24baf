"""One whole installation in a temporary folder: database, broker, settings with short timers. For proofs that kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from tests.proofs.servers import REPOSITORY, Broker, Postgres

SHORT_TIMERS = {
    "UNDO_SECONDS": "0",
    "LEASE_GRACE_SECONDS": "3",
    "SWEEP_SECONDS": "1",
    "CLAIM_SECONDS": "0.2",
    "BACKOFF_FIRST_SECONDS": "0.5",
}
PROFILE = {"deadline_seconds": 3, "late_processing_seconds": 4}
"""Of every account here: with three seconds of grace, a lease is six seconds long."""


@dataclass(kw_only=True)
class Installation:
    """`start` makes folder, database and broker and puts the settings into this process's environment."""

    vendor: str
    settings: dict[str, str] = field(default_factory=dict)
    folder: Path = field(init=False)
    postgres: Postgres | None = field(init=False, default=None)
    _broker: Broker | None = field(init=False, default=None)

    def start(self) -> None:
        """After this the process may import Django; no database connection is open in it.

        Being asked to stop (SIGTERM) then ends it like an error, so that every server is stopped with it.
        """
        signal.signal(signal.SIGTERM, _end_like_an_error)
        self.folder = Path(tempfile.mkdtemp(prefix=f"proof-{self.vendor}-"))
        self.folder.chmod(0o711)
        for name in ("crashes", "logs", "data"):
            (self.folder / name).mkdir()
        if self.vendor == "postgresql":
            self.postgres = Postgres(folder=self.folder / "pg")
            self.postgres.start()
        for name in ("REDIS_URL", "DATABASE_URL"):
            os.environ.pop(name, None)
        os.environ.update(self._environment())
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
            cwd=REPOSITORY,
            check=True,
            timeout=120,
        )
        from smartpay_dashboard import conf

        self._broker = Broker(environment=dict(os.environ), socket=conf.load().broker_socket)
        self._broker.start()

    def stop(self) -> None:
        if self._broker is not None:
            self._broker.kill()
            shutil.rmtree(self._broker.socket.parent, ignore_errors=True)
        if self.postgres is not None:
            self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def broker(self) -> Broker:
        assert self._broker is not None, "start the installation first"
        return self._broker

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else str(self.folder / "data" / "dashboard.sqlite3")

    @property
    def crash_folder(self) -> Path:
        return self.folder / "crashes"

    @property
    def log_folder(self) -> Path:
        return self.folder / "logs"

    def _environment(self) -> dict[str, str]:
        values = {
            **SHORT_TIMERS,
            "DJANGO_SETTINGS_MODULE": "smartpay_dashboard.settings",
            "DATA_DIR": str(self.folder / "data"),
            "SECRET_KEY": "a key for one proof, thrown away with its folder",
            "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
            "ALLOW_INSECURE_GATEWAYS": "1",
            "CRASH_FOLDER": str(self.crash_folder),
            "SENDER_SLOTS": "1",
            "WORKER_THREADS": "1",
            "WEB_WORKERS": "1",
            "WEB_THREADS": "4",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
            "DUPLICATE_HOURS": "0",
            **self.settings,
        }
        return values | ({"DATABASE_URL": self.postgres.url} if self.postgres else {})


def _end_like_an_error(_number: int, _frame: object) -> None:
    raise SystemExit("The proof was asked to stop; it says nothing.")
