"""The Celery app of web, worker and beat; its options and timetable stand in the settings under `CELERY_`."""

import os
import warnings

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import beat_init, celeryd_init, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartpay_dashboard.settings")

app = Celery("smartpay_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks(
    ["orders.modifications", "orders.mirror", "orders.inbox", "orders.outgoing", "orders.reconciliation"]
)


@celeryd_init.connect
def _drop_known_warnings(**_signal: object) -> None:
    """What the settings chose on purpose; and root, the only user that a container of a trial may have."""
    from django.conf import settings

    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    if not settings.PRODUCTION:
        warnings.filterwarnings("ignore", category=SecurityWarning)


@worker_init.connect
@beat_init.connect
def _refuse_weak_settings(**_signal: object) -> None:
    from smartpay_dashboard.checks import refuse_weak_settings

    refuse_weak_settings()
