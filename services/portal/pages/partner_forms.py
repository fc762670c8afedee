"""Forms about partner systems: what the operator states of one, its organisations, its keys, and a key it replaces itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from services.portal.apis.client import Stored, segment
from services.portal.apis.eligibility import Eligibility
from services.portal.apis.partners import Partner, Partners, Represented
from services.portal.fields import Choice, Field, Kind, words_for
from services.portal.forms import Given
from services.portal.pages.asking import ETAG, Form, Step, send_form, show_form, show_refused
from services.portal.pages.bodies import names_in, unsent, with_bodies
from services.portal.rendering import GERMAN_TIME, Pages, Visit
from services.portal.visits import session_of
from shared.errors import InvalidError, NotFoundError

ROLES: Final = ("KUNDE", "BUENDELNDE_ORGANISATION", "BEREITSTELLER")
"""Roles in which a partner system acts for somebody."""
QUOTA: Final = {"records_per_second": 20, "bytes_per_second": 262_144, "burst_seconds": 10}
"""Fields of a quota, with what a new partner system may send unless something else is stated."""
PRIVATE: Final = "key_private"
FIELD_OF: Final = {
    "run_by/id": "run_by",
    "run_by/name": "run_by",
    "organisations/id": "organisations",
    "organisations/name": "organisations",
    "organisations/roles": "roles",
    "contact/mailbox": "mailbox",
    **{f"quota/{it}": it for it in QUOTA},
    "partner_exists": "id",
    "organisation_twice": "organisations",
    "role_not_for_partners": "roles",
    PRIVATE: "jwk",
    "key_unfit": "jwk",
    "key_known": "jwk",
    "key_id_unfit": "kid",
    "key_id_used": "kid",
    "key_validity": "valid_until",
    "key_ended": "until",
}
"""Where that is asked for which a partner system is refused for."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Shows the forms about partner systems, and sends those that were filled in."""

    pages: Pages
    partners: Partners
    eligibility: Eligibility

    async def register(self, visit: Visit, given: Given | None) -> Response:
        """Ask who runs a new partner system, for whom it acts, and how much it may send."""
        words = self.pages.words(visit.language)
        form = Form(
            title=words("partners.register.title"),
            lead=words("partners.register.lead"),
            action="/operations/partners/new",
            button=words("partners.register.button"),
            back="/operations/partners",
            back_label=words("partners.title"),
            fields=await self._found(
                visit,
                (
                    self._field(visit, "id", Kind.LINE),
                    *self._profile(visit, None),
                    *self._represented(visit),
                    *self._quota(visit, QUOTA),
                ),
                given,
            ),
        )
        if given is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer
        names = names_in(form.fields)

        async def act(filled: dict[str, Any]) -> str:
            content = {**_profile(filled, names), "organisations": _organisations(filled, names)}
            body = {**({"id": filled["id"]} if "id" in filled else {}), **content}
            made = await self.partners.register(session_of(visit).access, given.key, body)
            return f"{_page_of(made)}?done=register"

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    async def change(self, visit: Visit, partner_id: str, given: Given | None) -> Response:
        """Ask what is stated of a partner system but its organisations, which have pages of their own."""
        stored = await self._stored(visit, partner_id)
        partner = stored.content
        quota = QUOTA if partner.quota is None else partner.quota.model_dump()
        fields = await self._found(visit, (*self._profile(visit, partner), *self._quota(visit, quota)), given)
        form = self._form(visit, stored, "change", "change", fields)
        if given is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer
        names = names_in(form.fields)

        async def act(filled: dict[str, Any]) -> str:
            body = partner.stated()
            changed = {name: value for name, value in body.items() if name == "organisations"} | _profile(filled, names)
            return await self._replace(visit, partner_id, changed, given, "change")

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    async def add(self, visit: Visit, partner_id: str, given: Given | None) -> Response:
        """Ask for whom a partner system is to act beside those that it acts for."""
        stored = await self._stored(visit, partner_id)
        fields = await self._found(visit, self._represented(visit), given)
        form = self._form(visit, stored, "organisations", "organisations", fields)
        if given is None:
            return show_form(self.pages, visit, form)
        if (answer := unsent(self.pages, visit, form, given)) is not None:
            return answer
        names = names_in(form.fields)

        async def act(filled: dict[str, Any]) -> str:
            added = _organisations(filled, names)
            if not added:
                raise InvalidError("Nobody is named.", code="invalid", errors=[{"pointer": "#/organisations", "code": "missing"}])
            body = stored.content.stated()
            body["organisations"] += added
            return await self._replace(visit, partner_id, body, given, "organisations")

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    async def restate(self, visit: Visit, partner_id: str, organisation_id: str, given: Given | None) -> Response:
        """Ask in which roles a partner system acts for an organisation; the second button ends that it does."""
        stored = await self._stored(visit, partner_id)
        found = next((it for it in stored.content.organisations if it.id == organisation_id), None)
        if found is None:
            raise NotFoundError(f"{partner_id} does not act for {organisation_id}.")
        word = words_for(self.pages.words(visit.language), "partners.organisation")
        form = self._form(
            visit, stored, "organisation", f"organisations/{organisation_id}", (self._roles(visit, found),), quoted=found.name
        )
        form = replace(form, remove=word("remove"))
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            body = stored.content.stated()
            ends = given.one("action") == "remove"
            body["organisations"] = [
                it | {"roles": filled["roles"]} if it["id"] == organisation_id else it
                for it in body["organisations"]
                if not (ends and it["id"] == organisation_id)
            ]
            return await self._replace(visit, partner_id, body, given, "organisations")

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    async def add_key(self, visit: Visit, partner_id: str, given: Given | None) -> Response:
        """Ask for a public key. One that turns out to be private is not shown once more."""
        stored = await self._stored(visit, partner_id)
        fields = (
            self._field(visit, "jwk", Kind.AREA),
            *(self._field(visit, name, kind, optional=True) for name, kind in (("kid", Kind.LINE), ("valid_from", Kind.DAY))),
            self._field(visit, "valid_until", Kind.DAY, optional=True),
        )
        form = self._form(visit, stored, "key", "keys", fields)
        if given is None:
            return show_form(self.pages, visit, form)
        disclosed: list[InvalidError] = []

        async def act(filled: dict[str, Any]) -> str:
            read: dict[str, Callable[[str], object]] = {"jwk": _jwk, "valid_from": _moment, "valid_until": _moment}
            body = {name: read[name](value) if name in read else value for name, value in filled.items()}
            try:
                return await self._act(visit, partner_id, "keys", body, given, "key")
            except InvalidError as refused:
                disclosed.extend([refused] if refused.code == PRIVATE else [])
                raise

        answer = await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)
        return show_refused(self.pages, visit, form, disclosed[0], field_of=FIELD_OF) if disclosed else answer

    async def retire(self, visit: Visit, partner_id: str, kid: str, given: Given | None) -> Response:
        """Ask when a key ends."""
        stored = await self._stored(visit, partner_id)
        if kid not in {it.kid for it in stored.content.keys or ()}:
            raise NotFoundError(f"{partner_id} has no key {kid}.")
        fields = tuple(self._field(visit, name, kind, optional=True) for name, kind in (("until", Kind.DAY), ("time", Kind.LINE)))
        form = self._form(visit, stored, "retire", f"keys/{kid}", fields, quoted=kid)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            if "time" in filled and "until" not in filled:
                # Without a day the key would end now, whatever time of day is meant.
                raise InvalidError("No day.", code="invalid", errors=[{"pointer": "#/until", "code": "missing"}])
            body = {"until": _moment(filled["until"], filled.get("time", ""))} if "until" in filled else {}
            return await self._act(visit, partner_id, f"keys/{segment(kid)}/retire", body, given, "retire")

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    async def rotate(self, visit: Visit, partner_id: str, given: Given | None) -> Response:
        """Ask who runs a partner system for the request that one of its keys has signed."""
        stored = await self._stored(visit, partner_id)
        form = self._form(visit, stored, "rotate", "rotation", (self._field(visit, "event", Kind.AREA),))
        form = replace(form, action=f"/partners/{partner_id}/rotation")
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            return await self._act(visit, partner_id, "key-rotations", filled, given, "rotate")

        return await send_form(self.pages, visit, form, given, act, field_of=FIELD_OF)

    async def lead(self, visit: Visit, partner_id: str, step: Step, given: Given | None) -> Response:
        """Ask why a partner system is suspended or removed, and whether it is to go on."""
        stored = await self._stored(visit, partner_id)
        fields = step.fields(words_for(self.pages.words(visit.language), f"partners.{step.name}"))
        form = self._form(visit, stored, step.name, f"state/{step.name}", fields)
        if given is None:
            return show_form(self.pages, visit, form)

        async def act(filled: dict[str, Any]) -> str:
            return await self._act(visit, partner_id, step.name, step.content(filled), given, step.name)

        return await send_form(self.pages, visit, form, given, act)

    async def _stored(self, visit: Visit, partner_id: str) -> Stored[Partner]:
        stored = await self.partners.one(session_of(visit).access, partner_id)
        if stored.content.keys is None:
            raise NotFoundError("Only the operator and who runs a partner system change anything of it.")
        return stored

    async def _replace(self, visit: Visit, partner_id: str, body: dict[str, Any], given: Given, done: str) -> str:
        await self.partners.change(session_of(visit).access, partner_id, body, given.one(ETAG) or None)
        return f"{_page_of(partner_id)}?done={done}"

    async def _act(self, visit: Visit, partner_id: str, path: str, body: dict[str, Any] | None, given: Given, done: str) -> str:
        match = given.one(ETAG) or None
        await self.partners.act(session_of(visit).access, partner_id, path, key=given.key, body=body, match=match)
        return f"{_page_of(partner_id)}?done={done}"

    async def _found(self, visit: Visit, fields: Sequence[Field], given: Given | None) -> tuple[Field, ...]:
        """Return the fields, those of bodies with what is chosen and was found."""
        return await with_bodies(self.eligibility, self.pages.words(visit.language), fields, given or visit.held)

    def _field(self, visit: Visit, name: str, kind: Kind, value: tuple[str, ...] = (), *, optional: bool = False) -> Field:
        word = words_for(self.pages.words(visit.language), "partners.field")
        return Field(name, kind, word(name), word(f"{name}_hint"), optional, value=value)

    def _profile(self, visit: Visit, partner: Partner | None) -> tuple[Field, ...]:
        named, mailbox = self._field(visit, "name", Kind.LINE), self._field(visit, "mailbox", Kind.LINE)
        run_by = self._field(visit, "run_by", Kind.BODY)
        if partner is not None:
            held = partner.run_by
            named = replace(named, value=(partner.name,))
            run_by = replace(run_by, value=(held.id,), choices=(Choice(held.id, held.name, held.id),))
            mailbox = replace(mailbox, value=("" if partner.contact is None else partner.contact.mailbox,))
        return named, run_by, mailbox

    def _represented(self, visit: Visit) -> tuple[Field, ...]:
        return self._field(visit, "organisations", Kind.BODIES), self._roles(visit, None)

    def _roles(self, visit: Visit, held: Represented | None) -> Field:
        choices = tuple(Choice(it, self.pages.label(visit.language, "Role", it)) for it in ROLES)
        return replace(self._field(visit, "roles", Kind.CHECKS, () if held is None else held.roles), choices=choices)

    def _quota(self, visit: Visit, held: Mapping[str, int]) -> list[Field]:
        fields = [replace(self._field(visit, name, Kind.LINE, (str(held[name]),)), whole=True) for name in QUOTA]
        return [replace(fields[0], heading=self.pages.words(visit.language)("partners.quota")), *fields[1:]]

    def _form(
        self, visit: Visit, stored: Stored[Partner], name: str, path: str, fields: Sequence[Field], *, quoted: str = ""
    ) -> Form:
        partner, word = stored.content, words_for(self.pages.words(visit.language), f"partners.{name}")
        return Form(
            title=word("title"),
            lead=word("lead"),
            quote=quoted,
            action=f"/operations/partners/{partner.id}/{path}",
            button=word("button"),
            back=_page_of(partner.id),
            back_label=partner.name,
            fields=tuple(fields),
            etag=stored.etag,
        )


def _profile(filled: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return what is stated of a partner system but its organisations, as it is sent, from the form that it was filled in by."""
    found: dict[str, Any] = {name: filled[name] for name in ("name",) if name in filled}
    if "run_by" in filled:
        found["run_by"] = {"id": filled["run_by"], "name": names[filled["run_by"]]}
    if "mailbox" in filled:
        found["contact"] = {"mailbox": filled["mailbox"]}
    return found | {"quota": {name: filled[name] for name in QUOTA if name in filled}}


def _organisations(filled: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"id": it, "name": names[it], "roles": filled.get("roles", [])} for it in dict.fromkeys(filled["organisations"])]


def _jwk(text: str) -> object:
    """Return what a text says in JSON. Raises InvalidError (``key_unfit``)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidError("The key is not JSON.", code="key_unfit") from None


def _moment(day: str, time: str = "") -> str:
    """Return a day, and the time of it in Germany, as a moment; what is none as it is, for the service to refuse."""
    text = f"{day}T{time.removesuffix('Uhr').strip() or '00:00'}"
    try:
        return datetime.fromisoformat(text).replace(tzinfo=GERMAN_TIME).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except ValueError:
        return text


def _page_of(partner_id: str) -> str:
    return f"/partners/{quote(partner_id)}"
