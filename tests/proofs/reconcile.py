"""`make reconcile-proof`: settlement files with mistakes against the truth about them, and the numbers that come of it.

A real sandbox lives through a month at three gateways and writes a settlement file for each account and day, erring as
its dial says. Our books are built from its ledger over HTTP, the files are taken in day by day as the drop folder
would, and every night asks what is missing. Then a judge, who shares no rule with the code, compares what was matched,
found, typed and explained with the truth. The seed is drawn at run time and printed; `--seed` repeats a run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

from tests.proofs.reconcile_books import Books, written
from tests.proofs.reconcile_month import ACCOUNTS, Account, Month, live_through
from tests.proofs.servers import REPOSITORY, Postgres
from tests.sandbox_process import SandboxHandle, sandbox

if TYPE_CHECKING:
    from datetime import date

    from tests.proofs.reconcile_judging import Verdict

MOST_BASIS_POINTS = 2_000
RIGHT_CAUSES = 95
"""Percent of the mistakes whose top cause must be right."""
RIGHT_OF_A_KIND, MANY_OF_A_KIND = 80, 10
"""Percent of each kind that is there so often: what is never explained must not drown among the many that are."""
Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Round:
    """So many transactions in so many days, and mistakes in so many of ten thousand movements."""

    name: str
    days: int
    transactions: int
    basis_points: int
    kinds: int = 12
    times_each: int = 1
    """So many kinds must be there, each so many times."""
    nights_apart: int = 1
    """Every night, or every so many."""


ROUNDS = (
    Round(name="one in a hundred", days=31, transactions=4_800, basis_points=100),
    Round(name="one in twenty, every kind", days=31, transactions=4_800, basis_points=500, kinds=27, times_each=5),
)
SMALL = (Round(name="one in ten, ten days", days=10, transactions=360, basis_points=1_000, nights_apart=10),)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.reconcile")
    parser.add_argument("--small", action="store_true", help="one short round, for every change")
    parser.add_argument("--vendor", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--round", type=int, help="only this round, counted from 1")
    chosen = parser.parse_args(words)
    rounds = SMALL if chosen.small else ROUNDS
    if chosen.round is not None or len(rounds) == 1:
        number = chosen.round or 1
        if not 1 <= number <= len(rounds):
            parser.error(f"There is no round {number}; the last is {len(rounds)}.")
        return _alone(rounds[number - 1], number=number, seed=chosen.seed, vendor=chosen.vendor)
    return max(
        _in_a_process_of_its_own([*words, "--seed", str(chosen.seed)], number + 1) for number in range(len(rounds))
    )


def _in_a_process_of_its_own(words: Sequence[str], number: int) -> int:
    """Django and its database are set up once in a process."""
    command = [sys.executable, "-m", "tests.proofs.reconcile", *words, "--round", str(number)]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode


def _alone(one: Round, *, number: int, seed: int, vendor: str) -> int:
    """The printed seed repeats it, as `--seed`; each round of one seed has a month of its own."""
    began = time.monotonic()
    month = Month.of(seed + number, days=one.days, transactions=one.transactions)
    with _installation(vendor), sandbox(Path(os.environ["DATA_DIR"]) / "sandbox", merchants={}) as gateways:
        live_through(gateways, month)
        ledger = gateways.ledger()
        files = _Files(gateways, month, one)
        truths = files.truths()
        books = written(ledger, truths, base_url=gateways.url, seed=month.seed)
        night = _Night(books)
        for day in month.every_day:
            for account in ACCOUNTS:
                content = files.of(account, day)
                if content is not None:
                    night.take_in(account, day, content)
            if (month.every_day[-1] - day).days % one.nights_apart == 0:
                night.run(day)
        sentences = night.balance()
        from tests.proofs.reconcile_judging import judged

        verdict = judged(books, ledger, truths)
    failures = [*failures_of(verdict), *sentences]
    if (often := _kinds_often_enough(truths, one)) < one.kinds:
        failures.append(f"Only {often} kinds of mistakes are there {one.times_each} times, fewer than {one.kinds}.")
    print(f"Round {one.name}: {vendor}, seed {seed}, {_done(ledger)} executions, {night.taken} files, ", end="")
    print(f"{night.lines} lines, {time.monotonic() - began:.0f} s")
    print(_table(verdict))
    print(_summary(verdict))
    for sentence in failures:
        print(f"FAILED {sentence}")
    print(flush=True)
    return 1 if failures else 0


class _Files:
    """What the gateways send: a file for each account and day that has anything, erring as the round says."""

    def __init__(self, gateways: SandboxHandle, month: Month, one: Round) -> None:
        self._gateways, self._month, self._round = gateways, month, one
        self._basis_points = one.basis_points

    def truths(self) -> list[Entry]:
        """Where chance was kind and too few mistakes are there, the gateways err more often."""
        found = self._all_truths()
        while _kinds_often_enough(found, self._round) < self._round.kinds and self._basis_points < MOST_BASIS_POINTS:
            self._basis_points += self._round.basis_points // 2
            found = self._all_truths()
        return found

    @property
    def _dial(self) -> dict[str, str]:
        return {"anomalies": str(self._basis_points), "seed": str(self._month.seed)}

    def _all_truths(self) -> list[Entry]:
        days = {"from": self._month.first.isoformat(), "to": self._month.last.isoformat()}
        return [
            truth
            for account in ACCOUNTS
            for truth in self._gateways.settlement_truth(
                gateway=account.gateway, merchantKey=account.key, **days, **self._dial
            )
        ]

    def of(self, account: Account, day: date) -> bytes | None:
        """None where the gateway left the file out, or where it lists nothing."""
        query = {"gateway": account.gateway, "merchantKey": account.key, "date": day.isoformat()}
        try:
            content = self._gateways.settlement(**query, **self._dial)
        except urllib.error.HTTPError as refused:
            if refused.code != 404:
                raise
            return None
        return content if content.count(b"\n") > 1 else None


class _Night:
    """Our side: files come in through the same verbs as everywhere, and every night asks for what is late."""

    def __init__(self, books: Books) -> None:
        from orders.models import ProfileState, SettlementProfile
        from orders.reconciliation.files.profile import SANDBOX_MAPPING
        from tests.reconciliation_factories import a_profile

        self._books = books
        self._profiles: dict[str, SettlementProfile] = {
            key: a_profile(account, state=ProfileState.ACTIVE, mapping=SANDBOX_MAPPING.to_json())
            for key, account in books.accounts.items()
        }
        self.taken = self.lines = 0

    def take_in(self, account: Account, day: date, content: bytes) -> None:
        from orders.models import FileState, RunState, Source
        from orders.reconciliation.files.receiving import receive
        from orders.reconciliation.runs import work_on

        received = receive(
            self._books.accounts[account.key],
            name=f"{account.key}-{day.isoformat()}.csv",
            chunks=[content],
            business_date=day,
            profile=self._profiles[account.key],
            by=None,
            source=Source.COMMAND,
        )
        run = work_on(received.file.pk)
        received.file.refresh_from_db()
        if received.file.state != FileState.APPLIED or run is None or run.state != RunState.APPLIED:
            raise AssertionError(f"{received.file} ended as {received.file.state}: {received.file.problem}")
        self.taken += 1
        self.lines += received.file.lines

    def run(self, day: date) -> None:
        """Each account's night as it is made up for: everything that does not ask the gateway."""
        from orders.reconciliation.calendar import is_business_day
        from orders.reconciliation.nights.due import Due, terms_of
        from orders.reconciliation.nights.night import run_night

        accounts = list(self._books.accounts.values())
        terms = terms_of(accounts)
        for account in accounts:
            if not is_business_day(terms[account.pk], day):
                continue
            night = run_night(Due(account=account, terms=terms[account.pk], day=day, newest=False))
            if night is None or not all(step["ok"] for step in night.steps.values()):
                raise AssertionError(f"The night of {account} and {day} failed: {night and night.steps}")

    def balance(self) -> list[str]:
        """Sentences about accounts whose lines, items and discrepancies do not add up."""
        from orders.reconciliation.matching.balance import balance

        return [
            f"{key}: {currency} lacks {one.missing} minor units."
            for key, account in self._books.accounts.items()
            for currency, one in balance(account.pk, until=None).items()
            if not one.holds
        ]


