"""The orders app: what Django runs once when the project is loaded."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = "Orders"

    def ready(self) -> None:
        """Re-create the database triggers after every migration (SQLite's table rebuilds drop them); audit log-ins."""
        from orders import logins
        from orders.models import triggers

        logins.connect()
        post_migrate.connect(triggers.install, sender=self, dispatch_uid="orders.triggers")
