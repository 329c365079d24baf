"""`manage.py seed_coverage`: print what becomes of every field of the seeds, or check the committed page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from orders.gateways.seed_coverage import coverage_facts, coverage_page
from orders.management.output import Errand, Report, Stop

PAGE = Path("docs/gateways/seed-coverage.md")


class Command(Errand):
    help = "Print the table of the seeds' fields; --check compares it with the committed page."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help=f"Exit with 1 when {PAGE} is not up to date.")

    def work(self, **options: Any) -> Report:
        page = coverage_page()
        if not options["check"]:
            return Report(lines=page.splitlines(), facts=coverage_facts())
        committed = Path(settings.BASE_DIR) / PAGE
        if not committed.exists() or committed.read_text(encoding="utf-8") != page:
            raise Stop(f"{PAGE} is not what the code says. Write it anew: python manage.py seed_coverage > {PAGE}")
        return Report(lines=[f"{PAGE} is up to date."], facts={"up_to_date": True})
