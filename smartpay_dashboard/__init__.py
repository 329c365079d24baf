"""Wiring: settings, web entrance, worker entrance. No business lives here.

Importing the Celery app makes every `shared_task` of the project use it, in the web process too.
"""

from smartpay_dashboard.celery import app as celery_app

__all__ = ["celery_app"]
