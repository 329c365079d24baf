"""While thousands of lines are read and matched, others still write to the database without waiting long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from orders.models import FileState, SettlementFile, SettlementTerms
from orders.reconciliation.runs import work_on
from tests.factories import an_account
from tests.reconciliation.runs.bringing import bring, line, paper

pytestmark = pytest.mark.django_db(transaction=True)

LINES = 10_000
MOST_SECONDS = 0.2
SLACK = 5
"""Tests run beside others on few cores; the longest wait alone on a machine is printed by hand-made measurements."""


@contextmanager
def somebody_else_writing(terms: SettlementTerms) -> Iterator[list[float]]:
    """Another connection that changes a row every few milliseconds; the list holds how long each change took."""
    waits: list[float] = []
    ended = threading.Event()

    def write() -> None:
        try:
            while not ended.wait(0.005):
                began = time.perf_counter()
                SettlementTerms.objects.filter(pk=terms.pk).update(accept_limit=len(waits))
                waits.append(time.perf_counter() - began)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield waits
    finally:
        ended.set()
        writer.join()


def test_a_long_file_keeps_nobody_waiting() -> None:
    account, other = an_account(), SettlementTerms.objects.create(account=an_account())
    content = paper(*(line(f"R-{number}", f"{number % 900 + 1}.50", type="adjustment") for number in range(LINES)))
    file = bring(account, content).file

    with somebody_else_writing(other) as waits:
        work_on(file.pk)

    print(f"longest of {len(waits)} waits: {max(waits) * 1000:.0f} ms")
    assert SettlementFile.objects.get(pk=file.pk).state == FileState.APPLIED
    assert len(waits) > 10
    assert max(waits) < MOST_SECONDS * SLACK


def test_three_long_files_at_once_keep_nobody_waiting_longer() -> None:
    other = SettlementTerms.objects.create(account=an_account())
    content = paper(*(line(f"R-{number}", f"{number % 900 + 1}.50", type="adjustment") for number in range(LINES // 3)))
    files = [bring(an_account(), content).file for _ in range(3)]

    def work(file_id: int) -> None:
        try:
            work_on(file_id)
        finally:
            connection.close()

    with somebody_else_writing(other) as waits:
        hands = [threading.Thread(target=work, args=(file.pk,)) for file in files]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    print(f"longest of {len(waits)} waits: {max(waits) * 1000:.0f} ms")
    assert set(SettlementFile.objects.values_list("state", flat=True)) == {FileState.APPLIED}
    assert len(waits) > 10
    assert max(waits) < MOST_SECONDS * SLACK