@contextmanager
def _installation(vendor: str) -> Iterator[None]:
    """An empty database in a temporary folder, and Django set up on it."""
    folder = Path(tempfile.mkdtemp(prefix="proof-reconcile-"))
    folder.chmod(0o711)
    postgres = Postgres(folder=folder / "pg") if vendor == "postgresql" else None
    try:
        if postgres is not None:
            postgres.start()
        os.environ.pop("DATABASE_URL", None)
        os.environ.update(_environment(folder, postgres))
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0, skip_checks=True)
        yield
        from django.db import connections

        connections.close_all()
    finally:
        if postgres is not None:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path, postgres: Postgres | None) -> dict[str, str]:
    values = {
        "DJANGO_SETTINGS_MODULE": "smartpay_dashboard.settings",
        "DATA_DIR": str(folder),
        "SECRET_KEY": "a key for one proof, thrown away with its folder",
        "CREDENTIALS_KEYS": Fernet.generate_key().decode(),
        "ALLOW_INSECURE_GATEWAYS": "1",
        "LOG_LEVEL": "ERROR",
    }
    return values | ({"DATABASE_URL": postgres.url} if postgres else {})


def _kinds_often_enough(truths: Sequence[Entry], one: Round) -> int:
    return sum(times >= one.times_each for times in Counter(truth["kind"] for truth in truths).values())


