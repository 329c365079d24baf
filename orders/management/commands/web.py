"""`manage.py web`: the web server of the Procfile, with the number of processes and threads of the settings."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from orders.management.replace import become

ENTRANCE = "smartpay_dashboard.wsgi:application"


class Command(BaseCommand):
    help = "Serve the dashboard (granian, or gunicorn with WEB_SERVER=gunicorn)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (default 127.0.0.1).")
        parser.add_argument("--port", type=int, default=settings.PORT, help="Port (default: PORT).")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        build = gunicorn_command if settings.WEB_SERVER == "gunicorn" else granian_command
        become([sys.executable, "-m", *build(host=host, port=port)])


def granian_command(*, host: str, port: int) -> list[str]:
    return [
        "granian",
        *("--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(settings.WEB_WORKERS), "--blocking-threads", str(settings.WEB_THREADS)),
        *("--log-level", "warning", "--respawn-failed-workers"),
        ENTRANCE,
    ]


def gunicorn_command(*, host: str, port: int) -> list[str]:
    return [
        "gunicorn",
        *("--bind", f"{host}:{port}", "--worker-class", "gthread"),
        *("--workers", str(settings.WEB_WORKERS), "--threads", str(settings.WEB_THREADS)),
        # The control socket would be opened in the home folder, which may not exist.
        *("--log-level", "warning", "--no-control-socket"),
        ENTRANCE,
    ]
