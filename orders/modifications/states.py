"""The table of transitions of a modification; the diagram in the documentation is made from it."""

from __future__ import annotations

from orders.models import FINISHED, ModificationState

S = ModificationState

TRANSITIONS: dict[ModificationState, dict[ModificationState, str]] = {
    S.QUEUED: {
        S.IN_FLIGHT: "claimed by a worker",
        S.WITHDRAWN: "withdrawn before the first send",
        S.REVIEW: "it may no longer be asked for",
        S.SUCCEEDED: "evidence, after a restored backup",
        S.FAILED: "evidence, after a restored backup",
    },
    S.IN_FLIGHT: {
        S.SUCCEEDED: "the gateway did it",
        S.FAILED: "the gateway refused it",
        S.PENDING: "the gateway accepted it and works on it",
        S.UNKNOWN: "no clear answer, or the worker died",
        S.QUEUED: "certainly not sent",
        S.REVIEW: "the answer contradicts the request",
    },
    S.PENDING: {
        S.IN_FLIGHT: "asked again",
        S.SUCCEEDED: "evidence",
        S.FAILED: "evidence",
        S.REVIEW: "pending too long",
    },
    S.UNKNOWN: {
        S.IN_FLIGHT: "same bytes again, or asked",
        S.SUCCEEDED: "evidence",
        S.FAILED: "evidence",
        S.PENDING: "evidence",
        S.REVIEW: "unknown too long",
    },
    S.REVIEW: {
        S.IN_FLIGHT: "asked again",
        S.SUCCEEDED: "evidence, or two people",
        S.FAILED: "evidence, or two people",
        S.WITHDRAWN: "withdrawn, as nothing was ever sent",
    },
    S.SUCCEEDED: {},
    S.FAILED: {},
    S.WITHDRAWN: {},
}


def permits(before: ModificationState, after: ModificationState) -> bool:
    """Whether the table has this step; staying is no step and always permitted while open."""
    return after in TRANSITIONS[before] or (before == after and before not in FINISHED)


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.QUEUED.value}: requested"]
    for before, steps in TRANSITIONS.items():
        lines += [f"    {before.value} --> {after.value}: {why}" for after, why in steps.items()]
    lines += [f"    {state.value} --> [*]" for state in ModificationState if state in FINISHED]
    return "\n".join(lines) + "\n"
