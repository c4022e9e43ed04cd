"""DOPA Linkage Center 2 (LK2): the officer's login, and records.

An application speaks to its agency's own Linkage Proxy, which speaks to the Center, which asks the source's services. All record
types under one job go in one request of at most ten services.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache

import httpx

from adapters.dopa.linkage_reply import read_records, read_session, refusal, whole
from adapters.dopa.settings import DopaSettings
from linkage.sources.adapter import (
    Answer,
    Link,
    LoginBegin,
    LoginConfirm,
    LoginOffer,
    Malformed,
    NotFound,
    Query,
    Refused,
    RefusedCause,
    Session,
    Unavailable,
)
from linkage.sources.reading import json_object
from linkage.terms import CitizenNumber, RecordType, Secret, VisitPerson

MOST_SERVICES = 10
"""A job has no more services, and a request no more than its job."""

_SMART_CARD, _THAID = 1, 2
"""loginType"""


# ---- the officer's login -----------------------------------------------------------------------------------------


async def begin(login: LoginBegin, link: Link, settings: DopaSettings) -> LoginOffer | Refused | Unavailable:
    """Tell the Center who wants to log in; learn the offices and, for a smart card, the challenge."""
    body: dict[str, object] = {"loginType": _THAID, "personalID": int(login.officer_number.reveal())}
    if login.chip_number is not None:
        body |= {"loginType": _SMART_CARD, "chipNo": login.chip_number.reveal()}
    response = await _send("POST", "/api/center/login/", link, settings, body=body)
    if response.status_code != 200:
        return _let_in_not(response)
    reply = json_object(response)
    offices = reply.get("office")
    if not isinstance(offices, list):
        raise Malformed("expected an array in office")
    challenge = reply.get("random") if login.chip_number is not None else ""
    if not isinstance(challenge, str) or (login.chip_number is not None and not challenge):
        raise Malformed("expected a text in random")
    return LoginOffer([_office(one) for one in offices], challenge)


def _office(office: object) -> tuple[int, str]:
    if not isinstance(office, dict) or not isinstance(office.get("name"), str):
        raise Malformed("expected id and name in office")
    return whole(office.get("id"), "office.id"), office["name"].strip()


async def confirm(login: LoginConfirm, link: Link, settings: DopaSettings) -> Session | Refused | Unavailable:
    """Hand over the chosen office and the proof."""
    body: dict[str, object] = {"officeID": login.office_id}
    if login.envelope is not None:
        body |= {"loginType": _SMART_CARD, "random": login.challenge, "envelope": login.envelope.reveal()}
    elif login.access_token is not None:
        number = int(login.begun.officer_number.reveal())
        body |= {"loginType": _THAID, "personalID": number, "accessToken": login.access_token.reveal()}
    else:
        return Refused(RefusedCause.LOGIN_REFUSED, "")
    response = await _send("POST", "/api/center/login/confirm", link, settings, body=body)
    if response.status_code not in (200, 201):
        return _let_in_not(response)
    return read_session(response, login.begun.officer_number)


def _let_in_not(response: httpx.Response) -> Refused | Unavailable:
    refused = refusal(response, login=True)
    return Unavailable("unexpected answer") if isinstance(refused, NotFound) else refused


async def renew(session: Secret, link: Link, settings: DopaSettings) -> Session | Refused | Unavailable:
    """Exchange a session that ends soon, or ended less than an hour ago, for a new one."""
    response = await _send("POST", "/api/center/login/renew", link, settings, session=session)
    if response.status_code not in (200, 201):
        return _in_session(response)
    return read_session(response, None)


async def end(session: Secret, link: Link, settings: DopaSettings) -> Refused | Unavailable | None:
    """Log out."""
    response = await _send("DELETE", "/api/center/login/", link, settings, session=session)
    return None if response.is_success else _in_session(response)


def _in_session(response: httpx.Response) -> Refused | Unavailable:
    refused = refusal(response, login=False)
    return Unavailable("unexpected answer") if isinstance(refused, NotFound) else refused


# ---- records -------------------------------------------------------------------------------------------------------


async def fetch(query: Query, link: Link, settings: DopaSettings) -> Mapping[RecordType, Answer]:
    """Ask for all record types of the query. One request for each job; one job is the rule.

    Raises:
        Malformed, httpx.HTTPError: as they came, where no request was answered at all.
    """
    if not isinstance(query.subject, VisitPerson):
        return dict.fromkeys(query.wanted, Unavailable("not a person"))
    if query.session is None:
        return dict.fromkeys(query.wanted, Refused(RefusedCause.LOGIN_REQUIRED, ""))
    jobs = {one: settings.job_of(one) for one in query.wanted}
    chosen = "" if None not in jobs.values() else await _officers_job(query.session, link, settings)
    if isinstance(chosen, Refused | Unavailable):
        return dict.fromkeys(query.wanted, chosen)
    batches = in_batches({one: job or chosen for one, job in jobs.items()})
    if len(batches) == 1:  # the rule; a task of its own for it would only cost
        job, types = batches[0]
        return await _request(job, types, query, number=query.subject.number, link=link, settings=settings)
    outcomes = await asyncio.gather(
        *(_request(job, types, query, number=query.subject.number, link=link, settings=settings) for job, types in batches),
        return_exceptions=True,
    )
    answers: dict[RecordType, Answer] = {}
    failures = [one for one in outcomes if isinstance(one, BaseException)]
    for failure in failures:
        if len(failures) == len(outcomes) or not isinstance(failure, httpx.HTTPError | Malformed):
            raise failure
    for (_, record_types), outcome in zip(batches, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            answers |= dict.fromkeys(record_types, Unavailable("not answered"))
        else:
            answers |= outcome
    return answers


def in_batches(jobs: Mapping[RecordType, str]) -> list[tuple[str, tuple[RecordType, ...]]]:
    """Put record types of one job into one request, at most ten to each; order kept."""
    by_job: dict[str, list[RecordType]] = {}
    for record_type, job in jobs.items():
        by_job.setdefault(job, []).append(record_type)
    return [
        (job, tuple(record_types[start : start + MOST_SERVICES]))
        for job, record_types in by_job.items()
        for start in range(0, len(record_types), MOST_SERVICES)
    ]


async def _officers_job(session: Secret, link: Link, settings: DopaSettings) -> str | Refused | Unavailable:
    """The officer's one job, for record types without a set one."""
    response = await _send("GET", "/api/center/user/job", link, settings, session=session)
    if response.status_code != 200:
        return _in_session(response)
    jobs = json_object(response).get("job")
    if not isinstance(jobs, list) or not all(isinstance(one, str) and one for one in jobs):
        raise Malformed("expected an array of texts in job")
    if not jobs:
        return Refused(RefusedCause.NOT_ENTITLED, "no job")
    return str(jobs[0]) if len(jobs) == 1 else Unavailable("several jobs and none set")


