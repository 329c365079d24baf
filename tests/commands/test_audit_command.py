"""`audit`: a whole chain is green, a changed or removed link and a cut tail are found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection

from orders import audit
from orders.models import Event, EventSeal, Source, triggers
from tests.commands.running import run

pytestmark = pytest.mark.django_db


def written(count: int) -> None:
    for number in range(count):
        audit.record(verb="test", sentence=f"Event {number}.", source=Source.COMMAND)


@contextmanager
def without_triggers() -> Iterator[None]:
    """What somebody with the database's own password could do."""
    for event in ("UPDATE", "DELETE"):
        triggers.lift(connection, event=event)
    yield
    triggers.install(using="default")


def test_a_sealed_log_verifies_and_tells_its_head() -> None:
    written(3)

    sealed = run("audit", "seal", "--json")
    verified = run("audit", "verify", "--json")

    assert sealed.facts == {"sealed": 3}
    assert verified.code == 0
    assert (verified.facts["sealed"], verified.facts["unsealed"]) == (3, 0)
    assert run("audit", "head").out.strip() == verified.facts["head"]


def test_unsealed_events_are_counted_with_their_age_and_are_no_fault() -> None:
    written(2)

    verified = run("audit", "verify", "--json")

    assert (verified.code, verified.facts["unsealed"]) == (0, 2)
    assert verified.facts["oldest_unsealed_seconds"] is not None


def test_a_changed_event_is_found() -> None:
    written(3)
    run("audit", "seal")
    with without_triggers():
        Event.objects.filter(sentence="Event 1.").update(sentence="Nothing happened.")

    verified = run("audit", "verify")

    assert verified.code == 1
    assert "was changed afterwards" in verified.out


def test_a_removed_link_is_found() -> None:
    written(3)
    run("audit", "seal")
    with without_triggers():
        EventSeal.objects.filter(sequence=2).delete()

    verified = run("audit", "verify", "--json")

    assert (verified.code, verified.facts["ok"]) == (1, False)


def test_a_cut_tail_is_found_by_a_head_kept_elsewhere() -> None:
    written(3)
    run("audit", "seal")
    head = run("audit", "head").out.strip()
    with without_triggers():
        last = EventSeal.objects.get(sequence=3)
        event = last.event
        last.delete()
        event.delete()

    unaware = run("audit", "verify")
    aware = run("audit", "verify", "--head", head)

    assert unaware.code == 0
    assert aware.code == 1
    assert "tail was cut" in aware.out


@pytest.mark.parametrize("statement", ["UPDATE orders_event SET sentence = ''", "DELETE FROM orders_event"])
def test_the_database_itself_refuses_to_change_or_remove_an_event(statement: str) -> None:
    written(1)

    with pytest.raises(IntegrityError, match="orders_event"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_mistyped_head_is_no_cut_tail() -> None:
    typed = run("audit", "verify", "--head", "0000")

    assert typed.code == 2
    assert "nothing was checked" in typed.err + typed.out
