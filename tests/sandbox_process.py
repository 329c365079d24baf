"""Starts the real sandbox gateway as a process of its own and speaks to its control doors; knows nothing of Django."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_MERCHANTS = {"merchant-one": "secret-one"}
READY_WITHIN_SECONDS = 20
STOPPED_WITHIN_SECONDS = 10

# The sandbox is always on loopback: a proxy of the environment must never see a request meant for it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(kw_only=True)
class SandboxHandle:
    """A running sandbox. `url` is its root, `gateway_url` what an account's base URL must be."""

    data_dir: Path
    merchants: Mapping[str, str]
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def gateway_url(self) -> str:
        return f"{self.url}/smartpay"

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> None:
        """Start (again) on the same data folder; after the first start the port stays the same."""
        self.process = _spawn(data_dir=self.data_dir, merchants=self.merchants, port=self.port)
        self.port = _port_announced_by(self.process)

    def stop(self) -> int:
        """End with SIGTERM, as an operator would. Returns the exit code (0 when it stopped cleanly)."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End with SIGKILL, as bad luck would; the ledger must survive it. Returns -9."""
        return self._end(signal.SIGKILL)

    def control(self, path: str, /, **body: Any) -> Any:
        """POST a JSON body to /_control/<path>; a list goes in as `orders=[...]` or `rules=[...]`."""
        return self._call("POST", f"/_control/{path}", body)

    def control_get(self, path: str) -> Any:
        """GET /_control/<path>, for example `faults`, `mode`, `redirect-hits`."""
        return self._call("GET", f"/_control/{path}")

    def control_delete(self, path: str, /, **filters: str) -> Any:
        """DELETE /_control/<path>; `faults` without a filter removes every rule."""
        return self._call("DELETE", _with_query(f"/_control/{path}", filters))

    def ledger(self, **filters: str) -> Any:
        """What really happened: transactions, executions, requests. Filters: transactionId, modificationId, since."""
        return self._call("GET", _with_query("/_ledger", filters))

    def settlement(self, **query: str) -> bytes:
        """The settlement file of one day: date (UTC, virtual clock), gateway, merchantKey, style, anomalies, seed."""
        with _OPENER.open(f"{self.url}{_with_query('/_settlement', query)}", timeout=60) as answer:
            return bytes(answer.read())

    def settlement_truth(self, **query: str) -> list[dict[str, Any]]:
        """What is wrong with the files of the movements of the days `from` to `to`."""
        found: list[dict[str, Any]] = self._call("GET", _with_query("/_settlement/truth", query))["truths"]
        return found

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data=sent, headers=headers, method=method)
        with _OPENER.open(request, timeout=60) as answer:
            return json.loads(answer.read())

    def _end(self, number: signal.Signals) -> int:
        process = self._running()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            code = process.wait(STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self.process = None
        return code

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError("The sandbox is not running; call start() first.")
        return self.process


@contextlib.contextmanager
def sandbox(
    data_dir: Path | str, *, merchants: Mapping[str, str] | None = None, port: int = 0
) -> Iterator[SandboxHandle]:
    """A sandbox on a free port for the length of the block. `merchants` maps merchantKey to authenticationKey."""
    handle = SandboxHandle(data_dir=Path(data_dir), merchants=dict(merchants or DEFAULT_MERCHANTS), port=port)
    handle.start()
    try:
        yield handle
    finally:
        if handle.process is not None:
            handle.stop()


def _with_query(path: str, filters: Mapping[str, str]) -> str:
    return f"{path}?{urllib.parse.urlencode(filters)}" if filters else path


def _spawn(*, data_dir: Path, merchants: Mapping[str, str], port: int) -> subprocess.Popen[bytes]:
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "orders.sandbox", "--port", str(port), "--data", str(data_dir)]
    for key, secret in merchants.items():
        command += ["--merchant", f"{key}:{secret}"]
    with (data_dir / "sandbox.log").open("ab") as log:
        return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=log, env=_plain_environment())


def _plain_environment() -> dict[str, str]:
    """Nothing of the suite's settings may leak into the sandbox: it must work without Django."""
    kept = {"PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT"}
    return {name: value for name, value in os.environ.items() if name in kept}


def _port_announced_by(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    said = b""
    while not said.endswith(b"\n"):
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 4096) if readable else b""
        if not chunk:
            process.kill()
            process.wait()
            raise RuntimeError(f"The sandbox did not get ready; it said {said!r}. See sandbox.log in its data folder.")
        said += chunk
    return int(said.decode().strip().rsplit(":", 1)[1])
