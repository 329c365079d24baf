"""`manage.py sandbox`: start the pretended gateways, which are a program of their own without Django."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from orders.management.replace import become, die_with_parent


class Command(BaseCommand):
    help = (
        "Run the three sandbox gateways on one port of this host: A under /smartpay, B under /smartpay-orders/v1, "
        "C under /smarterpay; pages for people at /, control doors under /_control. No real money moves there."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8001, help="Port on 127.0.0.1 (default 8001); 0 takes a free one."
        )
        parser.add_argument("--data", type=Path, help="Folder of the ledger (default: DATA_DIR/sandbox).")

    def handle(self, *args: Any, port: int, data: Path | None, **options: Any) -> None:
        folder = data or Path(settings.DATA_DIR) / "sandbox"
        folder.mkdir(parents=True, exist_ok=True)
        die_with_parent()
        become([sys.executable, "-m", "orders.sandbox", "--port", str(port), "--data", str(folder)])
