"""Servers that belong to one proof alone: a PostgreSQL cluster and a broker, each in a temporary folder.

A proof restarts and empties them, so it must never meet a shared one: both listen on unix sockets only.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis

REPOSITORY = Path(__file__).resolve().parent.parent.parent
READY_WITHIN_SECONDS = 30.0


class Missing(Exception):
    """A program that the proof needs is not installed; the message says which."""


@dataclass(kw_only=True)
class Postgres:
    """A cluster of our own; `url` names its one database."""

    folder: Path
    name: str = "proof"

    @property
    def url(self) -> str:
        return f"postgres://postgres@{quote(str(self.folder), safe='')}/{self.name}"

    def start(self) -> None:
        """Make the cluster and its database."""
        self.folder.mkdir(parents=True)
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", str(self.folder / "log"), "-o", self._options)
        admin = f"postgres://postgres@{quote(str(self.folder), safe='')}/postgres"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    def restart_at_once(self) -> None:
        """An immediate restart: every session is cut, and the cluster recovers from its log."""
        self._run("pg_ctl", "restart", "-w", "-m", "immediate", "-D", str(self._data), "-l", str(self.folder / "log"))

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", str(self._data), check=False)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _options(self) -> str:
        return f"-k {self.folder} -c listen_addresses='' -c max_connections=200"

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        """PostgreSQL refuses to run as root, so root hands over to the user postgres."""
        done = subprocess.run(
            [_postgres_program(program), *words],
            user="postgres" if os.getuid() == 0 else None,
            group=pwd.getpwnam("postgres").pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()[-2000:]}")


@dataclass(kw_only=True)
class Broker:
    """The embedded broker of one data folder, started as the installation starts it."""

    environment: dict[str, str]
    socket: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "embedded_broker"],
            cwd=REPOSITORY,
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + READY_WITHIN_SECONDS
        while not self._answers():
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError("The broker of the proof did not start.")
            time.sleep(0.05)

    def flush(self) -> None:
        """Forget everything, as after an eviction or a lost disk."""
        with self.client() as client:
            client.flushall()

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=3)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _postgres_program(name: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts)
    found = shutil.which(name) or (str(versions[-1]) if versions else None)
    if found is None:
        raise Missing(f"{name} was not found; install PostgreSQL's server (Debian: postgresql).")
    return found
