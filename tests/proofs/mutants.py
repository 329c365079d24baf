"""`make mutants`: would the proofs notice? Each of the classic mistakes is made on purpose in a copy of the tree.

A mutant is one replacement in one file; the proof that must turn red is a set of tests. First every proof runs green on
the unchanged copy, then once for each mutant. A mutant that survives makes the run fail. `--tested` leaves the first
out, where `make test` has just run them; `--sample` takes a part of them.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
AT_ONCE = 2
CLASSIC, OF_FILES = 10, 3
"""How many of the list, at its beginning and at its end, every sample holds."""
LONGEST_SECONDS = 240


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A mistake: `before` in `file` becomes `after`; `proof` are the tests that must turn red."""

    name: str
    file: str
    before: str
    after: str
    proof: tuple[str, ...]


MODIFICATIONS = "orders/modifications"
TESTS = "tests/modifications"

MUTANTS = (
    Mutant(
        name="a new id for each attempt",
        file=f"{MODIFICATIONS}/submit.py",
        before="    return gateway.send(door, claim.request, claim.instruction)",
        after=(
            "    import uuid\n\n"
            "    fresh = str(uuid.uuid4()).encode()\n"
            "    body = claim.request.body.replace(str(claim.modification_id).encode(), fresh)\n"
            "    return gateway.send(door, replace(claim.request, body=body), claim.instruction)"
        ),
        proof=(f"{TESTS}/test_the_walk.py",),
    ),
    Mutant(
        name="an unclear answer recorded as a failure",
        file=f"{MODIFICATIONS}/verdicts.py",
        before="    if outcome.verdict is Verdict.MISMATCH:\n",
        after=(
            "    if outcome.verdict is Verdict.UNKNOWN:\n"
            "        return Ruling(state=S.FAILED, reason=outcome.reason)\n"
            "    if outcome.verdict is Verdict.MISMATCH:\n"
        ),
        proof=(f"{TESTS}/test_every_ruling.py", f"{TESTS}/test_verdicts.py"),
    ),
    Mutant(
        name="rung once and never looked for again",
        file=f"{MODIFICATIONS}/clock.py",
        before="(rang or self._hungry or now >= self._claim_at)",
        after="(rang or self._hungry)",
        proof=(f"{TESTS}/test_clock.py::test_without_a_bell_the_tick_finds_it",),
    ),
    Mutant(
        name="read, check, then write without a condition",
        file=f"{MODIFICATIONS}/books.py",
        before='    room = free.filter(captured__gte=F("refunded") + F("refunding") + F("charged_back") + amount)',
        after="    room = Transaction.objects.filter(pk__in=free.model.objects.values('pk'), captures=capture)",
        proof=(f"{TESTS}/test_books.py",),
    ),
    Mutant(
        name="the CHECK constraint dropped",
        file="orders/migrations/0001_initial.py",
        before=(
            "('captured__gte', django.db.models.expressions.CombinedExpression("
            "models.F('refunded'), '+', models.F('refunding')))"
        ),
        after="('captured__gte', 0)",
        proof=("tests/models/test_constraints.py",),
    ),
    Mutant(
        name="the epoch fence dropped",
        file=f"{MODIFICATIONS}/submit.py",
        before="        if epoch == by_id[pk].epoch\n        and lease_until is not None",
        after="        if epoch >= 0\n        and lease_until is not None",
        proof=(f"{TESTS}/test_submit.py::test_a_stolen_epoch_is_not_armed",),
    ),
    Mutant(
        name="the monotonic lease check dropped",
        file=f"{MODIFICATIONS}/submit.py",
        before="    if age > lease_seconds(claim.capability)",
        after="    if age < 0 and age > lease_seconds(claim.capability)",
        proof=(f"{TESTS}/test_submit.py::test_a_worker_that_slept_too_long_sends_nothing",),
    ),
    Mutant(
        name="an end may be taken back",
        file=f"{MODIFICATIONS}/resolve.py",
        before="    if row.finished:\n        if not _is_an_echo(result):",
        after="    if row.finished and row.epoch < 0:\n        if not _is_an_echo(result):",
        proof=(f"{TESTS}/test_resolve.py", f"{TESTS}/test_late_evidence.py", f"{TESTS}/test_misfits.py"),
    ),
    Mutant(
        name="the reservation released while the outcome is unknown",
        file=f"{MODIFICATIONS}/settle.py",
        before="    elif ruling.state is S.FAILED:",
        after="    elif ruling.state in (S.FAILED, S.UNKNOWN):",
        proof=(f"{TESTS}/test_resolve.py", f"{TESTS}/test_the_walk.py"),
    ),
    Mutant(
        name="modifiedAmount left out",
        file="orders/gateways/smartpay_writing.py",
        before="    if instruction.kind in WITH_AMOUNT:\n",
        after="    if instruction.kind in WITH_AMOUNT and instruction.amount.amount_minor % 2:\n",
        proof=("tests/gateways/test_smartpay_writing.py",),
    ),
    Mutant(
        name="a repeat after the gateway may have forgotten the id",
        file=f"{MODIFICATIONS}/verdicts.py",
        before="    return capability.replays and now < first_sent_at + timedelta(",
        after="    return capability.replays and now < now + timedelta(",
        proof=(f"{TESTS}/test_forgotten.py", f"{TESTS}/test_verdicts.py"),
    ),
    Mutant(
        name="sent again although nothing says that the key is honoured",
        file=f"{MODIFICATIONS}/verdicts.py",
        before="    can_send = may_send_again(standing, capability)\n",
        after="    can_send = True\n",
        proof=(f"{TESTS}/test_quarantine.py",),
    ),
    Mutant(
        name="a refused repeat forgotten in quarantine",
        file=f"{MODIFICATIONS}/verdicts.py",
        before="waits_until,\n        declined_on_repeat=standing.declined_on_repeat,\n",
        after="waits_until,\n",
        proof=(f"{TESTS}/test_a_refused_repeat.py",),
    ),
    Mutant(
        name="a new payment asked for twice",
        file="orders/gateways/smartpay.py",
        before="    never_resent=frozenset({Kind.AUTHORIZE}),",
        after="    never_resent=frozenset(),",
        proof=(f"{TESTS}/test_quarantine.py",),
    ),
    Mutant(
        name="a repeat at gateway B after it has forgotten the key",
        file="orders/gateways/smartpay_orders.py",
        before="    replay_window_seconds=19_800,",
        after="    replay_window_seconds=29_800,",
        proof=("tests/gateways/test_smartpay_orders_capability.py",),
    ),
    Mutant(
        name="new ids for the legs of a refund plan",
        file=f"{MODIFICATIONS}/plans.py",
        before="    return uuid.uuid5(plan_id, str(number))",
        after="    return uuid.uuid4()",
        proof=(f"{TESTS}/test_plans.py",),
    ),
    Mutant(
        name="the amount of evidence unchecked",
        file=f"{MODIFICATIONS}/resolve.py",
        before="        and facts.amount != asked\n",
        after="        and facts.amount.amount_minor < 0\n",
        proof=(f"{TESTS}/test_misfits.py", "tests/inbox/test_settling.py"),
    ),
    Mutant(
        name="an unproved webhook believed",
        file="orders/inbox/events.py",
        before="    if arrival.signed and told.outcome is not None",
        after="    if told.outcome is not None",
        proof=("tests/inbox/test_hints.py", "tests/inbox/test_settling.py"),
    ),
    Mutant(
        name="any signature taken for ours",
        file="orders/gateways/smarterpay_signing.py",
        before="    if not SCHEMES[name](delivery.body,",
        after="    if not signature and not SCHEMES[name](delivery.body,",
        proof=("tests/gateways/test_smarterpay_signing.py",),
    ),
    Mutant(
        name="a repeated webhook kept twice",
        file="orders/inbox/receive.py",
        before="                key=key_of(opened),\n",
        after='                key=f"{delivery.received_at}{key_of(opened)[:60]}",\n',
        proof=("tests/inbox/test_receive.py",),
    ),
    Mutant(
        name="a webhook about another payment taken for ours",
        file="orders/inbox/events.py",
        before="    if elsewhere and outcome.verdict is Verdict.SUCCEEDED:",
        after="    if elsewhere and outcome.verdict is Verdict.DECLINED:",
        proof=("tests/inbox/test_settling.py",),
    ),
    Mutant(
        name="a void of what has cleared",
        file=f"{MODIFICATIONS}/situation.py",
        before="    return now < capture.captured_at + timedelta(seconds=capability.void_seconds)",
        after="    return now < capture.captured_at + timedelta(days=365)",
        proof=(f"{TESTS}/test_void.py",),
    ),
    Mutant(
        name="a line that is off by a tolerance proves an amount",
        file="orders/reconciliation/evidence.py",
        before="if match.rule == Rule.PERSON or match.difference or _is_early(match)",
        after="if match.rule == Rule.PERSON or _is_early(match)",
        proof=("tests/reconciliation/runs/test_evidence.py",),
    ),
    Mutant(
        name="a line that was there already counts again",
        file="orders/reconciliation/files/overlaps.py",
        before="    if not others:\n        return 0\n    lines =",
        after="    if others:\n        return 0\n    lines =",
        proof=("tests/reconciliation/runs/test_files_count.py",),
    ),
    Mutant(
        name="one person closes a month",
        file="orders/reconciliation/months/closing.py",
        before="    if row is not None and row.proposed_by_id == person.pk:\n",
        after="    if row is not None and row.proposed_by_id == 0:\n",
        proof=("tests/reconciliation/months/test_closing.py",),
    ),
)


