"""Harbour adapters that are wrong about failure: each hears one thing that an agency does instead of answering, and says no to it."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
import httpx

from linkage.sources.adapter import Answer, Found, Link, Malformed, NotFound, Query, Refused, Unavailable
from linkage.sources.reading import json_object
from linkage.terms import RecordType
from linkage.transport import AnswerTooLarge, CutOff, NoAnswerInTime, NotHttp
from tests.sources.conformance.harbour.adapter import Harbour, own


class _Silent(Harbour):
    """Says "not found" to a failure that `hears` knows."""

    def hears(self, failure: BaseException) -> bool:
        raise AssertionError

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        try:
            return await super().fetch(query, link)
        except (httpx.HTTPError, Malformed) as failure:
            if self.hears(failure):
                return dict.fromkeys(query.wanted, NotFound())
            raise


class TakesAResetForNo(_Silent):
    def hears(self, failure: BaseException) -> bool:
        return isinstance(failure, CutOff) and not _was_cut(failure)


class TakesACutAnswerForNo(_Silent):
    def hears(self, failure: BaseException) -> bool:
        return isinstance(failure, CutOff) and _was_cut(failure)


def _was_cut(failure: BaseException | None) -> bool:
    """Whether an answer had begun: only what lies under our own error tells."""
    while failure is not None:
        if isinstance(failure, aiohttp.ClientPayloadError):
            return True
        failure = failure.__context__
    return False


class TakesGarbageForNo(_Silent):
    def hears(self, failure: BaseException) -> bool:
        return isinstance(failure, NotHttp)


class TakesAHugeAnswerForNo(_Silent):
    def hears(self, failure: BaseException) -> bool:
        return isinstance(failure, AnswerTooLarge)


class TakesALateAnswerForNo(_Silent):
    def hears(self, failure: BaseException) -> bool:
        return isinstance(failure, NoAnswerInTime)


class SleepsWhenLate(Harbour):
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        try:
            return await super().fetch(query, link)
        except NoAnswerInTime:
            await asyncio.sleep(3.5)
            raise


class SwallowsCancellation(Harbour):
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        try:
            return await super().fetch(query, link)
        except asyncio.CancelledError:
            return dict.fromkeys(query.wanted, Unavailable("cancelled"))


class _MindsTheReply(Harbour):
    """Says "not found" to replies that `hears` knows."""

    def hears(self, response: httpx.Response) -> bool:
        raise AssertionError

    async def post(
        self, page: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]
    ) -> dict[str, Any] | Refused | Unavailable:
        response = await self.send(f"{own(link.settings).url}/{page}", body, link, headers)
        if page == "records" and self.hears(response) and isinstance(kinds := body["kinds"], list):
            return {"answers": {kind: {"status": "none"} for kind in kinds}}
        return json_object(response) if response.status_code == 200 else self.failed(response)


class TakesHalfAMessageForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 200 and response.content.startswith(b"{") and not response.content.endswith(b"}")


class TakesAnEmptyBodyForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 200 and not response.content


class TakesAnEmptyObjectForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.content == b"{}"


class TakesAServerErrorForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 503


class Takes404ForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 404


class TakesAPageUnder404ForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 404 and response.content.startswith(b"<")


class TakesJsonUnder503ForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 503 and response.content.startswith(b"{")


class ReadsItsOwnMessageUnder500(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 500 and b'"none"' in response.content


class _ReadsCodesLoosely(Harbour):
    """Says "not found" to an answer whose status `says_no` knows."""

    def says_no(self, row: Mapping[str, Any]) -> bool:
        raise AssertionError

    def answer(self, kind: RecordType, row: Any, query: Query) -> Answer:
        if isinstance(row, dict) and isinstance(row.get("status"), str) and self.says_no(row):
            return NotFound()
        return super().answer(kind, row, query)


class TakesAnUnknownCodeForNo(_ReadsCodesLoosely):
    def says_no(self, row: Mapping[str, Any]) -> bool:
        return bool(row["status"] != "held")


class TakesAnUnknownCodeWithoutARecordForNo(_ReadsCodesLoosely):
    def says_no(self, row: Mapping[str, Any]) -> bool:
        return bool(row["status"] != "held") and "record" not in row


class TakesAnUnreadableDateForNo(Harbour):
    def answer(self, kind: RecordType, row: Any, query: Query) -> Answer:
        try:
            return super().answer(kind, row, query)
        except Malformed as failure:
            if "YYYY" in str(failure):
                return NotFound()
            raise


class TakesTooManyForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 429


class TakesARefusalForNo(_MindsTheReply):
    def hears(self, response: httpx.Response) -> bool:
        return response.status_code == 403


class FollowsRedirects(Harbour):
    async def send(self, url: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]) -> httpx.Response:
        return await link.client.post(url, json=body, headers=headers, follow_redirects=not url.endswith("/token"))


class AsksAgain(Harbour):
    async def send(self, url: str, body: Mapping[str, object], link: Link, headers: Mapping[str, str]) -> httpx.Response:
        response = await super().send(url, body, link, headers)
        return await super().send(url, body, link, headers) if response.status_code == 500 else response


class RaisesWhatItLikes(Harbour):
    def read(self, reply: Mapping[str, Any], query: Query) -> Mapping[RecordType, Answer]:
        return {kind: self.answer(kind, reply["answers"][kind], query) for kind in query.wanted}


class AsksElsewhere(Harbour):
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        answers = await super().fetch(query, link)
        if any(isinstance(one, Found) for one in answers.values()):
            try:
                await link.client.get("https://statistics.invalid/asked")
            except httpx.HTTPError:
                return answers
        return answers


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the system's certificates each time would make the adapter slow as well


class BringsItsOwnClient(Harbour):
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        answers = await super().fetch(query, link)
        if not any(isinstance(one, Found) for one in answers.values()):
            return answers
        try:
            async with httpx.AsyncClient(timeout=0.2, trust_env=False, verify=_NO_TLS) as client:
                await client.get(f"{own(link.settings).url}/asked")
        except httpx.HTTPError:
            return answers
        return answers
