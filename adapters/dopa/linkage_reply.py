"""Reading what Linkage Center replies: the envelope with one row per service, errors of the whole request, and tokens.

Refusals of the whole request, by status and (where there is one) errorNumber; whatever is not named here is UNAVAILABLE:

    errorNumber in the table of codes.py       as the table says
    401 "token is expired"                     LOGIN_EXPIRED
    401 otherwise                              LOGIN_REQUIRED: the request carried no login that holds
    403 "jobID not found or user has ..."      NOT_ENTITLED
    404 "Not Found", at a login                LOGIN_REFUSED: the Center does not know this user
"""

from collections.abc import Mapping, Sequence

import httpx
import jwt

from adapters.dopa.codes import linkage_answer, status_word, without_blanks
from adapters.dopa.records import answer
from linkage.sources.adapter import Answer, Malformed, NotFound, Refused, RefusedCause, Session, Unavailable
from linkage.sources.reading import json_object, unavailable
from linkage.terms import CitizenNumber, FieldName, RecordType, Secret

_EXPIRED = without_blanks("token is expired")
_NO_JOB = without_blanks("jobID not found or user has no permission")
_UNKNOWN_USER = without_blanks("Not Found")
_NO_RECORD = without_blanks("ไม่พบข้อมูล")


def refusal(response: httpx.Response, *, login: bool) -> NotFound | Refused | Unavailable:
    """What a reply that is no success means for the whole request. ``login``: it was a step of logging in, not within a session."""
    try:
        body = json_object(response)
    except Malformed:
        body = {}
    number = _error_number(body)
    if number is not None and number > 999:  # below, it is an HTTP status again
        answered = linkage_answer(number, None, response.status_code)
        return _at_login(answered) if login else answered
    said = body.get("errorMessage")
    message = without_blanks(said) if isinstance(said, str) else ""
    return _by_status(response, message, login=login)


def _by_status(response: httpx.Response, message: str, *, login: bool) -> Refused | Unavailable:
    status = response.status_code
    if status == 401 and not login:
        return Refused(RefusedCause.LOGIN_EXPIRED if message == _EXPIRED else RefusedCause.LOGIN_REQUIRED, "401")
    if login and (status == 401 or (status == 404 and message == _UNKNOWN_USER)):
        return Refused(RefusedCause.LOGIN_REFUSED, str(status))
    if status == 403 and message == _NO_JOB:
        return Refused(RefusedCause.NOT_ENTITLED, "403")
    return unavailable(response)


def _at_login(answered: NotFound | Refused | Unavailable) -> NotFound | Refused | Unavailable:
    """Who is not found at a login is not let in."""
    return Refused(RefusedCause.LOGIN_REFUSED, "90500") if isinstance(answered, NotFound) else answered


def read_records(
    response: httpx.Response,
    services: Mapping[int, RecordType],
    wanted: Mapping[RecordType, Sequence[FieldName]],
    asked: CitizenNumber,
) -> dict[RecordType, Answer]:
    """Give one answer for each record type of one request. A service that fails leaves the others as they are.

    Raises:
        Malformed: a success without the envelope.
    """
    body = _envelope(response)
    if body is None:
        refused = refusal(response, login=False)
        return dict.fromkeys(services.values(), refused)
    rows: dict[int, list[Mapping[str, object]]] = {}
    for row in body:
        if not isinstance(row, dict):
            raise Malformed("expected objects in data")
        rows.setdefault(whole(row.get("serviceID"), "serviceID"), []).append(row)
    return {record_type: _one(rows.get(service, []), record_type, wanted[record_type], asked) for service, record_type in services.items()}


def _envelope(response: httpx.Response) -> Sequence[object] | None:
    """Give ``data`` of a 200, and of a 404 that has it; None where the reply is a refusal of the whole request."""
    if response.status_code not in (200, 404):
        return None
    try:
        rows = json_object(response).get("data")
    except Malformed:
        if response.status_code == 404:
            return None
        raise
    if isinstance(rows, list):
        return rows
    if response.status_code == 404:
        return None
    raise Malformed("expected an array in data")


def _one(rows: Sequence[Mapping[str, object]], record_type: RecordType, wanted: Sequence[FieldName], asked: CitizenNumber) -> Answer:
    if len(rows) != 1:
        return Unavailable("not answered" if not rows else "answered twice")
    row = rows[0]
    try:
        status = whole(row.get("responseStatus"), "responseStatus")
        for part in (row.get("responseError"), row.get("responseData")):
            number = _error_number(part)
            if number:
                return linkage_answer(number, record_type, status)
        if status != 200:
            return Unavailable(status_word(status))
        if row.get("responseError") and _error_number(row["responseError"]) != 0:
            return Unavailable("error beside the answer")
        return answer(record_type, wanted, row.get("responseData"), asked)
    except Malformed:
        return Unavailable("malformed")


def _error_number(part: object) -> int | None:
    """The ``errorNumber`` of an error object, as number or digits, or that of its text 90500; None where there is neither."""
    if not isinstance(part, dict):
        return None
    if part.get("errorNumber") not in (None, ""):
        return whole(part["errorNumber"], "errorNumber")
    said = part.get("errorMessage")
    return 90500 if isinstance(said, str) and without_blanks(said) == _NO_RECORD else None


def whole(value: object, key: str) -> int:
    """Read a whole number that is not negative, from a JSON number or from digits.

    Raises:
        Malformed: anything else.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Malformed(f"expected a whole number in {key}")


def read_session(response: httpx.Response, officer: CitizenNumber | None) -> Session | Refused:
    """Read ``{"token": "<JWT>"}``. The token is the Center's own and is not verified here: we only need to know when it ends.

    Where the token says whose it is (``userPersonalID``), it must be ``officer``'s.

    Raises:
        Malformed: no token, or one that does not say when it ends.
    """
    token = json_object(response).get("token")
    if not isinstance(token, str) or not token:
        raise Malformed("expected a token")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise Malformed("expected a JWT as token") from None
    user = claims.get("userPersonalID")
    if officer is not None and user is not None and str(user).zfill(13) != officer.reveal():
        return Refused(RefusedCause.LOGIN_REFUSED, "userPersonalID")
    return Session(Secret(token), whole(claims.get("exp"), "exp"))
