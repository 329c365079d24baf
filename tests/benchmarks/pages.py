"""`make bench-pages`: do list, search and order page cost the same however many orders there are?

The same pages are asked for on a small and on a large table, in turns; the ratio large/small is the figure.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 3
REQUESTS = 15
TARGET = 1.25
PAGES = {
    "first page": "/orders/",
    "deep page": "/orders/?after={deep}",
    "a rare state": "/orders/?state=chargeback",
    "a common state": "/orders/?state=captured",
    "an amount range": "/orders/?currency=EUR&amount_from=100.00&amount_to=120.00",
    "reference prefix": "/orders/?q=NO-10",
    "e-mail prefix": "/orders/?q=jonas",
    "order page": "/orders/{order}/",
}


def main(words: list[str]) -> int:
    """Either the driver, or (with `--measure`) one side in a process of its own database."""
    if words[:1] == ["--measure"]:
        _measure()
        return 0
    small, large = (int(word) for word in (words or ["10000", "100000"]))
    sides = {count: _installation(count) for count in (small, large)}
    taken: dict[int, dict[str, list[float]]] = {small: {}, large: {}}
    for _ in range(ROUNDS):
        for count, environment in sides.items():
            for name, milliseconds in _run_side(environment).items():
                taken[count].setdefault(name, []).append(milliseconds)
    for name in PAGES:
        at_small, at_large = (statistics.median(taken[count][name]) for count in (small, large))
        ratio = at_large / at_small
        print(f"{name:18} {at_small:6.1f} ms at {small:,}, {at_large:6.1f} ms at {large:,}, ratio {ratio:.2f}")
    print(f"target: every ratio at most {TARGET}")
    return 0


def _installation(count: int) -> dict[str, str]:
    """A database with this many demo orders, in a folder of its own (SQLite, or the server in BENCH_DATABASE_URL)."""
    folder = tempfile.mkdtemp(prefix=f"bench-pages-{count}-")
    environment = {**os.environ, "DATA_DIR": folder, "ALLOW_INSECURE_GATEWAYS": "1", "LOG_LEVEL": "ERROR"}
    environment.pop("DATABASE_URL", None)
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "--verbosity", "0"], cwd=REPOSITORY, env=environment, check=True)
    demo = [*manage, "demo_data", "--orders", str(count), "--seed", "7", "--without-sandbox"]
    subprocess.run(demo, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.DEVNULL)
    return environment


def _run_side(environment: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.pages", "--measure"]
    said = subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True, text=True).stdout
    rows = (line.split("\t") for line in said.splitlines() if "\t" in line)
    return {name: float(milliseconds) for name, milliseconds in rows}


def _measure() -> None:
    """Print the median milliseconds of each page, as a superuser meets it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartpay_dashboard.settings")
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    from orders.keyset import Cursor
    from orders.models import Order

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.filter(is_superuser=True).earliest("pk"))
    middle = Order.objects.order_by("placed_at", "pk")[Order.objects.count() // 10]
    deep = str(Cursor(middle.placed_at, middle.pk))
    for name, address in PAGES.items():
        milliseconds = [_one(client, address.format(deep=deep, order=middle.pk)) for _ in range(REQUESTS)]
        print(f"{name}\t{statistics.median(milliseconds):.2f}")


def _one(client: object, address: str) -> float:
    began = time.perf_counter()
    answer = client.get(address, follow=True)  # type: ignore[attr-defined]
    taken = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, f"{address} answered {answer.status_code}"
    return taken


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
