"""`manage.py state_diagram`: the life of a modification as a Mermaid diagram, from the table the code obeys."""

from __future__ import annotations

from typing import Any

from orders.management.output import Errand, Report
from orders.modifications.states import TRANSITIONS, diagram


class Command(Errand):
    help = "Print the states of a modification and the steps between them (Mermaid); the documentation is made from it."
    requires_system_checks: list[str] = []

    def work(self, **options: Any) -> Report:
        drawn = diagram()
        steps = [
            {"from": before.value, "to": after.value, "why": why}
            for before, after_steps in TRANSITIONS.items()
            for after, why in after_steps.items()
        ]
        return Report(lines=[drawn.rstrip("\n")], facts={"diagram": drawn, "steps": steps})
