"""`manage.py invariants`: every sum and promise the database can be asked about; exit 1 when one fails."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from orders.invariants.belonging import BELONGING
from orders.invariants.checking import Finding, Invariant, check
from orders.invariants.life import LIFE
from orders.invariants.money import MONEY
from orders.management.output import MISUSED, WRONG, Errand, Report, Stop

INVARIANTS: tuple[Invariant, ...] = (*MONEY, *LIFE, *BELONGING)


class Command(Errand):
    help = "Check the books: sums of money, lives of modifications, who owns what."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--only", metavar="NUMBER", help="One of them, such as I8b, or a group, such as I8.")

    def work(self, *, only: str | None, **options: Any) -> Report:
        chosen = [one for one in INVARIANTS if not only or one.number.startswith(only)]
        if not chosen:
            raise Stop(f"There is no invariant {only}; nothing was checked.", exit_code=MISUSED)
        findings = [check(one) for one in self.progress(chosen, of=len(chosen), what="Checking")]
        broken = [one for one in findings if not one.holds]
        lines = [line for finding in findings for line in _lines(finding)]
        lines.append(
            f"{len(broken)} of {len(findings)} invariants are broken. Pause sending and look before money moves."
            if broken
            else f"All {len(findings)} invariants hold."
        )
        facts = {"ok": not broken, "invariants": [_facts(finding) for finding in findings]}
        return Report(lines=lines, facts=facts, exit_code=WRONG if broken else 0)


def _lines(finding: Finding) -> list[str]:
    verdict = "holds " if finding.holds else "BROKEN"
    many = "" if finding.holds else f" ({finding.violations})"
    head = f"{verdict} {finding.invariant.number:<5} {finding.invariant.sentence}{many}"
    return [head, *(f"           {example}" for example in finding.examples)]


def _facts(finding: Finding) -> dict[str, Any]:
    return {
        "number": finding.invariant.number,
        "sentence": finding.invariant.sentence,
        "ok": finding.holds,
        "violations": finding.violations,
        "examples": list(finding.examples),
        "seconds": round(finding.seconds, 3),
    }
