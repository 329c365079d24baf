"""Whatever people do with lines and discrepancies, in whatever order: every minor unit stays explained, and what does
not meet stays told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from orders.models import (
    Discrepancy,
    ExternalMovement,
    GatewayAccount,
    Match,
    Modification,
    ReconciliationRun,
    RunState,
    SettlementFile,
    SettlementLine,
    SettlementTerms,
)
from orders.modifications.refusals import Refused
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.discrepancies.typing import look_again, miss, type_leftovers
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.candidates import MEMORY_DAYS
from orders.reconciliation.matching.engine import Scope, match
from orders.reconciliation.matching.linking import kind_of, link, signed_of, unlink
from orders.reconciliation.matching.whereabouts import left_of
from orders.reconciliation.nights.expectations import late_modifications, late_movements
from tests.examples import examples
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_modification_of, a_movement, a_run

WHY = "It was seen in the portal."
LONG_AGO, FAR_AHEAD = timezone.now() - timedelta(days=30), timezone.now() + timedelta(days=30)


class Act(NamedTuple):
    """What somebody does, to which one of those that are there, and with which other."""

    what: str
    one: int
    other: int


ACTS = st.lists(
    st.builds(
        Act,
        what=st.sampled_from(
            [
                *("unlink", "link", "part", "accept", "adopt", "write_off", "reopen", "chargeback", "correct"),
                *("night", "much_later", "true_line", "miss"),
            ]
        ),
        one=st.integers(0, 20),
        other=st.integers(0, 20),
    ),
    min_size=1,
    max_size=9,
)
LEDGER = st.lists(
    st.tuples(
        st.sampled_from(["capture", "refund", "portal"]),
        st.sampled_from(["met", "missing", "strange", "wrong", "legs", "small"]),
        st.integers(2, 5),
    ),
    min_size=1,
    max_size=5,
)


class AnyMorning(TestCase):
    @settings(max_examples=examples(10), deadline=None, suppress_health_check=list(HealthCheck))
    @given(ledger=LEDGER, acts=ACTS)
    def test_adds_up_after_every_act(self, ledger: list[tuple[str, str, int]], acts: list[Act]) -> None:
        office = Office(ledger)
        office.explained("the file")
        for act in acts:
            with suppress(Refused):
                office.does(act)
            office.explained(str(act))


class Office:
    """One account, its file, and two people in finance."""

    def __init__(self, ledger: list[tuple[str, str, int]]) -> None:
        self.account: GatewayAccount = an_account()
        SettlementTerms.objects.create(account=self.account, accept_limit=1_000_000)
        people = [a_person(merchants=[self.account.merchant], groups=["finance"]) for _ in range(2)]
        self.fay, self.sue = people
        self.transaction = a_captured_transaction(account=self.account)
        self.day, self.strays = BOOKED, 0
        self.file = a_file(self.account)
        for number, (kind, fate, amount) in enumerate(ledger):
            self._lives(number, kind, fate, amount)
        self._takes(self.file)

    def does(self, act: Act) -> None:
        verbs: dict[str, Callable[[Act], None]] = {
            "unlink": self._unlink,
            "link": self._link,
            "part": self._links_a_part,
            "chargeback": lambda act: self._comes_a_chargeback(act.one + 1),
            "correct": lambda act: self._corrects(act.one),
            "night": lambda act: self._night(),
            "much_later": lambda act: self._night(after=timedelta(days=MEMORY_DAYS + 1)),
            "true_line": self._comes_the_true_line,
            "miss": lambda act: self._misses(),
        }
        verbs.get(act.what, self._fixes)(act)

    def explained(self, after: str) -> None:
        """The books balance, and every counting line that moves money has met once, or is told by one discrepancy."""
        found = balance(self.account.pk, until=None)
        assert {code: one.missing for code, one in found.items() if not one.holds} == {}, after
        for line in self._lines():
            met = self._counting().filter(line=line).count()
            told = Discrepancy.objects.filter(line=line).exclude(type__in=["fee", "late"])
            standing = told.filter(state__in=["open", "waiting", "accepted", "written_off"]).count()
            story = (after, line.type, line.gross, met, list(told.values_list("type", "state")))
            assert met == 1 or (met == 0 and standing == 1), story
        self._stays_apart(after)

    def _stays_apart(self, after: str) -> None:
        """No machine has made a pair again that a person took apart."""
        machines = Match.objects.filter(account=self.account, ended_at__isnull=True).exclude(rule="person")
        for parted in Match.objects.filter(account=self.account, ended_at__isnull=False):
            same = {"modification_id": parted.modification_id, "movement_id": parted.movement_id}
            again = machines.filter(pk__gt=parted.pk, line__identity=parted.line.identity, **same)
            assert not again.exists(), (after, str(parted.line))

    def _lives(self, number: int, kind: str, fate: str, amount: int) -> None:
        sign, reference = (1 if kind == "capture" else -1), f"R{number}"
        type = "capture" if kind == "capture" else "refund"
        if fate != "strange":
            facts: dict[str, Any] = {"gateway_reference": reference, "gateway_id": f"g{number}"}
            if kind == "portal":
                a_movement(self.transaction, kind="refund", amount=amount, **facts)
            else:
                a_modification_of(self.transaction, kind=kind, amount=amount, **facts)
        parts = {
            "missing": [],
            "wrong": [sign * (amount + 3)],
            "legs": [sign, sign * (amount - 1)],
            "small": [sign * (amount - 1)],
        }
        for gross in parts.get(fate, [sign * amount]):
            self._says(self.file, type, gross, reference)

    def _says(self, file: SettlementFile, type: str, gross: int, reference: str, **known: Any) -> None:
        words = {"reference": reference, "transaction_reference": self.transaction.reference, **known}
        a_line(file, type=type, gross=gross, fee=0, **words)

    def _lines(self) -> list[SettlementLine]:
        rows = SettlementLine.objects.filter(account_id=self.account.pk, overlap=False, file__state="applied")
        return list(rows.order_by("pk"))

    def _counting(self) -> Any:
        return Match.objects.filter(
            account=self.account, ended_at__isnull=True, run__state=RunState.APPLIED, line__file__state="applied"
        )

    def _unlink(self, act: Act) -> None:
        chosen = _of(list(self._counting().order_by("pk")), act.one)
        look_again(unlink(chosen.pk, by=self.fay, reason=WHY))

    def _link(self, act: Act) -> None:
        self._link_both(_of(self._lines(), act.one), _of(self._items(), act.other))

    def _link_both(self, line: SettlementLine, item: Any) -> None:
        side = {"modification_id": item.pk} if isinstance(item, Modification) else {"movement_id": item.pk}
        look_again(link(line.pk, by=self.fay, reason=WHY, **side))

    def _items(self) -> list[Any]:
        return [
            *Modification.objects.filter(account=self.account).order_by("requested_at", "pk"),
            *ExternalMovement.objects.filter(account=self.account).order_by("pk"),
        ]

    def _links_a_part(self, act: Act) -> None:
        """A smaller line than the movement, in words of its own, that a person says is a part of it."""
        items = [one for one in self._items() if left_of([one]).get(one.pk, 0) > 1]
        item = _of(items, act.other)
        self.strays += 1
        later, sign = a_file(self.account, business_date=self.day), 1 if kind_of(item) == "capture" else -1
        line = a_line(later, type=kind_of(item), gross=sign, fee=0, reference=f"stray{self.strays}")
        self._takes(later)
        self._link_both(line, item)

    def _comes_the_true_line(self, act: Act) -> None:
        """For a movement that was told otherwise or missed, or once more for one that met."""
        item = _of(self._items(), act.one)
        later, amount = a_file(self.account, business_date=self.day), signed_of(item)
        self._says(later, kind_of(item), amount, item.gateway_reference)
        self._takes(later)

    def _fixes(self, act: Act) -> None:
        row = _of(list(Discrepancy.objects.filter(account=self.account).order_by("pk")), act.one)
        apply_fix(row.pk, act.what, by=self.fay, version=row.version, reason=WHY)
        row.refresh_from_db()
        if row.state == "waiting" and act.other % 3:
            verdict = "confirm" if act.other % 3 == 1 else "reject"
            apply_fix(row.pk, verdict, by=self.sue, version=row.version, reason=WHY)

    def _comes_a_chargeback(self, amount: int) -> None:
        facts = {"gateway_reference": f"C{amount}", "gateway_id": f"c{amount}"}
        if not ExternalMovement.objects.filter(gateway_id=facts["gateway_id"]).exists():
            a_movement(self.transaction, kind="chargeback", amount=amount, **facts)
        later = a_file(self.account, business_date=BOOKED + timedelta(days=1))
        self._says(later, "chargeback", -amount, f"C{amount}")
        self._takes(later)

    def _corrects(self, left_out: int) -> None:
        """A corrected file without one of the lines; the others are the same ones."""
        lines = [line for line in self._lines() if line.file_id == self.file.pk]
        instead = a_file(self.account, state="loading", replaces=self.file)  # type: ignore[arg-type]
        for place, line in enumerate(lines):
            if place != left_out % (len(lines) + 1):
                self._says(instead, line.type, line.gross, line.reference, identity=line.identity)
        run = a_run(file=instead, state=RunState.RUNNING)
        match(Scope(run=run, file_ids=(instead.pk,), replaced_file_ids=(self.file.pk,)))
        run.state = RunState.APPLIED
        run.save()
        SettlementFile.objects.filter(pk=instead.pk).update(state="applied", applied_at=run.started_at)
        SettlementFile.objects.filter(pk=self.file.pk).update(state="replaced")
        ReconciliationRun.objects.filter(file=self.file, state="applied").update(state="replaced")
        type_leftovers(run)
        self.file = instead

    def _night(self, after: timedelta = timedelta(0)) -> None:
        """Much later the lines of old files are looked at no more, but for what is told of them."""
        self.day += after
        run = a_run(self.account, state=RunState.RUNNING, business_date=self.day)
        match(Scope(run=run))
        run.state = RunState.APPLIED
        run.save()
        type_leftovers(run)

    def _misses(self) -> None:
        """Everything is late by now, so that whatever has no line, or has one for a part of it, is told."""
        for late in (late_modifications, late_movements):
            miss(self.account, list(late(self.account, LONG_AGO, FAR_AHEAD)), None, self.day)
        found = balance(self.account.pk, until=None)
        assert {code: one.on_the_way for code, one in found.items() if one.on_the_way} == {}

    def _takes(self, file: SettlementFile) -> None:
        run = a_run(file=file, state=RunState.RUNNING)
        match(Scope(run=run, file_ids=(file.pk,)))
        run.state = RunState.APPLIED
        run.save()
        type_leftovers(run)


def _of(rows: list[Any], place: int) -> Any:
    if not rows:
        raise Refused("There is none.", code="none")
    return rows[place % len(rows)]
