"""The fault dial: rules that are set, a form for a new one, and the magic amounts."""

from __future__ import annotations

from typing import Any

from orders.sandbox.fault_kinds import KINDS
from orders.sandbox.faults import BadRule, FaultDial, as_wire
from orders.sandbox.pages import frame
from orders.sandbox.pages.frame import text
from orders.sandbox.wire import Reply, Request

ADDRESS = "/faults"
NUMBERS = {"amount": int, "times": int, "probability": float, "seconds": float}


def show(faults: FaultDial, *, refusal: str | None = None) -> Reply:
    return frame.page(
        "Faults",
        frame.section("Set now", _rules(faults), _clear(faults)),
        frame.section("Set a fault", _form()),
        frame.section("Magic amounts and kinds of faults", _kinds(faults)),
        here=ADDRESS,
        status=422 if refusal else 200,
        refusal=refusal,
    )


def change(faults: FaultDial, request: Request) -> Reply:
    """A rule is added, or with `remove` one or all are taken away."""
    wished = frame.fields_of(request)
    removed = wished.pop("remove", None)
    if removed is not None:
        faults.remove({} if removed == "all" else {"id": removed})
        return frame.see(ADDRESS)
    try:
        faults.add([_typed(wished)])
    except BadRule as error:
        return show(faults, refusal=f"{error} No fault was set.")
    return frame.see(ADDRESS)


def _typed(wished: dict[str, str]) -> dict[str, Any]:
    typed: dict[str, Any] = dict(wished)
    for name, number in NUMBERS.items():
        if name in wished:
            try:
                typed[name] = number(wished[name])
            except ValueError:
                raise BadRule(f"{name} is a number.") from None
    return typed


def _rules(faults: FaultDial) -> str:
    rows = []
    for rule in faults.rules():
        wire = as_wire(rule)
        conditions = {name: wire[name] for name in wire if name not in ("id", "fault", "fired")}
        said = ", ".join(f"{name} {value}" for name, value in conditions.items() if value is not None)
        remove = frame.form(ADDRESS, _hidden("remove", rule.id), button=f"Remove {rule.id}", manner="danger")
        rows.append((text(rule.fault), text(said or "every modification"), text(rule.fired), remove))
    return frame.table(("Fault", "For", "Fired", "Remove"), rows[:200], label="Faults set now")


def _clear(faults: FaultDial) -> str:
    if not faults.rules():
        return ""
    return frame.form(ADDRESS, _hidden("remove", "all"), button="Remove all", manner="danger")


def _form() -> str:
    kinds = [(kind.name, kind.name) for kind in KINDS.values()]
    return frame.paragraph(
        "Empty fields mean any. A rule for one modification or transaction fires once unless you say otherwise."
    ) + frame.form(
        ADDRESS,
        frame.choice("Fault", "fault", kinds),
        frame.field("Modification id", "modificationId"),
        frame.field("Transaction id", "transactionId"),
        frame.field("Merchant key", "merchantKey"),
        frame.field("Path, such as /payment/refund, or *", "path"),
        frame.field("Amount in minor units", "amount", kind="amount"),
        frame.field("Probability, 0 to 1", "probability", kind="amount"),
        frame.field("Times", "times", kind="amount"),
        frame.field("Seconds", "seconds", kind="amount"),
        button="Set the fault",
        style="stacked",
    )


def _kinds(faults: FaultDial) -> str:
    fired = faults.fired()
    rows = [
        (
            f"<code>.{kind.magic:02d}</code>",
            text(kind.name),
            text(kind.does),
            text(kind.stage.value),
            text(fired.get(kind.name, 0)),
        )
        for kind in KINDS.values()
    ]
    explanation = frame.paragraph(
        "Send an amount that ends in these cents and its first request meets the fault; a retry with the same "
        "modification id does not. The last two digits of the smallest unit count."
    )
    columns = ("Cents", "Fault", "What it does", "Ledger", "Fired")
    return explanation + frame.table(columns, rows, label="Magic amounts")


def _hidden(name: str, value: object) -> str:
    return f'<input type="hidden" name="{text(name)}" value="{text(value)}">'
