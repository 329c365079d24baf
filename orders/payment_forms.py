"""A new payment as a person fills it in: every field of gateway A, its limits said beside it in the gateway's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms

from orders.forms import CUSTOM_REFERENCES, AmountField, PlainForm
from orders.gateways import smartpay_payment_fields as known
from orders.gateways.smartpay_payment_fields import TextField
from orders.gateways.smartpay_payment_limits import problems_of
from orders.gateways.smartpay_payments import (
    Address,
    BusinessConsumer,
    Consumer,
    Criterion,
    NewPayment,
    PaymentOption,
    SplitDestination,
)
from orders.models import GatewayAccount
from orders.modifications.refusals import INVALID_ID
from orders.money import AmountRefused, Money, is_currency, parse_amount

ROWS_AT_FIRST, ROWS_MORE, ROWS_MOST = 3, 3, 30
PERSON, COMPANY = "person", "company"
_SOME_MONEY = Money(100, "EUR")
"""Stands in for an amount that could not be read, so that the other fields are judged all the same."""
_CAPITALS = ("country_code", "state", "shop_country")
_HINTS = {
    "partner_reference": "The gateway takes each only once. Left empty, one is made.",
    "target_merchant_account_reference": "The account that gets the money instead of the main one.",
    "customer_account_id": "As your own system calls it.",
    "shop_country": "Two letters, such as DE.",
    "description": "What is paid for; the buyer may see it. At most 127 characters.",
    "culture": "Language and country, such as de-DE.",
    "date_of_birth": "Year, month and day: 1990-01-31.",
    "address_line1": "Without the house number.",
    "billing_address_country_code": "Three letters, such as DEU.",
    "shipping_address_country_code": "Three letters, such as DEU.",
    "business_consumer_country_code": "Two or three letters, such as DE.",
    "state": "Needed in the United States and Canada.",
}
_LABELS = {"partner_reference": "Partner reference"}

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Fields that few payments need; open when something stands in them. `rows` come in groups, `fields` do not."""

    id: str
    title: str
    hint: str
    fields: Sequence[forms.BoundField] = ()
    rows: Sequence[Sequence[forms.BoundField]] = ()
    more: str = ""
    """The name of the button that adds rows."""

    @property
    def open(self) -> bool:
        """Whether something is typed or wrong in it, or more rows were asked for."""
        every = [*self.fields, *(field for row in self.rows for field in row)]
        return len(self.rows) > ROWS_AT_FIRST or any(field.errors or field.value() for field in every)


