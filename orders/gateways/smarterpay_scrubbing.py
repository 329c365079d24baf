"""What gateway C's transcripts must not show: the token, and what tells who the card holder is."""

from __future__ import annotations

from orders.gateways.base import Door
from orders.gateways.transcripts import last_four, mask_emails, mask_fields, mask_secrets

SECRET_FIELDS = frozenset({"access_token", "refresh_token", "client_secret", "token", "password"})
PERSONAL_FIELDS = frozenset(
    {
        *("name_on_card", "card_name", "expiry_date", "card_expiry_date", "customer_id", "customer_account"),
        *("first_name", "last_name", "name", "email", "phone", "mobile", "date_of_birth"),
        *("address_1", "address_2", "address_3", "city", "county", "postcode"),
    }
)


def scrub(text: str, door: Door) -> str:
    """A transcript fit for storage: the token removed, persons made unrecognisable, the last card digits kept."""
    secrets = {door.authentication_key: "(removed)", door.merchant_key: last_four(door.merchant_key)}
    clean = mask_secrets(text, secrets=secrets)
    clean = mask_fields(clean, names=SECRET_FIELDS, mask=lambda _value: "(removed)")
    clean = mask_fields(clean, names=PERSONAL_FIELDS, mask=lambda value: "(personal)" if value else value)
    return mask_emails(clean)
