"""The step-kill matrix: a worker is killed at each of its steps while the gateway behaves in each of its ways.

Every cell is a modification of its own; real Celery workers, a real broker, a real gateway process. A cell passes when
a process died of signal 9 at its step (seen by waitpid), the modification ended as it must, and the auditor, who
compares the gateway's ledger with our books, has nothing to say about it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.proofs.auditor import Auditor
from tests.proofs.cells import WHOLE, Cell
from tests.proofs.crew import Crew
from tests.proofs.gate import Gates
from tests.proofs.installation import Installation
from tests.proofs.processes import Child, import_everything, run
from tests.proofs.records import FINISHED, Row, read
from tests.proofs.requests import click
from tests.proofs.scene import NEVER_SAID, Payment, Wish, fresh_key, make_payments, read_payments
from tests.proofs.short_waits import shorten
from tests.proofs.web import Web
from tests.sandbox_process import SandboxHandle, sandbox

AT_A_TIME = 16
WORKERS = {"sqlite": 4, "postgresql": 8}
"""Each holds one modification at a time, so that a kill meets only its own cell. Four is what SQLite is for."""
CELL_SECONDS = 90.0
TURN_SECONDS = 0.1
LOOK_SECONDS = 0.4


@dataclass(kw_only=True)
class Running:
    """A cell that has begun."""

    cell: Cell
    payment: Payment
    click: Child
    gate: int | None
    began_at: float = field(default_factory=time.monotonic)


class Matrix:
    """All cells on one database."""

    def __init__(self, vendor: str, cells: Sequence[Cell]) -> None:
        self.vendor = vendor
        self.cells = list(cells)
        self.installation = Installation(vendor=vendor)
        self.problems: list[str] = []
        self._running: list[Running] = []

    def run(self) -> None:
        """Fill the `problems` of every cell, and of the whole."""
        with ExitStack() as stack:
            stack.callback(self.installation.stop)
            self.installation.start()
            import_everything()
            shorten()
            self._open_gateways(stack)
            self.web = Web(log=self.installation.log_folder / "web.log")
            stack.callback(self.web.stop)
            payments = self._payments()
            self.crew = Crew(WORKERS[self.vendor], folder=self.installation.log_folder)
            stack.callback(self.crew.dismiss)
            self.auditor = Auditor(
                database=self.installation.database_url, ledgers=[self.faithful.ledger, self.forgetful.ledger]
            )
            self._run_all(list(zip(self.cells, payments, strict=True)))
            time.sleep(1.5)  # one more sweep seals the last events
            self._audit()

    def _open_gateways(self, stack: ExitStack) -> None:
        folder = self.installation.folder
        self.faithful = stack.enter_context(sandbox(folder / "faithful", merchants={"nobody": "nothing"}))
        self.forgetful = stack.enter_context(sandbox(folder / "forgetful", merchants={"nobody": "nothing"}))
        self.forgetful.control("mode", replay="off", smarterpayIdempotency="off")
        for sandbox_of_cells in (self.faithful, self.forgetful):
            sandbox_of_cells.control("mode", asyncDelaySeconds=1, magicAmounts=False, webhookRetrySeconds=1)
        closed = [cell for cell in self.cells if cell.behaviour.closed_at_first]
        ports = [self._gateway(cell).port for cell in closed]
        self.gates = Gates(ports, log=self.installation.log_folder / "gates.log")
        stack.callback(self.gates.child.kill)
        self.gate_of = {cell.id: number for number, cell in enumerate(closed)}

    def _payments(self) -> list[Payment]:
        path = self.installation.folder / "payments.json"
        wishes = [self._wish(cell) for cell in self.cells]
        web_url = self.web.url
        log = self.installation.log_folder / "scene.log"
        run(lambda: make_payments(wishes, into=path, web_url=web_url), log=log)
        return read_payments(path)

    def _wish(self, cell: Cell) -> Wish:
        """An account for each cell, so that the breaker of one does not hold up another."""
        gate = self.gate_of.get(cell.id)
        return Wish(
            setup=cell.setup,
            sandbox=self._gateway(cell),
            key=fresh_key(cell.id),
            parts=(WHOLE,) if cell.kind in ("refund", "void", "cancel_or_refund") else (),
            cleared=cell.kind != "void",
            door="" if gate is None else f"http://127.0.0.1:{self.gates.ports[gate]}",
        )

    def _gateway(self, cell: Cell) -> SandboxHandle:
        """Where gateway C's key is not known to be honoured it is not: a second request would be a second execution."""
        trusts_nothing = cell.setup.gateway == "smarterpay" and not cell.setup.honours_key
        return self.forgetful if trusts_nothing or cell.behaviour.forgets_answers else self.faithful

    # The run.

    def _run_all(self, waiting: list[tuple[Cell, Payment]]) -> None:
        look_at = 0.0
        while waiting or self._running:
            self.crew.keep_up()
            while waiting and len(self._running) < AT_A_TIME:
                self._running.append(self._begin(*waiting.pop(0)))
            for one in self._running:
                if one.click.poll():
                    self.crew.bury(one.click)
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_SECONDS
                self._look()
            time.sleep(TURN_SECONDS)

    def _begin(self, cell: Cell, payment: Payment) -> Running:
        (self.installation.crash_folder / f"{cell.id}.{cell.point}").touch()
        behaviour = cell.behaviour
        if behaviour.fault:
            rule = {"fault": behaviour.fault, "modificationId": cell.id, "times": 1}
            if behaviour.seconds is not None:
                rule["seconds"] = behaviour.seconds
            self._gateway(cell).control("faults", **rule)
        log = self.installation.log_folder / "clicks.log"
        child = click(cell.id, payment, kind=cell.kind, amount=cell.amount, log=log)
        return Running(cell=cell, payment=payment, click=child, gate=self.gate_of.get(cell.id))

    def _look(self) -> None:
        rows = self.auditor.observe()
        self._open_doors()
        self._running = [one for one in self._running if not self._is_over(one, rows.get(one.cell.id))]

    def _open_doors(self) -> None:
        """A door opens once an attempt was refused at it."""
        closed = {one.cell.id: one.gate for one in self._running if one.gate is not None}
        if not closed:
            return
        query = {"refused": "SELECT DISTINCT modification_id FROM orders_attempt WHERE fault = 'refused'"}
        for row in read(self.installation.database_url, query)["refused"]:
            gate = closed.get(row["modification_id"])
            if gate is not None:
                self.gates.open(gate)

    def _is_over(self, one: Running, row: Row | None) -> bool:
        state = "nothing" if row is None else row["state"]
        end = one.cell.end
        # The crash after the last step comes a moment after the end is written.
        if end.is_told_by(state) and (self._died(one.cell) or time.monotonic() - one.began_at > CELL_SECONDS):
            self._judge(one, row)
            return True
        if state in FINISHED | {"review"} and not end.is_told_by(state):
            one.cell.problems.append(f"ended as {state} instead of {end.state}: {self._history(one.cell)}")
            return True
        if time.monotonic() - one.began_at > CELL_SECONDS:
            one.cell.problems.append(f"was {state} after {CELL_SECONDS:g} s: {self._history(one.cell)}")
            return True
        return False

    def _history(self, cell: Cell) -> str:
        columns = "modification_id, epoch, purpose, verdict, fault, http_status"
        query = {"attempts": f"SELECT {columns} FROM orders_attempt ORDER BY id"}
        rows = read(self.installation.database_url, query)["attempts"]
        return ", ".join(
            f"{row['epoch']} {row['purpose']} {row['verdict']} {row['fault'] or row['http_status']}"
            for row in rows
            if row["modification_id"] == cell.id
        )

    def _died(self, cell: Cell) -> bool:
        return any(self.crew.deaths.get(pid) == 9 for pid in self._pids(cell))

    def _pids(self, cell: Cell) -> list[int]:
        found = self.installation.crash_folder.glob(f"{cell.id}.{cell.point}.died.*")
        return [int(path.name.rsplit(".", 1)[1]) for path in found]

    def _judge(self, one: Running, row: Row | None) -> None:
        assert row is not None
        if not self._died(one.cell):
            one.cell.problems.append(f"no process was seen to die of signal 9 {one.cell.point}")
        end = one.cell.end
        if row["state"] == end.state and bool(row["frozen_reason"]) != end.frozen:
            said = row["frozen_reason"] or "nothing"
            one.cell.problems.append(f"the transaction is frozen because of {said}, expected {end.frozen}")

    def _audit(self) -> None:
        by_id = {cell.id: cell for cell in self.cells}
        texts = [path.read_text(errors="replace") for path in self.installation.log_folder.iterdir()]
        texts += [path.read_text(errors="replace") for path in (self.installation.folder / "data").rglob("*.aof")]
        for sentence in self.auditor.audit(accepted=by_id, secrets=NEVER_SAID, texts=texts):
            cell = by_id.get(sentence.partition(":")[0])
            (cell.problems if cell else self.problems).append(sentence)
        executed: dict[str, int] = {}
        for ledger in (self.faithful.ledger(), self.forgetful.ledger()):
            for execution in ledger["executions"]:
                one = execution["modificationId"]
                executed[one] = executed.get(one, 0) + (
                    execution["origin"] == "api" and execution["status"] != "FAILED"
                )
        for cell in self.cells:
            if executed.get(cell.id, 0) != cell.end.executions:
                cell.problems.append(f"the gateway executed it {executed.get(cell.id, 0)} times")
