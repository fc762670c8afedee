"""The cookies of the portal: none for visitors, each for this host alone and for no script."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookies:
    """The names of our cookies. ``run`` tells runs on one host apart, whose cookies a browser does not keep apart by port."""

    run: str

    @property
    def session(self) -> str:
        """Of the session."""
        return f"__Host-portal-{self.run}"

    @property
    def login(self) -> str:
        """Of a login that has begun."""
        return f"__Host-login-{self.run}"

    @property
    def person(self) -> str:
        """Of whom the browser belongs to, sealed: it outlives the session."""
        return f"__Host-person-{self.run}"

    @property
    def held(self) -> str:
        """Of what was filled in when the login was over."""
        return held_cookie(self.run)


def held_cookie(run: str) -> str:
    """Return the name of the cookie of what was filled in when the login was over."""
    return f"__Host-held-{run}"


def set_cookie(reply: Response, name: str, value: str, max_age: int | None) -> None:
    """Have the browser hold a value for this host alone, over HTTPS, and out of reach of scripts; 0 seconds: no more."""
    reply.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")
