"""`make chaos`: hundreds of modifications through a storm of faults, then the auditor; on SQLite and on PostgreSQL."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg

from tests.chaos.people import ask_for_all
from tests.chaos.plan import CONTRADICTION, FEWEST, SECONDS, TOLD, Plan, draw
from tests.chaos.portal import Portal
from tests.chaos.post import DUPLICATE, LOST, OVERTAKEN, UNPROVED, Post
from tests.chaos.storm import KILLS, Storm
from tests.proofs.against_ledger import DONE
from tests.proofs.auditor import Auditor
from tests.proofs.crew import Crew
from tests.proofs.installation import Installation
from tests.proofs.processes import Child, import_everything, run
from tests.proofs.records import FINISHED, Row
from tests.proofs.scene import NEVER_SAID, Payment, Wish, make_payments, read_again, read_payments
from tests.proofs.short_waits import shorten
from tests.proofs.web import Web
from tests.sandbox_process import sandbox

SIZES = {"sqlite": 300, "postgresql": 1_000}
PACE = {"sqlite": 2.5, "postgresql": 7.0}
"""Modifications asked for in a second, by all people together."""
WORKERS = {"sqlite": 3, "postgresql": 4}
PEOPLE = 4
ACCOUNTS = 4
"""At each of the three gateways."""
LATENCY_SECONDS = 0.25
SETTINGS = {"SENDER_SLOTS": "8", "BACKOFF_FIRST_SECONDS": "0.2"}
"""What several faults and a kill befall is tried six times; the last pause is then shorter than what is waited here."""
OVER_WITHIN_SECONDS = 150.0
"""After the last fault."""


class Chaos:
    """One run on one database; `problems` are sentences, none of them is the proof."""

    def __init__(self, vendor: str, plan: Plan) -> None:
        self.vendor, self.plan = vendor, plan
        self.problems: list[str] = []
        self.fired: dict[str, int] = {}
        self.installation = Installation(vendor=vendor, settings=SETTINGS)

    def run(self) -> None:
        with ExitStack() as stack:
            stack.callback(self.installation.stop)
            self.installation.start()
            import_everything()
            shorten()
            web = Web(log=self.installation.log_folder / "web.log")
            stack.callback(web.stop)
            folder = self.installation.folder
            self.gateway = stack.enter_context(sandbox(folder / "gateway", merchants={"nobody": "nothing"}))
            payments = self._payments(web.url)
            self._plant_faults()
            self.post = Post(self.gateway, self.installation.database_url)
            self.post.misbehave()
            self.portal = Portal(self.gateway, self.plan, payments)
            self.crew = Crew(WORKERS[self.vendor], folder=self.installation.log_folder)
            stack.callback(self.crew.dismiss)
            self.storm = Storm(
                installation=self.installation,
                crew=self.crew,
                gateway=self.gateway,
                portal=self.portal,
                seed=self.plan.seed,
            )
            self.auditor = Auditor(database=self.installation.database_url, ledgers=[self.gateway.ledger])
            self._live(payments)
            time.sleep(2)  # the last events are sealed by the next sweep
            self._judge()

    def _payments(self, web_url: str) -> list[Payment]:
        path = self.installation.folder / "payments.json"
        wishes = [
            Wish(
                setup=TOLD[given.gateway],
                sandbox=self.gateway,
                key=f"{given.gateway.replace('_', '-')}-{number % ACCOUNTS}",
                parts=given.parts,
                cleared=given.cleared,
            )
            for number, given in enumerate(self.plan.payments)
        ]
        log = self.installation.log_folder / "scene.log"
        run(lambda: make_payments(wishes, into=path, web_url=web_url), log=log)
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
            self.storm.blow(len(_asked_for(rows)) / len(self.plan.deeds))
            asked = all(person.poll() for person in people)
            if asked and ends_at == float("inf") and (self.storm.over or self._all_over(rows)):
                ends_at = time.monotonic() + OVER_WITHIN_SECONDS
                self._make_good(payments)
            if ends_at < float("inf") and self._all_over(rows) and self.post.is_worked_off():
                return
            time.sleep(0.1)
        self.problems.append(f"Not everything was over {OVER_WITHIN_SECONDS:g} s after the last fault (I14).")

    def _make_good(self, payments: list[Payment]) -> None:
        """The gateways send what was lost, and what moved in their portals is read where it can be."""
        self.post.make_good()
        readable = [number for number in self.portal.moved if TOLD[self.plan.payments[number].gateway].asks]
        rows = [payments[number].transaction_id for number in readable]
        run(lambda: read_again(rows), log=self.installation.log_folder / "reader.log")

    def _all_over(self, rows: dict[str, Row]) -> bool:
        everything = len(_asked_for(rows)) == len(self.plan.deeds)
        return everything and all(row["state"] in FINISHED | {"review"} for row in rows.values())

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
        self._judge_ends(rows)
        self.fired = dict(self.gateway.control_get("faults")["fired"])
        self.post.count_what_came()
        struck = Counter(self.fired) + self.post.counts
        for fault in (*self.plan.planned(), DUPLICATE, LOST, OVERTAKEN, UNPROVED):
            if struck[fault] < FEWEST:
                self.problems.append(f"The fault {fault} struck {struck[fault]} times, fewer than {FEWEST}.")
        if self.storm.counts["SIGKILL of a busy worker"] != KILLS:
            self.problems.append(f"Only {self.storm.counts['SIGKILL of a busy worker']} busy workers were killed.")
        if self.installation.postgres and not self.storm.counts["immediate restart of PostgreSQL"]:
            self.problems.append("The database was not restarted.")

    def _judge_ends(self, rows: dict[str, Row]) -> None:
        done = {
            execution["modificationId"].lower()
            for execution in self.gateway.ledger()["executions"]
            if execution["origin"] == "api" and execution["status"] in DONE
        }
        for deed in self.plan.deeds:
            states = {row["state"] for row in rows.values() if deed.id in (row["id"], row["plan_id"])}
            fault = deed.fault or "no fault"
            if not states <= deed.ends:
                told = ", ".join(sorted(states))
                self.problems.append(
                    f"{deed.id}: {deed.kind} at {deed.gateway} with {fault} is {told}, expected {sorted(deed.ends)}."
                )
            if "review" in states and deed.fault != CONTRADICTION and deed.id in done:
                self.problems.append(f"{deed.id}: waits for a person although a signed webhook told its end.")
        frozen = {row["id"] for row in rows.values() if row["frozen_reason"]}
        expected = {deed.id for deed in self.plan.deeds if deed.fault == CONTRADICTION}
        self.problems += [f"{one}: its transaction is frozen without a reason." for one in sorted(frozen - expected)]


def _asked_for(rows: dict[str, Row]) -> set[str]:
    """The ids that people asked under; a plan's stands for its legs."""
    return {row["plan_id"] or row["id"] for row in rows.values()}


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
    for name, count in sorted((chaos.storm.counts + chaos.portal.counts + chaos.post.counts).items()):
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
