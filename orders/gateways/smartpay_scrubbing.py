"""What gateway A's transcripts must not show: keys, and the personal data of shoppers and their companies."""

from __future__ import annotations

import base64

from orders.gateways.base import Door
from orders.gateways.transcripts import last_four, mask_emails, mask_fields, mask_secrets

KEY_FIELDS = frozenset({"merchantKey"})
SECRET_FIELDS = frozenset({"authenticationKey", "access_token", "client_secret", "password", "checkoutToken"})
PERSONAL_FIELDS = frozenset(
    {
        *("title", "firstName", "middleName", "lastName", "gender", "dateOfBirth", "name", "contactName"),
        *("email", "phone", "homePhone", "mobilePhone", "workPhone", "taxNumber", "registrationNumber"),
        *("addressLine1", "addressLine2", "addressLine3", "number", "postCode", "city", "state"),
        *("merchantCustomerId", "customerAccountId"),
    }
)


def scrub(text: str, door: Door) -> str:
    """A transcript fit for storage: keys removed or cut to their last four characters, persons made unrecognisable."""
    clean = mask_secrets(text, secrets=_secrets(door))
    clean = mask_fields(clean, names=KEY_FIELDS, mask=_last_four_once)
    clean = mask_fields(clean, names=SECRET_FIELDS, mask=lambda _value: "(removed)")
    clean = mask_fields(clean, names=PERSONAL_FIELDS, mask=lambda value: "(personal)" if value else value)
    return mask_emails(clean)


def _secrets(door: Door) -> dict[str, str]:
    """The pair first: it holds the others."""
    pair = f"{door.merchant_key}:{door.authentication_key}"
    return {
        base64.b64encode(pair.encode()).decode(): "(removed)",
        door.authentication_key: "(removed)",
        door.merchant_key: last_four(door.merchant_key),
    }


def _last_four_once(value: str) -> str:
    return value if value.startswith("…") else last_four(value)