def main(words: Sequence[str]) -> int:
    """All of them, or those whose names contain one of the words."""
    named = [word for word in words if not word.startswith("--")]
    mutants = [one for one in MUTANTS if not named or any(word in one.name for word in named)]
    if "--sample" in words:
        seed = int(time.time())
        print(f"The classic ones, those of settlement files and three others, drawn by seed {seed}.")
        rest = mutants[CLASSIC:-OF_FILES]
        mutants = [*mutants[:CLASSIC], *random.Random(seed).sample(rest, 3), *mutants[-OF_FILES:]]
    proofs = sorted({proof for mutant in mutants for proof in mutant.proof})
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        if "--tested" not in words:
            healthy = _run(_copy(Path(folder) / "healthy"), tuple(proofs))
            if healthy.returncode:
                print(healthy.stdout[-4_000:])
                print("The proofs are not green without a mutant; nothing can be said.")
                return 1
        with ThreadPoolExecutor(AT_ONCE) as pool:
            killed = list(pool.map(lambda mutant: _killed(mutant, Path(folder)), mutants))
    print(f"{sum(killed)} passed, {len(killed) - sum(killed)} failed")
    return 0 if all(killed) else 1


def _killed(mutant: Mutant, folder: Path) -> bool:
    """Make the mistake in a copy of its own and see its proof turn red."""
    began = time.monotonic()
    copy = _copy(folder / mutant.name.replace(" ", "-"))
    file = copy / mutant.file
    text = file.read_text(encoding="utf-8")
    assert text.count(mutant.before) == 1, f"{mutant.name}: the place to change is not there exactly once"
    file.write_text(text.replace(mutant.before, mutant.after), encoding="utf-8")
    done = _run(copy, mutant.proof)
    shutil.rmtree(copy)
    # 1 is pytest's “some tests failed”; a proof that could not run at all proves nothing.
    red = done.returncode == 1 and " failed" in done.stdout
    first = next((line for line in done.stdout.splitlines() if line.startswith("FAILED")), done.stdout[-300:])
    told = first if red else "SURVIVED"
    print(
        f"{'killed  ' if red else 'SURVIVED'} {mutant.name} ({time.monotonic() - began:.0f} s): {told[:140]}",
        flush=True,
    )
    return red


def _copy(target: Path) -> Path:
    """The files of the working tree that are the project's."""
    told = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in told.stdout.splitlines():
        source = REPOSITORY / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / name)
    return target


def _run(copy: Path, proof: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *proof]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
