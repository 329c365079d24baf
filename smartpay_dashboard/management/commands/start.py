"""`manage.py start`: the whole dashboard on this host, with a sandbox gateway and demo data. What `make run` calls.

In order: are the ports free, migrate, start the broker and the processes of Procfile.dev, wait until web and sandbox
answer, load the demo data once, say where to go. Ctrl-C ends all of it, the broker last.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from orders.management.replace import die_with_parent
from orders.models import GatewayAccount
from smartpay_dashboard.conf import BASE_DIR
from smartpay_dashboard.management.terminal import own_foreground

READY_WITHIN_SECONDS = 60
# The process runner kills after five seconds what has not ended by itself.
STOPPED_WITHIN_SECONDS = 15
# Loopback only: a proxy of the environment must not see these requests.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Command(BaseCommand):
    help = "Start everything on this host: database, broker, worker, timetable, sandbox gateway and the web pages."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "This starts a sandbox and demo data, so it is refused with PRODUCTION=1; see the Procfile."
            )
        _refuse_taken_port(settings.PORT)
        call_command("migrate", verbosity=0)
        sandbox_port = sandbox_port_of_the_books() or settings.PORT + 1
        _refuse_taken_port(sandbox_port)
        with own_foreground():
            self._run(web_port=settings.PORT, sandbox_port=sandbox_port)

    def _run(self, *, web_port: int, sandbox_port: int) -> None:
        environ = start_environment(os.environ, web_port=web_port, sandbox_port=sandbox_port)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _like_ctrl_c)
        try:
            with _running(broker_command(), environ), _running(runner_command(web_port), environ) as runner:
                assert runner is not None
                self._open_the_doors(runner, environ, web_port=web_port, sandbox_port=sandbox_port)
                code = runner.wait()
        except KeyboardInterrupt:
            return
        raise CommandError(
            f"A process ended by itself (code {code}), so everything was stopped; its last lines are above."
        )

    def _open_the_doors(
        self, runner: subprocess.Popen[bytes], environ: dict[str, str], *, web_port: int, sandbox_port: int
    ) -> None:
        _wait_for(f"http://127.0.0.1:{sandbox_port}/_health", runner)
        demo = [sys.executable, "manage.py", "demo_data", "--orders", "200", "--seed", "7", "--if-empty"]
        loaded = subprocess.run(demo, cwd=BASE_DIR, env=environ, stdout=subprocess.PIPE, text=True, check=False)
        if loaded.returncode:
            _stop(runner)
            raise CommandError(f"The demo data could not be loaded, so everything was stopped.\n{loaded.stdout}")
        _wait_for(f"http://127.0.0.1:{web_port}/healthz", runner)
        self.stdout.write(loaded.stdout, ending="")
        self.stdout.write(
            self.style.SUCCESS(
                f"\nReady: http://127.0.0.1:{web_port}/  (sandbox: http://127.0.0.1:{sandbox_port}/)  Ctrl-C stops."
            )
        )
        self.stdout.flush()


def start_environment(given: Any, *, web_port: int, sandbox_port: int) -> dict[str, str]:
    """What every process of this start shares. The process runner gives each a PORT of its own, so names are fixed."""
    defaults = {"LOG_FORMAT": "console", "LOG_LEVEL": "WARNING", "PUBLIC_URL": settings.PUBLIC_URL}
    return {
        **defaults,
        **given,
        "PORT": str(web_port),
        "PYTHON": sys.executable,
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        "ALLOW_INSECURE_GATEWAYS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def broker_command() -> list[str]:
    """The embedded broker, which outlives the processes of the runner; nothing where a server is named."""
    if settings.ENVIRONMENT.REDIS_URL:
        return []
    return [sys.executable, "manage.py", "embedded_broker"]


def runner_command(web_port: int) -> list[str]:
    """The processes of Procfile.dev; `web` must be first: it gets the port itself.

    The runner reads no `.env`: the processes do, and there the environment wins.
    """
    return [
        sys.executable,
        "-m",
        "honcho",
        "-e",
        os.devnull,
        "-f",
        "Procfile.dev",
        "start",
        "-p",
        str(web_port),
        *("web", "worker", "beat", "sandbox"),
    ]


def sandbox_port_of_the_books() -> int | None:
    """Where the accounts of an earlier start expect the sandbox; an account's address never changes."""
    for base_url in GatewayAccount.objects.order_by("pk").values_list("base_url", flat=True):
        address = urlsplit(base_url)
        if address.hostname == "127.0.0.1" and address.port:
            return address.port
    return None


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"Port {port} cannot be used ({error.strerror}), so nothing was started. End what uses it, or take "
                "others: PORT=9000 make run. (A data folder keeps the sandbox's first port; DATA_DIR names another.)"
            ) from error


def _wait_for(url: str, runner: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < until and runner.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError), _OPENER.open(url, timeout=2):
            return
        time.sleep(0.1)
    _stop(runner)
    raise CommandError(f"{url} did not answer, so everything was stopped; the lines above say why.")


@contextlib.contextmanager
def _running(command: list[str], environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes] | None]:
    """In a session of its own: Ctrl-C reaches it once, through us. If we are killed, it is told to stop."""
    if not command:
        yield None
        return
    process = subprocess.Popen(
        command, cwd=BASE_DIR, env=dict(environ), start_new_session=True, preexec_fn=die_with_parent
    )
    try:
        yield process
    finally:
        _stop(process)


def _stop(runner: subprocess.Popen[bytes]) -> None:
    if runner.poll() is not None:
        return
    # A second Ctrl-C must not leave half of it running.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner.send_signal(signal.SIGINT)
    try:
        runner.wait(STOPPED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        runner.kill()
        runner.wait()


def _like_ctrl_c(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
