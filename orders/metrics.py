"""The figures for monitoring, asked from the database at each scrape: right in every process, kept in none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from orders.database import database_now
from orders.health import heartbeat_age_seconds
from orders.models import OPEN, Event, GatewayAccount, Modification, ModificationState, Switch
from orders.modifications.watch import oldest_due_age_seconds, stranded_age_seconds

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
