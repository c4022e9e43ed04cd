"""An officer's logins at agencies, as a counter remembers them: one for each source and recipient, in memory only."""

import hashlib
from collections.abc import Sequence

from linkage.terms import Secret
from linkage.v1 import agency_session_pb2 as session
from linkage.v1 import verification_pb2 as verification

_MOST_VISITS = 256
"""Visits whose recipient is remembered; an officer has a few open at a time."""


class AgencySessions:
    """Which login goes with which lookup: that at the lookup's source, in the name of the visit's recipient."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str], Secret] = {}
        self._recipients: dict[bytes, str] = {}

    def keep(self, one: session.AgencySession, *, renews: str | None = None) -> None:
        """Use this login from now on; it takes the place of an earlier one at its source for its recipient.

        ``renews``: the recipient under which the login is kept that it was renewed from.
        """
        if renews is not None:
            self._tokens.pop((one.source, renews), None)
        self._tokens[one.source, one.recipient] = Secret(one.token)

    def opened(self, visit: verification.Visit, recipient: str) -> None:
        """Remember in whose name a visit was opened, which its token does not tell."""
        while len(self._recipients) >= _MOST_VISITS:
            del self._recipients[next(iter(self._recipients))]
        self._recipients[_name_of(visit.token)] = recipient

    def ended(self, visit_token: str) -> None:
        """Forget a visit."""
        self._recipients.pop(_name_of(visit_token), None)

    def forget_all(self) -> None:
        """Another officer works here: logins and visits were the last one's."""
        self._tokens.clear()
        self._recipients.clear()

    def forget(self, source: str, recipient: str) -> None:
        """The login has ended."""
        del self._tokens[source, recipient]

    def recipient_of(self, visit_token: str) -> str | None:
        """In whose name the visit was opened; None where it was not opened here."""
        return self._recipients.get(_name_of(visit_token))

    def at(self, source: str, recipient: str | None) -> tuple[str, Secret] | None:
        """The login at this source for this recipient, with the recipient it is for; None where there is none.

        A login that names no recipient serves any. ``recipient`` None: the only login there is at the source.

        Raises:
            ValueError: there are several, and no recipient is named.
        """
        there = {of: token for (at, of), token in self._tokens.items() if at == source}
        if recipient is None:
            if len(there) > 1:
                raise ValueError(f"logins at {source} for several recipients: say for which")
            return next(iter(there.items()), None)
        return next(((of, there[of]) for of in (recipient, "") if of in there), None)

    def of(self, recipient: str | None) -> Sequence[Secret]:
        """All logins that serve this recipient. ``recipient`` None: every login; the gateway knows whose visit it is."""
        return [token for (_, of), token in self._tokens.items() if recipient is None or of in ("", recipient)]


def _name_of(visit_token: str) -> bytes:
    # The caller keeps the token; a second copy of it here would only be one more to lose.
    return hashlib.sha256(visit_token.encode()).digest()
