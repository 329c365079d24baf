"""`make chaos`: hundreds of modifications through a storm of faults, then the auditor; on SQLite and on PostgreSQL."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg

from tests.chaos.people import ask_for_all
from tests.chaos.plan import FEWEST, SECONDS, Plan, draw
from tests.chaos.storm import KILLS, Storm
from tests.proofs.auditor import Auditor
from tests.proofs.crew import Crew
from tests.proofs.installation import Installation
from tests.proofs.processes import Child, import_everything, run
from tests.proofs.records import FINISHED, Row
from tests.proofs.scene import NEVER_SAID, Payment, Wish, make_payments, read_payments
from tests.sandbox_process import sandbox

SIZES = {"sqlite": 300, "postgresql": 1_000}
PACE = {"sqlite": 2.5, "postgresql": 7.0}
"""Modifications asked for in a second, by all people together."""
WORKERS = {"sqlite": 3, "postgresql": 4}
PEOPLE = 4
ACCOUNTS = 8
LATENCY_SECONDS = 0.25
OVER_WITHIN_SECONDS = 150.0
"""After the last fault."""


class Chaos:
    """One run on one database; `problems` are sentences, none of them is the proof."""

    def __init__(self, vendor: str, plan: Plan) -> None:
        self.vendor, self.plan = vendor, plan
        self.problems: list[str] = []
        self.fired: dict[str, int] = {}
        self.installation = Installation(vendor=vendor, settings={"SENDER_SLOTS": "8"})

    def run(self) -> None:
        with ExitStack() as stack:
            stack.callback(self.installation.stop)
            self.installation.start()
            import_everything()
            folder = self.installation.folder
            self.gateway = stack.enter_context(sandbox(folder / "gateway", merchants={"nobody": "nothing"}))
            payments = self._payments()
            self._plant_faults()
            self.crew = Crew(WORKERS[self.vendor], folder=self.installation.log_folder)
            stack.callback(self.crew.dismiss)
            self.storm = Storm(
                installation=self.installation, crew=self.crew, gateway=self.gateway, seed=self.plan.seed
            )
            self.auditor = Auditor(database=self.installation.database_url, ledgers=[self.gateway.ledger])
            self._live(payments)
            time.sleep(2)  # the last events are sealed by the next sweep
            self._judge()

    def _payments(self) -> list[Payment]:
        path = self.installation.folder / "payments.json"
        wishes = [
            Wish(
                captured=captured,
                base_url=self.gateway.gateway_url,
                sandbox=self.gateway,
                key=f"key-{number % ACCOUNTS}",
            )
            for number, captured in enumerate(self.plan.captured)
        ]
        run(lambda: make_payments(wishes, into=path), log=self.installation.log_folder / "scene.log")
        return read_payments(path)

    def _plant_faults(self) -> None:
        rules = [
            {"fault": deed.fault, "modificationId": deed.id, "times": deed.times, "seconds": SECONDS.get(deed.fault)}
            for deed in self.plan.deeds
            if deed.fault
        ]
        self.gateway.control("faults", rules=rules)
        self.gateway.control(
            "mode", latencySeconds=LATENCY_SECONDS, latencyJitterSeconds=LATENCY_SECONDS, magicAmounts=False
        )

    # While it runs.

    def _live(self, payments: list[Payment]) -> None:
        self.crew.keep_up()
        people = [self._person(number, payments) for number in range(PEOPLE)]
        rows: dict[str, Row] = {}
        ends_at, look_at = float("inf"), 0.0
        while time.monotonic() < ends_at:
            self.crew.keep_up()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + 1.0
                with suppress(psycopg.Error):
                    rows = self.auditor.observe()
            self.storm.blow(len(rows) / len(self.plan.deeds))
            asked = all(person.poll() for person in people)
            if asked and (self.storm.over or self._all_over(rows)):
                ends_at = min(ends_at, time.monotonic() + OVER_WITHIN_SECONDS)
                if self._all_over(rows):
                    return
            time.sleep(0.1)
        self.problems.append(f"Not everything was over {OVER_WITHIN_SECONDS:g} s after the last fault (I14).")

    def _all_over(self, rows: dict[str, Row]) -> bool:
        return len(rows) == len(self.plan.deeds) and all(row["state"] in FINISHED | {"review"} for row in rows.values())

    def _person(self, number: int, payments: list[Payment]) -> Child:
        deeds = [deed for deed in self.plan.deeds if deed.payment % PEOPLE == number]
        pause = PEOPLE / PACE[self.vendor]
        log = self.installation.log_folder / f"person-{number}.log"
        return Child(
            lambda: ask_for_all(deeds, payments, pause_seconds=pause, accepted=self._accepted_by(number)), log=log
        )

    def _accepted_by(self, number: int) -> Path:
        return self.installation.folder / f"accepted-{number}"

    # Afterwards.

    def _judge(self) -> None:
        files = [self._accepted_by(number) for number in range(PEOPLE)]
        accepted = {line for path in files if path.exists() for line in path.read_text().split()}
        texts = [path.read_text(errors="replace") for path in self.installation.log_folder.iterdir()]
        texts += [path.read_text(errors="replace") for path in (self.installation.folder / "data").rglob("*.aof")]
        rows = self.auditor.observe()
        self.problems += self.auditor.audit(accepted=accepted, secrets=NEVER_SAID, texts=texts)
        self.problems += [
            f"{deed.id}: was planned and never accepted." for deed in self.plan.deeds if deed.id not in accepted
        ]
        for deed in self.plan.deeds:
            row = rows.get(deed.id)
            if row is not None and row["state"] != deed.ends:
                fault = deed.fault or "no fault"
                self.problems.append(f"{deed.id}: {deed.kind} with {fault} is {row['state']}, expected {deed.ends}.")
        self.fired = dict(self.gateway.control_get("faults")["fired"])
        for fault in self.plan.planned():
            if self.fired.get(fault, 0) < FEWEST:
                self.problems.append(f"The fault {fault} struck {self.fired.get(fault, 0)} times, fewer than {FEWEST}.")
        if self.storm.counts["SIGKILL of a busy worker"] != KILLS:
            self.problems.append(f"Only {self.storm.counts['SIGKILL of a busy worker']} busy workers were killed.")
        if self.installation.postgres and not self.storm.counts["immediate restart of PostgreSQL"]:
            self.problems.append("The database was not restarted.")


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run")
    parser.add_argument("--vendor", choices=tuple(SIZES), help="one database; without it both, at the same time")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--size", type=int, default=0, help="modifications; default 300 on SQLite, 1,000 on PostgreSQL")
    chosen = parser.parse_args(words)
    if chosen.vendor is None:
        return _on_both([*words, "--seed", str(chosen.seed)])
    plan = draw(seed=chosen.seed, size=chosen.size or SIZES[chosen.vendor])
    chaos = Chaos(chosen.vendor, plan)
    began = time.monotonic()
    chaos.run()
    print(f"{chosen.vendor}: {len(plan.deeds)} modifications, seed {chosen.seed}, {time.monotonic() - began:.0f} s")
    for name, count in sorted(chaos.fired.items()):
        print(f"  {count:>5} × gateway: {name}")
    for name, count in sorted(chaos.storm.counts.items()):
        print(f"  {count:>5} × {name}")
    for sentence in chaos.problems[:50]:
        print(f"FAILED {sentence}")
    print("All invariants hold." if not chaos.problems else f"{len(chaos.problems)} problems.", flush=True)
    return 1 if chaos.problems else 0


def _on_both(words: Sequence[str]) -> int:
    command = [sys.executable, "-m", "tests.chaos.run", *words, "--vendor"]
    started = [subprocess.Popen([*command, vendor], stdout=subprocess.PIPE, text=True) for vendor in SIZES]

    def stop(_number: int, _frame: object) -> None:
        for running in started:
            running.terminate()

    signal.signal(signal.SIGTERM, stop)
    failed = 0
    for running in started:
        print(running.communicate()[0], flush=True)
        failed += running.returncode != 0
    print(f"{len(started) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
