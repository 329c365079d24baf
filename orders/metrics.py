"""The figures for monitoring, asked from the database at each scrape: right in every process, kept in none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from orders.database import database_now
from orders.health import heartbeat_age_seconds
from orders.models import (
    GIVEN_UP,
    OPEN,
    Discrepancy,
    DiscrepancyType,
    Event,
    FileState,
    GatewayAccount,
    JobRun,
    JobState,
    Modification,
    ModificationState,
    SettlementFile,
    Switch,
)
from orders.modifications.watch import oldest_due_age_seconds, stranded_age_seconds
from orders.reconciliation.ageing import BUCKETS, bucket_of
from orders.reconciliation.nights.watch import books_broken, missed_everywhere

# Above this an exact number helps nobody, and counting would cost the database more than the figure is worth.
COUNT_MAXIMUM = 10_000


def exposition() -> bytes:
    """All figures in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_DatabaseFigures())
    return generate_latest(registry)


class _DatabaseFigures:
    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _modifications()
        yield from _events()
        yield from _accounts()
        yield from _reconciliation()
        yield _age("worker_heartbeat_age", "Since a worker made a turn", heartbeat_age_seconds())

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is declared beforehand, so that registering asks no database."""
        return []


def _modifications() -> Iterator[GaugeMetricFamily]:
    family = GaugeMetricFamily(
        "smartpay_modifications", "Modifications whose end is not known, by state", labels=["state"]
    )
    found = dict(Modification.objects.filter(state__in=OPEN).order_by().values_list("state").annotate(Count("pk")))
    for state in sorted(OPEN):
        family.add_metric([state.value], found.get(state.value, 0))
    yield family
    yield _gauge("review_modifications", "Modifications that wait for people", found.get(ModificationState.REVIEW, 0))
    yield _age("oldest_due_age", "Since the oldest due modification became due", oldest_due_age_seconds())
    yield _age("oldest_stranded_age", "Since the lease of the oldest stranded flight ended", stranded_age_seconds())
    doubt = Modification.objects.filter(state=ModificationState.UNKNOWN, doubt_since__isnull=False)
    yield _age(
        "oldest_unknown_age",
        "Since the oldest outcome became unknown",
        _since(doubt.aggregate(Min("doubt_since"))["doubt_since__min"]),
    )


def _events() -> Iterator[GaugeMetricFamily]:
    unsealed = Event.objects.filter(seal__isnull=True)
    count = unsealed.order_by()[: COUNT_MAXIMUM + 1].count()
    yield _gauge("unsealed_events", f"Audit events not yet in the chain (counted to {COUNT_MAXIMUM})", count)
    yield _age(
        "oldest_unsealed_event_age", "Since the oldest unsealed event", _since(unsealed.aggregate(Min("at"))["at__min"])
    )


def _accounts() -> Iterator[GaugeMetricFamily]:
    paused = GatewayAccount.objects.filter(paused_at__isnull=False).count()
    yield _gauge("paused_accounts", "Gateway accounts through which nothing is sent", paused)
    stopped = Switch.objects.filter(paused_at__isnull=False).exists()
    yield _gauge("sending_paused", "1 when nothing is sent to any gateway", int(stopped))


def _reconciliation() -> Iterator[GaugeMetricFamily]:
    """What did not meet, by type and by age; files that do not count yet; and whether the nights happen."""
    unsettled = Discrepancy.objects.unsettled().order_by("occurred_on")[: COUNT_MAXIMUM + 1]
    found = list(unsettled.values_list("type", "occurred_on"))
    by_type = GaugeMetricFamily(
        "smartpay_discrepancies", f"Unsettled discrepancies by type (counted to {COUNT_MAXIMUM}).", labels=["type"]
    )
    types = Counter(type_ for type_, _ in found)
    for name in DiscrepancyType.values:
        by_type.add_metric([name], types[name])
    yield by_type
    by_age = GaugeMetricFamily(
        "smartpay_discrepancies_aged",
        f"Unsettled discrepancies by age in days (counted to {COUNT_MAXIMUM}).",
        labels=["days"],
    )
    today = database_now().date()
    ages = Counter(bucket_of(today, day).name for _, day in found)
    for bucket in BUCKETS:
        by_age.add_metric([bucket.name], ages[bucket.name])
    yield by_age
    waiting = SettlementFile.objects.filter(state__in=[FileState.RECEIVING, FileState.WAITING, FileState.LOADING])
    waiting = waiting.exclude(GIVEN_UP)
    yield _gauge("unapplied_settlement_files", "Settlement files that do not count yet", waiting.count())
    oldest = waiting.aggregate(Min("received_at"))["received_at__min"]
    yield _age("oldest_unapplied_settlement_file_age", "Since the oldest of them came", _since(oldest))
    nights = JobRun.objects.filter(state=JobState.DONE).order_by("-pk").values_list("finished_at", flat=True)
    yield _age("last_night_age", "Since the last night was done", _since(nights.first()))
    yield _gauge("missed_nights", "Accounts with a night that should have run and has not", missed_everywhere())
    yield _gauge(
        "broken_books", "1 when the last night found invariants or the audit chain broken", int(books_broken())
    )


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"smartpay_{name}", f"{meaning}.", value=value)


def _age(name: str, meaning: str, seconds: float | None) -> GaugeMetricFamily:
    """A figure that has nothing to tell is left out; its absence is not zero."""
    family = GaugeMetricFamily(f"smartpay_{name}_seconds", f"{meaning}, in seconds.")
    if seconds is not None:
        family.add_metric([], seconds)
    return family


def _since(moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (database_now() - moment) / timedelta(seconds=1))
