"""What can stand in the way of a backup, a restore or a rebuild."""

from __future__ import annotations

from shared.errors import MarktplatzError


class BackupError(MarktplatzError):
    """A backup cannot be written, read or restored; ``detail`` says why and what to do."""

    code = "backup_failed"


class DamagedBackupError(BackupError):
    """A backup is not complete or not what was written; ``detail`` names the file."""

    code = "backup_damaged"


class StoreNotEmptyError(BackupError):
    """A restore would mix a backup with what a store holds; ``detail`` names the collections."""

    code = "store_not_empty"


class BrokerUnfitError(BackupError):
    """A drill would mix with what a broker holds, or lacks the topics it may not create; ``detail`` names them."""

    code = "broker_unfit"


class InUseError(MarktplatzError):
    """Processes are at work on what is to be rebuilt; ``detail`` names them."""

    code = "in_use"
