"""The audit log: written with the change, sealed into a chain, and a chain that was touched says so."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from django.db import transaction as database_transaction

from orders import audit
from orders.audit import GENESIS
from orders.models import Event, EventSeal, Source, triggers
from tests import factories
from tests.modifications.steps import asked

pytestmark = pytest.mark.django_db


def some_events(count: int) -> list[Event]:
    return [
        audit.record(
            verb="thing.done", sentence=f"Ünïcode {number}.", source=Source.COMMAND, details={"b": 1, "a": [2]}
        )
        for number in range(count)
    ]


def change(sql: str, *parameters: Any) -> None:
    """What somebody with the database's password could do."""
    triggers.lift(connection, event="UPDATE")
    triggers.lift(connection, event="DELETE")
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        assert cursor.rowcount >= 1
    triggers.install(using="default")


# Writing.


def test_an_event_finds_merchant_order_and_transaction_through_what_it_is_about() -> None:
    row = asked(factories.a_transaction())

    event = audit.record(
        verb="x.y", sentence="Said.", source=Source.PAGE, by=row.requested_by, modification=row, account=row.account
    )

    assert (event.merchant_id, event.transaction_id, event.order_id) == (
        row.merchant_id,
        row.transaction_id,
        row.transaction.order_id,
    )
    assert event.details == {"account": row.account.name}
    assert (event.actor, event.refused) == (row.requested_by, False)


def test_an_event_falls_with_the_change_it_describes() -> None:
    with database_transaction.atomic():
        some_events(1)
        database_transaction.set_rollback(True)

    assert not Event.objects.exists()


def test_a_refusal_is_an_event_too() -> None:
    assert audit.record_refusal(verb="x.refused", sentence="No.", source=Source.PAGE).refused


def test_a_long_sentence_is_cut_and_not_an_error() -> None:
    event = audit.record(verb="x.y", sentence="x" * 5_000, source=Source.PAGE)

    assert len(event.sentence) == 600


# Sealing.


def test_an_empty_log_holds() -> None:
    found = audit.verify()

    assert (found.sealed, found.unsealed, found.head, found.problem) == (0, 0, GENESIS, "")
    assert audit.seal() == 0


def test_sealing_chains_every_event_once_and_the_chain_holds() -> None:
    some_events(5)

    assert audit.seal(limit=3) == 3
    assert audit.verify().unsealed == 2
    assert audit.seal() == 2
    assert audit.seal() == 0

    found = audit.verify()
    assert (found.sealed, found.unsealed, found.oldest_unsealed_at, found.problem) == (5, 0, None, "")
    assert found.head == EventSeal.objects.get(sequence=5).hash
    assert EventSeal.objects.get(sequence=1).previous_hash == GENESIS


def test_an_event_that_committed_late_is_sealed_too() -> None:
    """Ids commit out of order: the lower one may come after the higher one was sealed."""
    late, early = some_events(2)
    EventSeal.objects.create(
        sequence=1,
        event=early,
        previous_hash=GENESIS,
        hash=audit.link_hash(GENESIS, Event.objects.get(pk=early.pk)),
        sealed_at=early.at,
    )

    assert audit.seal() == 1

    assert EventSeal.objects.get(sequence=2).event_id == late.pk
    assert audit.verify().problem == ""


def test_unsealed_events_are_counted_with_their_age() -> None:
    first, _ = some_events(2)

    found = audit.verify()

    assert (found.sealed, found.unsealed, found.oldest_unsealed_at) == (0, 2, first.at)
    assert found.problem == ""


def test_everything_an_event_says_is_in_its_hash() -> None:
    [event] = some_events(1)
    hashes = {audit.link_hash(GENESIS, event), audit.link_hash("1" * 64, event)}

    for name, other in {
        "pk": 99,
        "verb": "x",
        "sentence": "x",
        "source": "page",
        "refused": True,
        "details": {},
        "actor_id": 7,
        "merchant_id": 7,
        "order_id": 7,
        "transaction_id": 7,
        "modification_id": "7",
        "request_id": "x",
    }.items():
        before = getattr(event, name)
        setattr(event, name, other)
        hashes.add(audit.link_hash(GENESIS, event))
        setattr(event, name, before)
    event.at = event.at.replace(microsecond=(event.at.microsecond + 1) % 1_000_000)
    hashes.add(audit.link_hash(GENESIS, event))

    assert len(hashes) == 15


# Touching.


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("UPDATE orders_event SET sentence = 'Otherwise.' WHERE id = %s", "(seal 3) is not what was sealed"),
        ("UPDATE orders_event SET actor_id = NULL, refused = %s WHERE id = %s", "(seal 3) is not what was sealed"),
        ("UPDATE orders_eventseal SET hash = 'forged' WHERE event_id = %s", "(seal 3) is not what was sealed"),
        ("UPDATE orders_eventseal SET previous_hash = 'x' WHERE event_id = %s", "Seal 3 does not follow"),
        ("DELETE FROM orders_eventseal WHERE event_id = %s", "Seal 3 is missing: the chain jumps to 4"),
    ],
)
def test_a_chain_that_was_touched_says_where(sql: str, told: str) -> None:
    events = some_events(5)
    audit.seal()

    change(sql, *([True] * (sql.count("%s") - 1)), events[2].pk)

    found = audit.verify()
    assert told in found.problem
    assert found.sealed == 2


def test_an_altered_event_whose_seal_was_forged_too_breaks_the_next_link() -> None:
    events = some_events(4)
    audit.seal()
    change("UPDATE orders_event SET sentence = 'Otherwise.' WHERE id = %s", events[1].pk)
    forged = audit.link_hash(EventSeal.objects.get(sequence=1).hash, Event.objects.get(pk=events[1].pk))

    change("UPDATE orders_eventseal SET hash = %s WHERE sequence = 2", forged)

    assert "Seal 3 does not follow" in audit.verify().problem


def test_a_cut_tail_is_found_by_a_head_that_was_kept_elsewhere() -> None:
    events = some_events(4)
    audit.seal()
    head = audit.verify().head
    assert audit.verify(head=head).problem == ""

    change("DELETE FROM orders_eventseal WHERE sequence > 2")
    change("DELETE FROM orders_event WHERE id >= %s", events[2].pk)

    assert audit.verify().problem == "", "without an anchor a shorter chain is a chain"
    assert "its tail was cut" in audit.verify(head=head).problem


def test_a_chain_that_grew_still_holds_an_earlier_head() -> None:
    some_events(2)
    audit.seal()
    head = audit.verify().head

    some_events(2)
    audit.seal()

    assert audit.verify(head=head).problem == ""
    assert audit.verify(head="0" * 63 + "1").problem != ""


# Several sealers.


@pytest.mark.django_db(transaction=True)
def test_several_sealers_at_once_make_one_chain() -> None:
    some_events(40)
    barrier, problems = threading.Barrier(4), []

    def seal() -> None:
        try:
            barrier.wait()
            for _ in range(4):
                audit.seal(limit=7)
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while audit.seal():
        pass

    found = audit.verify()
    assert problems == []
    assert (found.sealed, found.unsealed, found.problem) == (40, 0, "")