class PaymentForm(PlainForm):
    """One new payment. Once valid, `payment` is what to ask for; names of fields are the paths of `problems_of`."""

    account = forms.ChoiceField(error_messages={"required": "Choose an account; nothing was sent."})
    option = forms.ChoiceField(
        choices=[
            (PaymentOption.PREPAYMENT.value, "Prepayment: the buyer pays before you deliver"),
            (PaymentOption.PAY_UPON_INVOICE.value, "Pay upon invoice: the buyer pays your invoice"),
        ],
        label="How the buyer pays",
        error_messages={"required": "Choose how the buyer pays; nothing was sent."},
    )
    amount = AmountField(error_messages={"required": "Enter an amount; nothing was sent."})
    currency = forms.CharField(
        initial="EUR",
        error_messages={"required": "Enter a currency such as EUR; nothing was sent."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    order_reference = forms.CharField(
        required=False,
        help_text="As your shop calls it. Left empty, it is the partner reference.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    buyer = forms.ChoiceField(
        choices=[(PERSON, "A person"), (COMPANY, "A company")],
        initial=PERSON,
        label="Who pays",
        widget=forms.RadioSelect,
        error_messages={"required": "Say who pays: a person or a company."},
    )
    modification_id = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": INVALID_ID, "invalid": INVALID_ID}
    )
    split_rows = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=ROWS_MOST)
    criteria_rows = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=ROWS_MOST)

    payment: NewPayment

    def __init__(self, *arguments: Any, accounts: Sequence[GatewayAccount], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        account = self.fields["account"]
        assert isinstance(account, forms.ChoiceField)
        account.choices = [(str(one.pk), f"{one.name} ({one.merchant.name})") for one in accounts]
        self.counts = {name: self._count(name) for name in ("split", "criteria")}
        self.fields.update(self._made_fields())
        self.initial.update({f"{name}_rows": count for name, count in self.counts.items()})

    def _count(self, name: str) -> int:
        """How many rows to draw; whatever is not a number of them means the usual."""
        text = str(self.data.get(f"{name}_rows") or self.initial.get(f"{name}_rows") or "")
        return min(int(text), ROWS_MOST) if text.isascii() and text.isdigit() and len(text) < 4 else ROWS_AT_FIRST

    def _made_fields(self) -> Iterator[tuple[str, forms.Field]]:
        yield from _text_fields("", (*known.PAYMENT, known.DESCRIPTION, *known.EXTRA_INFO))
        for group, fields in _GROUPS.items():
            yield from _text_fields(f"{group}_", fields)
        for number in range(self.counts["split"]):
            yield from _text_fields(f"split_{number}_", known.SPLIT_DESTINATION)
            yield f"split_{number}_amount", AmountField(required=False, label="Amount")
        for number in range(self.counts["criteria"]):
            yield from _text_fields(f"criteria_{number}_", known.CRITERION)

    # What was typed.

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if not is_currency(currency):
            raise forms.ValidationError("The currency is a three-letter code such as EUR.")
        return currency

    def clean(self) -> None:
        split, criteria = self._numbered("split"), self._numbered("criteria")
        self.payment = self._payment(split, criteria)
        self.say(problems_of(self.payment), split=list(split), criteria=list(criteria))

    def say(
        self, problems: Mapping[str, str], *, split: Sequence[int] | None = None, criteria: Sequence[int] | None = None
    ) -> None:
        """Put each sentence beside its field; a field that has one already keeps it."""
        rows = {
            "split": list(self._numbered("split")) if split is None else split,
            "criteria": list(self._numbered("criteria")) if criteria is None else criteria,
        }
        for path, sentence in problems.items():
            name = self._field_named(path, rows)
            if name is None or name not in self.errors:
                self.add_error(name, sentence)

    def _field_named(self, path: str, rows: Mapping[str, Sequence[int]]) -> str | None:
        if path in ("consumer", "business_consumer"):
            return "buyer"
        if path == "split":
            return None if "amount" in self.errors else f"split_{rows['split'][0]}_amount"
        parts = path.split(".")
        if parts[0] in rows:
            parts[1] = str(rows[parts[0]][int(parts[1])])
        name = "_".join(parts)
        return name if name in self.fields else None

    def _numbered(self, group: str) -> dict[int, dict[str, str]]:
        """The rows in which something stands, by their number on the page."""
        names = {"split": ("destination_reference", "amount", "description"), "criteria": ("name", "value")}[group]
        rows = {
            number: {name: self._said(f"{group}_{number}_{name}") for name in names}
            for number in range(self.counts[group])
        }
        return {number: row for number, row in rows.items() if any(row.values())}

    def _said(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "")

    def _payment(self, split: Mapping[int, Mapping[str, str]], criteria: Mapping[int, Mapping[str, str]]) -> NewPayment:
        currency = self._said("currency") or _SOME_MONEY.currency
        person = self.cleaned_data.get("buyer") == PERSON
        plain = (*known.PAYMENT, known.DESCRIPTION, *known.EXTRA_INFO)
        return NewPayment(
            **{field.attribute: self._said(field.attribute) for field in plain},
            option=PaymentOption(self._said("option") or PaymentOption.PREPAYMENT),
            amount=self._money("amount", currency),
            billing_address=Address(**self._texts("billing_address")),
            shipping_address=self._shipping_address(),
            consumer=Consumer(**self._texts("consumer")) if person else None,
            business_consumer=None if person else BusinessConsumer(**self._texts("business_consumer")),
            split=tuple(
                SplitDestination(
                    destination_reference=row["destination_reference"],
                    amount=self._money(f"split_{number}_amount", currency),
                    description=row["description"],
                )
                for number, row in split.items()
            ),
            criteria=tuple(Criterion(**row) for row in criteria.values()),
            custom_references={
                name: self._said(f"custom_references_{name}")
                for name in CUSTOM_REFERENCES
                if self._said(f"custom_references_{name}")
            },
        )

    def _texts(self, group: str) -> dict[str, str]:
        said = {field.attribute: self._said(f"{group}_{field.attribute}") for field in _GROUPS[group]}
        return {name: value.upper() if name in _CAPITALS else value for name, value in said.items()}

    def _shipping_address(self) -> Address | None:
        texts = self._texts("shipping_address")
        return Address(**texts) if any(texts.values()) else None

    def _money(self, name: str, currency: str) -> Money:
        """What the field says; a sentence beside it when that is no amount."""
        try:
            return parse_amount(self._said(name), currency)
        except AmountRefused as refusal:
            if name not in self.errors:
                self.add_error(name, str(refusal))
            return Money(_SOME_MONEY.amount_minor, currency)

    # For the template.

    @property
    def person_fields(self) -> list[forms.BoundField]:
        """Of a buyer who is a person; the rarer ones are folded."""
        return self._bound("consumer", ("title", "first_name", "last_name", "email"))

    @property
    def person_fold(self) -> Fold:
        """What else the gateway takes of a person."""
        first = {field.name for field in self.person_fields}
        rest = [field for field in self._bound("consumer") if field.name not in first]
        return Fold(id="person-more", title="More about the person", hint="", fields=rest)

    @property
    def company_fields(self) -> list[forms.BoundField]:
        """Of a buyer that is a company."""
        return self._bound("business_consumer")

    @property
    def billing_fields(self) -> list[forms.BoundField]:
        """The street before the number, the country last."""
        return self._bound("billing_address", _ADDRESS_ORDER)

    @property
    def folds(self) -> list[Fold]:
        """Everything that few payments need."""
        return [
            Fold(
                id="shipping",
                title="Shipping address",
                hint="Only when it is another than the billing address.",
                fields=self._bound("shipping_address", _ADDRESS_ORDER),
            ),
            Fold(
                id="split",
                title="Split over merchant accounts",
                hint="Each part goes to the account named; together they are at most the whole amount.",
                rows=self._rows("split", ("destination_reference", "amount", "description")),
                more="more_split" if self.counts["split"] < ROWS_MOST else "",
            ),
            Fold(
                id="criteria",
                title="Criteria",
                hint="Your own names and values; each name may stand once.",
                rows=self._rows("criteria", ("name", "value")),
                more="more_criteria" if self.counts["criteria"] < ROWS_MOST else "",
            ),
            Fold(
                id="references",
                title="Own references",
                hint="They travel with the payment.",
                fields=self._bound("custom_references"),
            ),
            Fold(
                id="more",
                title="Customer, product and account",
                hint="",
                fields=[self[field.attribute] for field in (*known.PAYMENT[1:], *known.EXTRA_INFO)],
            ),
        ]

    def _bound(self, group: str, names: Iterable[str] = ()) -> list[forms.BoundField]:
        return [self[f"{group}_{name}"] for name in names or (field.attribute for field in _GROUPS[group])]

    def _rows(self, group: str, names: Sequence[str]) -> list[list[forms.BoundField]]:
        return [[self[f"{group}_{number}_{name}"] for name in names] for number in range(self.counts[group])]


_GROUPS: dict[str, tuple[TextField, ...]] = {
    "consumer": known.CONSUMER,
    "business_consumer": known.BUSINESS_CONSUMER,
    "billing_address": known.ADDRESS,
    "shipping_address": known.ADDRESS,
    "custom_references": known.CUSTOM_REFERENCES,
}
_ADDRESS_ORDER = (
    *("address_line1", "number", "address_line2", "address_line3"),
    *("post_code", "city", "state", "country_code"),
)


def _text_fields(prefix: str, fields: Iterable[TextField]) -> Iterator[tuple[str, forms.Field]]:
    """No `maxlength`: a browser would cut what is pasted without a word."""
    for field in fields:
        name = f"{prefix}{field.attribute}"
        attributes = {"autocomplete": "off"}
        if field is known.DESCRIPTION:
            attributes |= {"data-counter": f"{name}-count", "data-maximum": str(field.maximum)}
        yield (
            name,
            forms.CharField(
                required=False,
                label=_LABELS.get(name) or _label(field),
                help_text=_HINTS.get(name) or _HINTS.get(field.attribute, ""),
                widget=forms.TextInput(attrs=attributes),
            ),
        )


def _label(field: TextField) -> str:
    plain = field.label.removeprefix("The ")
    return plain[:1].upper() + plain[1:]


def with_more_rows(typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, with more rows in the group whose button was pressed."""
    more = dict(typed)
    for group in ("split", "criteria"):
        if f"more_{group}" in typed:
            text = typed.get(f"{group}_rows", "")
            shown = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else ROWS_AT_FIRST
            more[f"{group}_rows"] = str(min(shown + ROWS_MORE, ROWS_MOST))
    return more


def asks_for_rows(typed: Mapping[str, str]) -> bool:
    """Whether a button that adds rows was pressed, so that nothing is to be sent."""
    return "more_split" in typed or "more_criteria" in typed
