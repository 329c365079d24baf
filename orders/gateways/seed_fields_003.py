"""Every statement of gateway B's seed 003, which is prose alone, and how it is honoured; for seed-coverage.md."""

from __future__ import annotations

from orders.gateways.seed_fields import IGNORED, SENT, STORED, seed_rows

_ORDER, _MODIFICATION, _CAPABILITIES, _HIDDEN = "order page", "modification page", "capability page", "not shown"
_BUTTON = "beside the button"

SEED_003 = [
    *seed_rows(
        "after a purchase",
        STORED,
        _ORDER,
        """
        deeds in the vendor's own dashboard | Snapshot.movements | as external movements, never as ours
        retrieve an order | Snapshot.transaction_reference | by its order id, with all payments and refunds
        retrieve a payment | Told.gateway_ids | by its payment id, which leads to its order
        content of an order | Snapshot.lines | with amount, reference, customer and times
        state of an order | Snapshot.state, Snapshot.raw_status | an open list; unknown words are UNRECOGNISED
        """,
    ),
    *seed_rows(
        "modify an order",
        IGNORED,
        _BUTTON,
        """
        no items after the approval | | lines are read and nothing here changes them
        a new order for more items | | said to staff, who tell the shopper
        """,
    ),
    *seed_rows(
        "cancel an order",
        SENT,
        _MODIFICATION,
        """
        manual capture: uncaptured | Kind.CANCEL | without a body; everything that is held is released
        manual capture: partially captured | Capability.cancels_after_capture | the rest; the order then says succeeded
        """,
    ),
    *seed_rows(
        "cancel an order",
        STORED,
        _ORDER,
        """
        automatic capture: refund instead | Capability.auto_capture | also before anything is shipped
        """,
    ),
    *seed_rows(
        "capture an order",
        SENT,
        _MODIFICATION,
        """
        manual capture: uncaptured | Kind.CAPTURE | all of it or a part
        manual capture: partially captured | Capability.multiple_capture, Instruction.release_rest | rest stays or goes
        """,
    ),
    *seed_rows(
        "capture an order",
        STORED,
        _ORDER,
        """
        automatic capture: nothing to do | TransactionState.CAPTURED | it arrives captured and has no capture button
        """,
    ),
    *seed_rows(
        "refund a payment",
        SENT,
        _MODIFICATION,
        """
        a payment is refunded | Instruction.capture_reference | an order's refund is a plan over its payments
        the merchant starts it | Kind.REFUND, Kind.CANCEL | nobody else can; shoppers turn to the merchant
        """,
    ),
    *seed_rows(
        "refund a payment",
        STORED,
        _ORDER,
        """
        schedule shortened from its last payment | Capability.instalments | estimated here, before and after
        money owed to the shopper | Capability.instalments | to the card, once no unpaid part is left to shorten
        """,
    ),
    *seed_rows(
        "refund a payment",
        IGNORED,
        _BUTTON,
        """
        the brand's return policy | | whether to refund is decided by staff
        first to Smartpay, then to the shopper | | Smartpay settles with the shop by itself
        no exchange, cash or store credit | | said to staff before they refund
        """,
    ),
    *seed_rows(
        "prose",
        IGNORED,
        _HIDDEN,
        """
        linked pages on cancel, capture and refund | | what they say stands in docs/gateways/smartpay-orders.md
        heading “refund a payment”, link “refund an order” | | the request is about a payment; see the plan above
        """,
    ),
]
