"""`manage.py month verify FILE`: is this report of a closed month the one that this installation signed?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from orders.management.output import MISUSED, WRONG, Errand, Report, Stop
from orders.reconciliation.months.report import digest, is_genuine

_BYTES_MAXIMUM = 64 * 1024 * 1024


class Command(Errand):
    help = "Verify the JSON report of a closed month with this installation's keys; the database is not asked."

    def arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="Check hash and signature of a downloaded report.")
        verify.add_argument("file", type=Path, help="The JSON file that the month's page gives.")

    def work(self, *, verb: str, file: Path, **options: Any) -> Report:
        report, sha256, signature = _read(file)
        facts = {"file": str(file), "sha256": digest(report)}
        if not signature:
            sentence = "Nobody but the first person had signed it; download the report again once the month is closed."
            return Report(lines=[sentence], facts={**facts, "genuine": False}, exit_code=WRONG)
        if digest(report) != sha256 or not is_genuine(report, signature):
            sentence = "The report is not the one that was signed here: its content, hash or signature was changed."
            return Report(lines=[sentence], facts={**facts, "genuine": False}, exit_code=WRONG)
        sentence = f"Genuine: {report.get('month')} of {report.get('account')}, as two people signed it."
        return Report(lines=[sentence], facts={**facts, "genuine": True})


def _read(file: Path) -> tuple[dict[str, Any], str, str]:
    try:
        if file.stat().st_size > _BYTES_MAXIMUM:
            raise Stop(f"{file} is too large to be a report.", exit_code=MISUSED)
        content = json.loads(file.read_bytes())
        return dict(content["report"]), str(content["sha256"]), str(content["signature"])
    except OSError as error:
        raise Stop(f"{file} cannot be read ({error.strerror}).", exit_code=MISUSED) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Stop(f"{file} is not a report of a closed month.", exit_code=MISUSED) from error