async def _request(
    job: str, record_types: Sequence[RecordType], query: Query, *, number: CitizenNumber, link: Link, settings: DopaSettings
) -> dict[RecordType, Answer]:
    services = {settings.service_of(one): one for one in record_types}
    body = {
        "jobID": job,
        "data": [{"serviceID": service, "query": {settings.query_key_of(one): number.reveal()}} for service, one in services.items()],
    }
    response = await _send("POST", "/api/center/request/", link, settings, session=query.session, body=body)
    return read_records(response, services, query.wanted, number)


async def _send(
    method: str,
    path: str,
    link: Link,
    settings: DopaSettings,
    *,
    session: Secret | None = None,
    body: Mapping[str, object] | None = None,
) -> httpx.Response:
    headers = {"X-Request-Id": link.request_id}
    if session is not None:
        headers["Authorization"] = f"Bearer {session.reveal()}"
    if settings.sandbox:
        headers["X-Use-Sandbox"] = "1"
    return await link.client.request(method, _url(settings.linkage_url, path), headers=headers, json=body)


@lru_cache(maxsize=256)  # a handful of paths for each recipient: taking a URL apart costs more than asking for it
def _url(proxy: str, path: str) -> httpx.URL:
    return httpx.URL(proxy.rstrip("/") + path)
