"""What the API costs those who never ask it: workers and commands read the list of addresses and load none of it."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

PROGRAM = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "smartpay_dashboard.settings"
import django
django.setup()
from django.core.management import call_command
from django.urls import resolve
assert resolve("/api/v1/orders").view_name == "api"
call_command("check")
print("ninja" in sys.modules)
"""


def test_the_addresses_are_known_without_loading_the_api() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "False"
