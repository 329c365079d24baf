"""A receiver of webhooks on this host: keeps what comes, answers as told."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One delivery as it came. Header names in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Mailbox:
    """`answers` are the statuses of the next deliveries; when they are used up, every delivery gets `usual`."""

    url: str = ""
    letters: list[Letter] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    usual: int = 200
    pause_seconds: float = 0.0
    """How long it thinks before it answers."""

    def wait_for(self, count: int) -> list[Letter]:
        """The letters, when there are as many; fails when they do not come in time."""
        self.wait_until(lambda: len(self.letters) >= count)
        return list(self.letters)

    def wait_until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"It did not happen; {len(self.letters)} letters came."
            time.sleep(0.01)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events of version 2 that have come, in order of arrival."""
        return [event for letter in list(self.letters) for event in letter.json["events"]]


@contextlib.contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A receiver on a free port for the length of the block."""
    box = Mailbox()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = box.answers.pop(0) if box.answers else box.usual
            headers = {name.lower(): value for name, value in self.headers.items()}
            box.letters.append(Letter(headers=headers, body=body))
            time.sleep(box.pause_seconds)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box.url = f"http://127.0.0.1:{server.server_port}/webhooks"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
