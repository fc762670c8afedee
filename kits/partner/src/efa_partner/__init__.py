"""A partner system at the EfA-Marktplatz: signed order events over Kafka, and the receipts that answer them."""

from efa_partner.blocking import Partner
from efa_partner.commands import (
    AddPoint,
    AnswerQuestion,
    AskQuestion,
    Command,
    DeclareInterest,
    PlaceOrder,
    ReachMilestone,
    ReportUses,
    SettlePoint,
    Side,
    WithdrawOrder,
)
from efa_partner.connection import Connection, Security
from efa_partner.errors import (
    BrokerError,
    EventIdReusedError,
    JournalError,
    JwksError,
    KeyFileError,
    PartnerError,
    ReceiptMissingError,
    ReceiptUntrustedError,
    RecordTooLargeError,
    SettingsError,
)
from efa_partner.jwks import Jwks
from efa_partner.keys import Algorithm, SigningKey
from efa_partner.partner import AsyncPartner, PartnerSettings
from efa_partner.receipt import Receipt, Status
from efa_partner.signing import SignedEvent

__all__ = [
    "AddPoint",
    "Algorithm",
    "AnswerQuestion",
    "AskQuestion",
    "AsyncPartner",
    "BrokerError",
    "Command",
    "Connection",
    "DeclareInterest",
    "EventIdReusedError",
    "JournalError",
    "Jwks",
    "JwksError",
    "KeyFileError",
    "Partner",
    "PartnerError",
    "PartnerSettings",
    "PlaceOrder",
    "ReachMilestone",
    "Receipt",
    "ReceiptMissingError",
    "ReceiptUntrustedError",
    "RecordTooLargeError",
    "ReportUses",
    "Security",
    "SettingsError",
    "SettlePoint",
    "Side",
    "SignedEvent",
    "SigningKey",
    "Status",
    "WithdrawOrder",
]
