"""Who may see the page: a link that works once gives a cookie, and everything else wants the cookie.

Besides, only our own pages may post or open a socket (Origin), and only under our own names (Host): a page of another
site in the same browser gets nothing, also when its name suddenly points here.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final, Literal

from cordguard.console.commands import Person

SESSIONS_MAX: Final = 64

_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, as far as it matters here."""

    method: str
    """HTTP method; ``WEBSOCKET`` for a socket."""
    path: str
    host: str
    origin: str | None
    cookies: str


Verdict = Literal["allowed", "foreign-host", "foreign-origin", "no-session"]


class Access:
    """The door. Lives in the web thread alone."""

    def __init__(self, login_token: str, *, cookie: str, names: frozenset[str], new_secret: Callable[[], str]) -> None:
        """Closed until somebody brings the token."""
        self._token: str | None = login_token
        self._new_secret = new_secret
        self._names = names
        self._people: dict[str, Person] = {}
        self.cookie = cookie
        """Name of the session cookie; it holds the port, since cookies are shared between ports."""

    def log_in(self, token: str, person: Person) -> str | None:
        """A new session's secret if the token is right and was not used; None else."""
        if self._token is None or not hmac.compare_digest(self._token.encode(), token.encode()):
            return None
        self._token = None
        return self._admit(person)

    def person(self, cookies: str) -> tuple[str, Person] | None:
        """Whose session these cookies belong to, with its secret; None if to none."""
        try:
            morsel = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return None
        known = self._people.get(morsel.value) if morsel is not None else None
        return (morsel.value, known) if morsel is not None and known is not None else None

    def rename(self, secret: str, person: Person) -> None:
        """Somebody else acts in this session now."""
        self._people[secret] = person

    def judge(self, attempt: Attempt) -> Verdict:
        """Whether a request may pass; the login page itself is open."""
        if attempt.host.rsplit(":", 1)[0] not in self._names:
            return "foreign-host"
        if attempt.method not in _READING and attempt.origin not in {
            f"http://{attempt.host}",
            f"https://{attempt.host}",
        }:
            return "foreign-origin"
        if attempt.path != "/login" and self.person(attempt.cookies) is None:
            return "no-session"
        return "allowed"

    def _admit(self, person: Person) -> str:
        if len(self._people) >= SESSIONS_MAX:
            self._people.pop(next(iter(self._people)))
        secret = self._new_secret()
        self._people[secret] = person
        return secret
