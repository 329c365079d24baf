"""The Celery app of web, worker and beat; its options and timetable stand in the settings under `CELERY_`."""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartpay_dashboard.settings")

app = Celery("smartpay_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks(["orders.modifications", "orders.mirror"])
