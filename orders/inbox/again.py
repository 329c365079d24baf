"""A person wants a delivery processed once more: after a mistake of ours, or when its payment has become known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now
from orders.models import InboxDelivery, InboxState, Source
from orders.modifications import bell
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def process_again(*, delivery_id: int, by: User, source: Source) -> InboxDelivery:
    """Make it due now with all its events; what they had done counts once all the same.

    Raises UnknownThing, or NotAllowed without the permission “repair”.
    """
    row = InboxDelivery.objects.of(by).select_related("account").filter(pk=delivery_id).first()
    if row is None:
        raise UnknownThing("There is no such webhook.", code="unknown_delivery")
    if "repair" not in permissions_of(by, row.merchant_id):
        sentence = "You may not have webhooks processed again; nothing was done. The “repair” permission is needed."
        audit.record_refusal(verb="inbox.again_refused", sentence=sentence, source=source, by=by, account=row.account)
        raise NotAllowed(sentence, code="permission")
    with database_transaction.atomic():
        row.state, row.due_at, row.attempts_made, row.results = InboxState.WAITING.value, database_now(), 0, []
        row.save(update_fields=["state", "due_at", "attempts_made", "results"])
        audit.record(
            verb="inbox.again",
            sentence=f"{by.get_username()} had webhook {row.key} of {row.account.name} processed again.",
            source=source,
            by=by,
            account=row.account,
            details={"delivery": row.pk},
        )
        database_transaction.on_commit(lambda: bell.ring_inbox(delivery_id))
    return row
