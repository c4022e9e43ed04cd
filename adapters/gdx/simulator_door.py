"""GDX's door in the simulator: consumers, tokens that end when they are not used, and GDX's own error bodies."""

import hmac
import uuid
from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

CONSUMER_KEY = "linkage-demo-consumer"
CONSUMER_SECRET = "not-a-secret"  # noqa: S105 (a simulator's, shown in its documents)
AGENT = "3100000000063"
SYSTEM = "linkage-demo"

FORM = "application/x-www-form-urlencoded"

NO_CONSUMER = "ForbiddenException: consumer not found"
NO_TOKEN = "UnauthorizedException: token not found"  # noqa: S105 (GDX's message)


class Door:
    """Who comes in. ``issued`` counts the tokens given out."""

    def __init__(self) -> None:
        self.issued = 0
        self._last_used: dict[str, int] = {}

    def issue(self, now: int) -> str:
        """A new token."""
        self.issued += 1
        token = str(uuid.uuid4())
        self._last_used[token] = now
        return token

    def forget(self) -> None:
        """End every token now, as a restart of GDX does."""
        self._last_used.clear()

    def turn_away(self, headers: Mapping[str, str], now: int, lives: int, *, token: bool = True) -> Response | None:
        """Why a request is not let in, or None. ``lives``: seconds of no use after which a token ends."""
        if not hmac.compare_digest(headers.get("consumer-key", ""), CONSUMER_KEY):
            return error(403, NO_CONSUMER)
        if headers.get("content-type", "").split(";")[0] != FORM:
            return error(400, "BadRequestException: content type not supported")
        if not token:
            return None
        shown = headers.get("token", "")
        last = self._last_used.get(shown)
        if last is None or now - last >= lives:
            return error(401, NO_TOKEN)
        self._last_used[shown] = now
        return None


def error(status: int, message: str, code: str | None = None) -> Response:
    """GDX's own error body."""
    return JSONResponse({"Message": message} if code is None else {"Code": code, "Message": message}, status)
