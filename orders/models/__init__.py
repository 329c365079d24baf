"""The nouns: facts about merchants, orders and money, and the constraints that referee them."""

from orders.models.account import GatewayAccount, Membership, Merchant, Switch
from orders.models.announcement import (
    Announcement,
    ShopDelivery,
    ShopDeliveryState,
    ShopDeliveryTry,
    ShopEndpoint,
)
from orders.models.discrepancy import Cause, Discrepancy, DiscrepancyEntry, DiscrepancyState, DiscrepancyType
from orders.models.event import Event, EventSeal, Source
from orders.models.heartbeat import Heartbeat
from orders.models.inbox import InboxDelivery, InboxRejection, InboxState
from orders.models.matching import Match, ReconciliationRun, Rule, RunKind, RunStage, RunState
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
from orders.models.month import MonthClose, MonthState
from orders.models.movement import ExternalMovement
from orders.models.night import Drift, DriftState, JobRun, JobState
from orders.models.order import Order, OrderLine, OrderState
from orders.models.plan import RefundPlan
from orders.models.proposal import Proposal, ProposalState, ProposalSubject
from orders.models.reference import Reference, ReferenceKind
from orders.models.settlement import (
    GIVEN_UP,
    FileState,
    LineType,
    ProfileState,
    SettlementBadLine,
    SettlementFile,
    SettlementFilePart,
    SettlementLine,
    SettlementProfile,
    SettlementTerms,
)
from orders.models.token import ApiToken
from orders.models.transaction import NOT_YET_NAMED, Capture, Transaction

__all__ = [
    "FINISHED",
    "GIVEN_UP",
    "IN_DOUBT",
    "NOT_YET_NAMED",
    "OPEN",
    "Announcement",
    "ApiToken",
    "Attempt",
    "Capture",
    "Cause",
    "Discrepancy",
    "DiscrepancyEntry",
    "DiscrepancyState",
    "DiscrepancyType",
    "Drift",
    "DriftState",
    "Event",
    "EventSeal",
    "Evidence",
    "EvidenceSource",
    "ExternalMovement",
    "FileState",
    "GatewayAccount",
    "Heartbeat",
    "InboxDelivery",
    "InboxRejection",
    "InboxState",
    "JobRun",
    "JobState",
    "LineType",
    "Match",
    "Membership",
    "Merchant",
    "Modification",
    "ModificationState",
    "MonthClose",
    "MonthState",
    "Order",
    "OrderLine",
    "OrderState",
    "ProfileState",
    "Proposal",
    "ProposalState",
    "ProposalSubject",
    "Purpose",
    "ReconciliationRun",
    "Reference",
    "ReferenceKind",
    "RefundPlan",
    "Rule",
    "RunKind",
    "RunStage",
    "RunState",
    "SettlementBadLine",
    "SettlementFile",
    "SettlementFilePart",
    "SettlementLine",
    "SettlementProfile",
    "SettlementTerms",
    "ShopDelivery",
    "ShopDeliveryState",
    "ShopDeliveryTry",
    "ShopEndpoint",
    "Source",
    "Switch",
    "Transaction",
]
