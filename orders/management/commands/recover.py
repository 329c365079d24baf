"""`manage.py recover`: do what worker and beat do, in this process: sweep, then send and ask whatever is due.

With --loop also the rest of beat's timetable: reading, collecting, the inbox, what shops are told.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DatabaseError

from orders.management.output import Errand, Report
from orders.management.timetable import follow
from orders.modifications import clock
from orders.modifications.recover import recover

FINISH_SECONDS = 95
"""The longest deadline and a little: what is in the air when we are asked to stop comes home."""


class Command(Errand):
    help = "Sweep once and carry out what is due; with --loop go on, for hosts without worker and beat."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Go on until SIGTERM or Ctrl-C.")

    def work(self, *, loop: bool, **options: Any) -> Report:
        if loop:
            return self._for_ever()
        done = recover()
        claimed = clock.run_until_idle()
        sealed = recover()["sealed"]
        facts = {**done, "sealed": done["sealed"] + sealed, "claimed": claimed}
        return Report(lines=[", ".join(f"{name} {count}" for name, count in facts.items())], facts=facts)

    def _for_ever(self) -> Report:
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: ended.set())
        clock.start()
        follow({name: entry for name, entry in settings.CELERY_BEAT_SCHEDULE.items() if name != "recover"}, ended)
        sweeps = 0
        while not ended.is_set():
            try:
                recover()
            except DatabaseError as error:
                self.stderr.write(f"The sweep lost the database ({type(error).__name__}) and tries again.")
            sweeps += 1
            clock.wake()
            ended.wait(settings.SWEEP_SECONDS)
        clock.stop(wait_seconds=FINISH_SECONDS)
        return Report(lines=[f"Stopped after {sweeps} sweeps; nothing is in the air."], facts={"sweeps": sweeps})
