"""The action panel: the form, the rule that opened or closed it, and what would happen to the money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from django.contrib.auth.models import User

from orders.forms import ModificationForm, amount_text
from orders.gateways.base import Capability, Kind
from orders.gateways.capability_words import hints_for
from orders.models import Modification, Transaction
from orders.modifications.plans import Leg, allocate
from orders.modifications.preview import Preview, preview
from orders.modifications.rules import Decision, Situation, may
from orders.modifications.situation import refundable_captures, situation_of
from orders.modifications.words import offers_release
from orders.money import AmountRefused, parse_amount
from orders.presenters.actions import ICONS, LABELS, panel_href
from orders.presenters.schedule import Schedule, given_back_of, schedule_of

_LATER = (
    "This gateway takes the request at once and tells the result later by a webhook. Until then it is shown as "
    "pending, and nothing needs to be done."
)
WHOLE_ONLY = frozenset({Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.VOID})
"""Kinds that move everything that is left; the amount is shown and not asked for."""


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Before and after for every figure, or the sentence that says why there is no after."""

    preview: Preview | None
    problem: str
    legs: tuple[Leg, ...] = ()
    """Where one capture does not hold the refund: what is drawn on each, newest first."""
    schedule: Schedule | None = None
    """The shopper's instalments before and after, where the account has any."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Why the form came back: a title, the sentence, and what is worth listing under it."""

    tone: str
    title: str
    sentence: str
    lines: tuple[str, ...] = ()
    twins: tuple[Modification, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Everything the panel shows."""

    transaction: Transaction
    kind: Kind
    label: str
    icon: str
    decision: Decision
    form: ModificationForm
    what_if: WhatIf
    notice: Notice | None
    hints: tuple[str, ...]
    """What this gateway wants to be known before the button is pressed."""
    offers_release: bool
    """Whether the person decides what becomes of the part that is not captured."""
    offers_shopper_text: bool
    """Whether the person decides if the shopper sees the description."""
    alternative_label: str
    alternative_href: str

    @property
    def whole_only(self) -> bool:
        """Whether the amount is fixed."""
        return self.kind in WHOLE_ONLY

    @property
    def whole_sentence(self) -> str:
        """Why no amount is asked for."""
        if self.kind is Kind.VOID:
            return "A void takes back the whole capture, as if it had never been."
        return "The gateway always moves everything that is left."

    @property
    def looks_destructive(self) -> bool:
        """Whether the button is drawn as one that gives something up."""
        return self.kind is not Kind.CAPTURE


def fresh_panel(
    transaction: Transaction,
    person: User,
    kind: Kind,
    *,
    typed: ModificationForm | None = None,
    notice: Notice | None = None,
    amount: str | None = None,
    release_rest: bool = False,
) -> Panel:
    """A form with a new modification id and the present version; keeps what was typed in an earlier one."""
    situation = situation_of(transaction, person)
    decision = may(kind, situation)
    initial = _initial(transaction, decision)
    if amount is not None:
        initial |= {"amount": amount, "release_rest": release_rest}
    if typed is not None:
        initial |= {name: typed.data.get(name, "") for name in _kept(kind)}
    form = ModificationForm(initial=initial, currency=transaction.currency)
    asked = Asked(amount=str(initial["amount"]), release_rest=bool(initial.get("release_rest")))
    return _panel(transaction, kind, form, situation, decision, notice, asked)


def returned_panel(
    transaction: Transaction, person: User, kind: Kind, form: ModificationForm, *, notice: Notice | None = None
) -> Panel:
    """The same form again, with what was typed and why it was not taken."""
    situation = situation_of(transaction, person)
    asked = Asked(amount=str(form.data.get("amount", "")), release_rest="release_rest" in form.data)
    panel = _panel(transaction, kind, form, situation, may(kind, situation), notice, asked)
    # The sentence stands beside the amount already; once is enough.
    return replace(panel, what_if=WhatIf(preview=None, problem="")) if "amount" in form.errors else panel


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What was typed so far, as far as the figures depend on it."""

    amount: str
    release_rest: bool = False


def what_if_of(transaction: Transaction, kind: Kind, situation: Situation, asked: Asked) -> WhatIf:
    """What this much would do; refusals in the words of the rules."""
    try:
        money = parse_amount(asked.amount, situation.currency)
    except AmountRefused as refusal:
        return WhatIf(preview=None, problem=str(refusal))
    decision = may(kind, situation, amount=money.amount_minor)
    if not decision.allowed:
        return WhatIf(preview=None, problem=decision.sentence)
    release_rest = asked.release_rest and offers_release(kind, situation.capability)
    return WhatIf(
        preview=preview(kind, situation, money.amount_minor, release_rest=release_rest),
        problem="",
        legs=_legs(transaction, kind, situation, money.amount_minor),
        schedule=_schedule(transaction, kind, situation, money.amount_minor),
    )


def _schedule(transaction: Transaction, kind: Kind, situation: Situation, amount: int) -> Schedule | None:
    if kind is not Kind.REFUND or not situation.capability.instalments:
        return None
    given_back = given_back_of(
        transaction, transaction.modifications.defer("body", "headers"), transaction.external_movements.all()
    )
    return schedule_of(
        transaction,
        situation.capability,
        given_back,
        now=situation.now,
        pending=situation.refunding,
        refund=amount,
    )


def _legs(transaction: Transaction, kind: Kind, situation: Situation, amount: int) -> tuple[Leg, ...]:
    if kind is not Kind.REFUND or amount <= situation.largest_capture_open:
        return ()
    captures = refundable_captures(list(transaction.captures.all()), situation.capability, situation.now)
    return allocate(captures, amount) if sum(one.open_to_refund for one in captures) >= amount else ()


def twins_notice(sentence: str, twins: Sequence[Modification]) -> Notice:
    """It looks like a repeat: show of what."""
    return Notice(tone="careful", title="This looks like a repeat.", sentence=sentence, twins=tuple(twins))


def _panel(
    transaction: Transaction,
    kind: Kind,
    form: ModificationForm,
    situation: Situation,
    decision: Decision,
    notice: Notice | None,
    asked: Asked,
) -> Panel:
    other = decision.alternative
    capability = situation.capability
    form.suit(capability)
    return Panel(
        transaction=transaction,
        kind=kind,
        label=LABELS[kind],
        icon=ICONS[kind],
        decision=decision,
        form=form,
        what_if=what_if_of(transaction, kind, situation, asked)
        if decision.allowed
        else WhatIf(preview=None, problem=""),
        notice=notice,
        hints=_hints(transaction, kind, capability) if decision.allowed else (),
        offers_release=offers_release(kind, capability),
        offers_shopper_text=capability.shows_description,
        alternative_label=LABELS[other] if other else "",
        alternative_href=panel_href(transaction.pk, other) if other else "",
    )


def _hints(transaction: Transaction, kind: Kind, capability: Capability) -> tuple[str, ...]:
    said = hints_for(transaction.account.gateway, kind)
    return (*said, _LATER) if capability.asynchronous else said


def _initial(transaction: Transaction, decision: Decision) -> dict[str, object]:
    maximum = decision.maximum
    return {
        "amount": amount_text(maximum.amount_minor, maximum.currency) if maximum else "",
        "modification_id": str(uuid4()),
        "version": transaction.version,
    }


def _kept(kind: Kind) -> tuple[str, ...]:
    """What survives when the transaction changed: words; the amount too unless it must be everything that is left."""
    words = ("reason", "description", "custom1", "custom2", "custom3", "release_rest", "customer_may_see")
    return words if kind in WHOLE_ONLY else ("amount", *words)
