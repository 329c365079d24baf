"""The nouns: facts about merchants, orders and money, and the constraints that referee them."""

from orders.models.account import GatewayAccount, Membership, Merchant, Switch
from orders.models.announcement import (
    Announcement,
    ShopDelivery,
    ShopDeliveryState,
    ShopDeliveryTry,
    ShopEndpoint,
)
from orders.models.event import Event, EventSeal, Source
from orders.models.heartbeat import Heartbeat
from orders.models.inbox import InboxDelivery, InboxRejection, InboxState
from orders.models.modification import (
    FINISHED,
    IN_DOUBT,
    OPEN,
    Attempt,
    Evidence,
    EvidenceSource,
    Modification,
    ModificationState,
    Purpose,
)
from orders.models.movement import ExternalMovement
from orders.models.order import Order, OrderLine, OrderState
from orders.models.plan import RefundPlan
from orders.models.proposal import Proposal, ProposalState, ProposalSubject
from orders.models.reference import Reference, ReferenceKind
from orders.models.token import ApiToken
from orders.models.transaction import NOT_YET_NAMED, Capture, Transaction

__all__ = [
    "FINISHED",
    "IN_DOUBT",
    "NOT_YET_NAMED",
    "OPEN",
    "Announcement",
    "ApiToken",
    "Attempt",
    "Capture",
    "Event",
    "EventSeal",
    "Evidence",
    "EvidenceSource",
    "ExternalMovement",
    "GatewayAccount",
    "Heartbeat",
    "InboxDelivery",
    "InboxRejection",
    "InboxState",
    "Membership",
    "Merchant",
    "Modification",
    "ModificationState",
    "Order",
    "OrderLine",
    "OrderState",
    "Proposal",
    "ProposalState",
    "ProposalSubject",
    "Purpose",
    "Reference",
    "ReferenceKind",
    "RefundPlan",
    "ShopDelivery",
    "ShopDeliveryState",
    "ShopDeliveryTry",
    "ShopEndpoint",
    "Source",
    "Switch",
    "Transaction",
]
