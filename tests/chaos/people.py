"""People who click: each a process of its own that asks for its deeds one after another until each is accepted."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.plan import Deed
from tests.proofs.scene import Payment

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TRIES = 400
AGAIN_SECONDS = 0.3


def ask_for_all(deeds: Sequence[Deed], payments: Sequence[Payment], *, pause_seconds: float, accepted: Path) -> None:
    """Every accepted id is a line in the file, written after the answer came, as a person would remember it."""
    for deed in deeds:
        for _ in range(TRIES):
            if _asked(deed, payments[deed.payment]):
                with accepted.open("a") as lines:
                    lines.write(f"{deed.id}\n")
                break
            time.sleep(AGAIN_SECONDS)
        else:
            print(f"Nobody would take {deed.id}.")
        time.sleep(pause_seconds)


def _asked(deed: Deed, payment: Payment) -> bool:
    """The same form again and again: while the database is away, and while an earlier outcome is unknown."""
    from django.contrib.auth.models import User
    from django.db import Error, connection

    from orders.modifications.refusals import Refused

    try:
        _ask(deed, payment, User.objects.get(pk=payment.person_id))
    except Refused as refusal:
        print(f"{deed.id}: {refusal.sentence}")
        return False
    except Error as error:
        print(f"{deed.id}: {type(error).__name__}")
        connection.close()
        return False
    return True


def _ask(deed: Deed, payment: Payment, person: User) -> None:
    from orders.gateways.base import Kind
    from orders.models import Source
    from orders.modifications.ask import ask
    from orders.modifications.wish import Wish

    ask(
        Wish(
            modification_id=uuid.UUID(deed.id),
            transaction_id=payment.transaction_id,
            kind=Kind(deed.kind),
            amount=deed.amount,
            reason="returned",
            description="",
            by=person,
            source=Source.PAGE,
            expected_version=None,
            confirmed_twin=True,
        )
    )
