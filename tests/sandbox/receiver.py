"""A merchant's webhook address: keeps what comes and answers as the test wants."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Came:
    """One webhook as it arrived. Header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """`answers` are the statuses to give, one after the other; the last one for good."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    came: list[Came] = field(default_factory=list)

    def wait_for(self, count: int) -> list[Came]:
        """Everything that came, as soon as it is at least `count`; fails when it takes too long."""
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self.came) < count:
            assert time.monotonic() < until, f"{len(self.came)} of {count} webhooks came."
            time.sleep(0.02)
        return list(self.came)


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """Listens on a free port of this host for the length of the block."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status = kept.answers.pop(0) if len(kept.answers) > 1 else kept.answers[0]
            kept.came.append(Came({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: what came is looked at by the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
