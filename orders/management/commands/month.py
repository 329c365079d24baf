"""`manage.py month verify FILE`: is this report of a closed month the one that this installation signed?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from orders.management.output import MISUSED, WRONG, Errand, Report, Stop
from orders.reconciliation.months.report import digest, is_sealed

_BYTES_MAXIMUM = 64 * 1024 * 1024


class Command(Errand):
    help = "Verify the JSON report of a closed month with this installation's keys; the database is not asked."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="Check hash and signature of a downloaded report.")
        verify.add_argument("file", type=Path, help="The JSON file that the month's page gives.")

    def work(self, *, verb: str, file: Path, **options: Any) -> Report:
        report, signed, sha256, signature = _read(file)
        facts = {"file": str(file), "sha256": digest(report)}
        if not signature:
            sentence = "Nobody but the first person had signed it; download the report again once the month is closed."
            return Report(lines=[sentence], facts={**facts, "genuine": False}, exit_code=WRONG)
        if digest(report) != sha256 or not is_sealed(report, signed, signature):
            sentence = "The report is not the one that was signed here: its content, hash or signature was changed."
            return Report(lines=[sentence], facts={**facts, "genuine": False}, exit_code=WRONG)
        people = " and ".join(f"{one['by']} ({one['at'][:10]})" for one in signed)
        lines = [
            f"Genuine: {report.get('month')} of {report.get('account')}, signed by {people}.",
            "Whether the month was reopened since stands on its page.",
        ]
        return Report(lines=lines, facts={**facts, "genuine": True, "signed": signed})


def _read(file: Path) -> tuple[dict[str, Any], list[dict[str, str]], str, str]:
    try:
        if file.stat().st_size > _BYTES_MAXIMUM:
            raise Stop(f"{file} is too large to be a report.", exit_code=MISUSED)
        content = json.loads(file.read_bytes())
        signed = [{"by": str(one["by"]), "at": str(one["at"])} for one in content["signed"]]
        return dict(content["report"]), signed, str(content["sha256"]), str(content["signature"])
    except OSError as error:
        raise Stop(f"{file} cannot be read ({error.strerror}).", exit_code=MISUSED) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Stop(f"{file} is not a report of a closed month.", exit_code=MISUSED) from error
