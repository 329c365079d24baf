"""An error as a gateway states it: among the facts of an outcome, and in a sentence for staff."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orders.gateways.base import Facts


@dataclass(frozen=True, kw_only=True)
class Problem:
    """`stated` is False where there is no error of the gateway's own: HTML, an empty body, somebody else's JSON."""

    code: str = ""
    text: str = ""
    stated: bool = False


def with_problem(facts: Facts, problem: Problem) -> Facts:
    """The facts with why it did not work."""
    return replace(facts, failure_code=problem.code, failure_text=problem.text)


def declined_sentence(problem: Problem, title: str) -> str:
    """What staff read of a refusal of the gateway `title` that is believed."""
    said = problem.text or problem.code or "no reason was given"
    return f"{title} declined it and moved no money: {said[:400].removesuffix('.')}."
