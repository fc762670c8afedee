"""Settings of the eligibility service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.eligibility.domain.appointment import Appointment
from services.eligibility.records.judge import IndirectJoint, Policy
from shared.channels import channel_file
from shared.errors import InvalidError
from shared.files.opening import open_files
from shared.files.port import Files
from shared.files.settings import FilesSettings
from shared.ids import person_ref
from shared.messages.values import Channel, Line, OrganisationId, OrganisationType, Role
from shared.process.settings import ProcessSettings


class Settings(BaseSettings):
    """From ``ELIGIBILITY_…`` variables.

    ``rule_set`` names the legal rules; ``indirect_joint`` answers what they leave open.
    ``accreditation_term`` is how long a grant lasts if the Anbieter names no end. Every ``rights_every``, rights that a version
    without the topic of rights has changed are published. ``first_members`` names for the operator and each Anbieter, by their
    ids, the ``sub`` of the person who is the first member there and adds the others. ``four_eyes`` names the channels at whose
    Anbieter a second person has to confirm each grant, refusal and withdrawal of an accreditation. ``accreditation_required``:
    whether a verdict asks for accreditations.
    """

    model_config = SettingsConfigDict(env_prefix="ELIGIBILITY_", extra="ignore")

    rule_set: str = "gwb108-2016"
    indirect_joint: IndirectJoint = IndirectJoint.ACCEPT
    accreditation_required: bool = True
    accreditation_term: timedelta = timedelta(days=730)
    four_eyes: frozenset[Channel] = frozenset()
    draft_term: timedelta = timedelta(days=90)
    """How long a draft of a registration that nobody changes is stored."""
    vollmacht_required: bool = False
    """Whether whoever registers an organisation as BEVOLLMAECHTIGT brings the Vollmacht."""
    vollmacht_term: timedelta = timedelta(days=3 * 365)
    """How long a Vollmacht is stored after it was brought."""
    invitation_term: timedelta = timedelta(days=7)
    """How long an invitation to become a member is open."""
    invitation_keys: Path | None = None
    """File of the keys that invitations are sent by mail with, one per line in base64, the one for new invitations first.

    notify has the same. Without it invitations are passed on by hand.
    """
    expiry_every: timedelta = timedelta(minutes=10)
    evidence_folder: Path | None = None
    """Where the content of evidence documents lies without an S3-compatible store (``FILES_S3_ENDPOINT``): by default
    ``evidence`` in the data folder; a volume of all processes."""
    files_probe_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=30)
    """Pause between two questions of the API whether the place of the contents answers."""
    follow_every: timedelta = timedelta(seconds=30)
    """Pause between two searches for organisations whose facts are not yet in step with them, as after a crash."""
    jobs_every: timedelta = timedelta(seconds=2)
    """Pause between two searches of a worker for a job of the pre-check (matrix, what-if) that waits."""
    jobs_stored: Annotated[int, Field(ge=1, le=1000)] = 20
    """Most jobs of an organisation; the oldest ended one makes room for the next."""
    job_term: timedelta = timedelta(days=30)
    """How long an ended job is stored with its result."""
    job_lease: timedelta = timedelta(minutes=1)
    """After how long without a sign of life of its worker another one goes on with a job, or with the re-check."""
    recheck_every: timedelta = timedelta(seconds=30)
    """Pause between two searches for orders whose verdict has to be looked at again."""
    reminders_file: Path | None = None
    """An operator's own schedule of reminders."""
    reminders_every: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(minutes=30)
    """Pause between two looks for accreditations whose reminders are due."""
    rights_every: timedelta = timedelta(minutes=10)
    operator: OrganisationId = "marktplatz"
    operator_name: Line = "Betrieb des EfA-Marktplatzes"
    first_members: dict[OrganisationId, str] = {}

    @model_validator(mode="after")
    def _names_organisations_of_ours(self) -> Self:
        known = {self.operator, *(channel.value for channel in Channel)}
        unknown = sorted(self.first_members.keys() - known)
        if unknown:
            raise ValueError(
                f"ELIGIBILITY_FIRST_MEMBERS names {', '.join(unknown)}; it names the operator and the Anbieter only: "
                f"{', '.join(sorted(known))}. Every other organisation registers"
            )
        return self

    def appointments(self) -> list[Appointment]:
        """Return who is the first member of the operator and of each Anbieter, as far as the settings name them."""
        found: list[Appointment] = []
        for organisation, subject in self.first_members.items():
            person = person_ref(subject, given=True)
            if organisation == self.operator:
                kind, name, role = OrganisationType.SONSTIGE, self.operator_name, Role.BETREIBER
            else:
                kind, name, role = OrganisationType.ANBIETER, channel_file(organisation).name, Role.ANBIETER
            found.append(Appointment(organisation, name, kind, role, person))
        return found

    def files(self) -> Files:
        """Return where the content of evidence documents lies. Raises InvalidError if its settings are unfit."""
        place = FilesSettings()
        if place.uses_s3 and self.evidence_folder is not None:
            raise InvalidError(
                "ELIGIBILITY_EVIDENCE_FOLDER and FILES_S3_ENDPOINT name two places for the content of evidence documents; "
                "set one of them",
                code="files_place_twice",
            )
        return open_files(place, "evidence", self.evidence_folder or ProcessSettings().var / "evidence")

    def policy(self) -> Policy:
        """Return by what verdicts are given. Raises InvalidError if the rule set is unknown or a draft."""
        policy = Policy(self.rule_set, self.indirect_joint, self.accreditation_required)
        _ = policy.rules
        return policy
