"""What gateway B's transcripts must not show: the secret key, signing secrets, and the personal data of shoppers."""

from __future__ import annotations

from orders.gateways.base import Door
from orders.gateways.transcripts import last_four, mask_emails, mask_fields, mask_secrets

SECRET_FIELDS = frozenset({"signingSecret", "accessToken", "password"})
PERSONAL_FIELDS = frozenset(
    {
        *("emailAddress", "email", "phoneNumber", "firstName", "lastName", "firstNameKana", "lastNameKana"),
        *("dateOfBirth", "legalGender", "line1", "line2", "line3", "line4", "line5"),
        *("locality", "subLocality", "administrativeArea", "postalCode"),
    }
)


def scrub(text: str, door: Door) -> str:
    """A transcript fit for storage: keys removed or cut to their last four characters, persons made unrecognisable."""
    secrets = {door.merchant_key: last_four(door.merchant_key), door.authentication_key: "(removed)"}
    clean = mask_secrets(text, secrets=secrets)
    clean = mask_fields(clean, names=SECRET_FIELDS, mask=lambda _value: "(removed)")
    clean = mask_fields(clean, names=PERSONAL_FIELDS, mask=lambda value: "(personal)" if value else value)
    return mask_emails(clean)
