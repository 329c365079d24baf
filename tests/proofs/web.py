"""The dashboard's web server as a child of a proof, so that the gateways' webhooks arrive over a real socket."""

from __future__ import annotations

import runpy
import socket
import sys
import time
from pathlib import Path

from tests.proofs.processes import Child

READY_WITHIN_SECONDS = 30.0
HOST = "127.0.0.1"


class Web:
    """Gunicorn with the options of `manage.py web`; it imports nothing anew, so that it has the waits of the proof."""

    def __init__(self, *, log: Path) -> None:
        self.port = _free_port()
        self.child = Child(lambda: _serve(self.port), log=log)
        until = time.monotonic() + READY_WITHIN_SECONDS
        while not self._answers():
            if self.child.poll() or time.monotonic() > until:
                raise RuntimeError(f"The web server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()

    def _answers(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex((HOST, self.port)) == 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        return int(taken.getsockname()[1])


def _serve(port: int) -> None:
    from orders.management.commands.web import gunicorn_command

    sys.argv = gunicorn_command(host=HOST, port=port)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