def failures_of(verdict: Verdict) -> list[str]:
    """Every demand that is not met."""
    said = [f"false match: {sentence}" for sentence in verdict.false_matches]
    said += [f"not found: {sentence}" for sentence in verdict.missed]
    said += [f"nobody made this: {sentence}" for sentence in verdict.unasked]
    if verdict.explained * 100 < RIGHT_CAUSES * verdict.there:
        said.append(f"{verdict.explained} of {verdict.there} causes are right, fewer than {RIGHT_CAUSES} %.")
    said += [
        f"{kind.explained} of {kind.there} causes of {name} are right, fewer than {RIGHT_OF_A_KIND} %."
        for name, kind in sorted(verdict.kinds.items())
        if kind.there >= MANY_OF_A_KIND and kind.explained * 100 < RIGHT_OF_A_KIND * kind.there
    ]
    if verdict.doubts_left:
        said.append(f"{verdict.doubts_left} modifications are still unknown although they were settled.")
    return said


def _table(verdict: Verdict) -> str:
    rows = [f"{'mistake':<26}{'to be found as':<26}{'there':>6}{'found':>6}{'cause':>6}"]
    for name, kind in sorted(verdict.kinds.items()):
        others = ", ".join(f"{cause} {times}" for cause, times in kind.causes.most_common())
        row = f"{name:<26}{kind.type:<26}{kind.there:>6}{kind.found:>6}{kind.explained:>6}"
        rows.append(f"{row}  {others}".rstrip())
    return "\n".join(rows)


def _summary(verdict: Verdict) -> str:
    share = 100 * verdict.explained / verdict.there if verdict.there else 0
    return (
        f"{verdict.matches} matches, {len(verdict.false_matches)} false; {verdict.there} mistakes of "
        f"{len(verdict.kinds)} kinds, {verdict.found} found and typed, top cause right in {share:.1f} %; "
        f"{len(verdict.unasked)} discrepancies that nobody made"
    )


def _done(ledger: Entry) -> int:
    return sum(one["type"] in ("CAPTURE", "REFUND", "CHARGEBACK") for one in ledger["executions"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
