"""`manage.py keep -- COMMAND…`: run a process and start it again whenever it ends."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, close_old_connections

from orders.management.keeper import Keeper
from orders.modifications.watch import oldest_due_age_seconds

STUCK_AFTER_SECONDS = 120.0


class Command(BaseCommand):
    help = "Keep COMMAND running; with --watch, also renew it when due modifications stay unsent for two minutes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--watch", action="store_true", help="Renew the process when the oldest due one is too old."
        )
        parser.add_argument("command_line", nargs=argparse.REMAINDER, metavar="-- COMMAND…")

    def handle(self, *args: Any, watch: bool, command_line: list[str], **options: Any) -> None:
        command = command_line[1:] if command_line[:1] == ["--"] else command_line
        if not command:
            raise CommandError(
                "Say what to keep running, for example: manage.py keep -- celery -A smartpay_dashboard worker"
            )
        Keeper(command=command, say=self._say, stuck=too_old if watch else lambda: None).run()

    def _say(self, sentence: str) -> None:
        self.stderr.write(f"keep: {sentence}")


def too_old() -> str | None:
    """A sentence when the oldest due modification is over two minutes old. A database that is away proves nothing."""
    try:
        age_seconds = oldest_due_age_seconds()
    except Error:
        return None
    finally:
        close_old_connections()
    if age_seconds is None or age_seconds <= STUCK_AFTER_SECONDS:
        return None
    return f"The oldest due modification has waited {age_seconds:.0f} s"
