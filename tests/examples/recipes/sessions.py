"""Sessions of a web site: who is logged in stays so for a while after each request, in all regions.

A request that keeps a session alive writes it as it read it. So it does that only where half of its
time is over: then few requests write, and a user who changes regions finds what was changed there.
"""

from __future__ import annotations

import secrets

from pydantic import BaseModel

from redis_crdt import Replica


class Session(BaseModel):
    user: str
    cart: tuple[str, ...] = ()


class Sessions:
    def __init__(self, replica: Replica, lifetime: float = 1800.0) -> None:
        self._sessions = replica.lww_map("sessions", Session)
        self._lifetime = lifetime

    def begin(self, user: str) -> str:
        """Log a user in; returns the token that the browser is to send."""
        token = secrets.token_urlsafe()
        self._sessions.set(token, Session(user=user), ttl=self._lifetime)
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of a request, and keep it alive; None where there is none any more."""
        session = self._sessions.get(token)
        if session is not None:
            try:
                left = self._sessions.ttl(token)
            except KeyError:  # it has ended since
                return None
            if left is not None and left < self._lifetime / 2:
                self._sessions.expire(token, self._lifetime)
        return session

    def change(self, token: str, session: Session) -> None:
        self._sessions.set(token, session, ttl=self._lifetime)

    def end(self, token: str) -> None:
        """Log out, everywhere."""
        self._sessions.delete(token)
