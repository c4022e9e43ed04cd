"""The one adapter of all agencies without Python: it does what a manifest says, and nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

import httpx
from pydantic import BaseModel

from linkage.sources.adapter import Adapter, Answer, Fetches, Link, Malformed, Query, Refused, Unavailable
from linkage.sources.address import origin
from linkage.sources.rest.answers import Reply, answer
from linkage.sources.rest.body import json_body
from linkage.sources.rest.credentials import Credentials, Proof
from linkage.sources.rest.manifest import Endpoint, Manifest
from linkage.sources.rest.reading import RECORDS
from linkage.sources.rest.reading_requests import demands_secret_in_url
from linkage.sources.rest.request import Question, question
from linkage.sources.rest.settings_schema import RestSettings, settings_schema
from linkage.terms import RecordType, subject_kind_of


class ManifestAdapter(Adapter, Fetches):
    """Asks an agency as its manifest says. `adapter_for` makes the class of one manifest."""

    manifest: ClassVar[Manifest]

    @classmethod
    def schema_of(cls, manifest: Manifest) -> type[RestSettings]:
        """The settings schema of a manifest over this protocol."""
        return settings_schema(manifest)

    def __init__(self) -> None:
        self._credentials = Credentials(self.manifest.credentials)

    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        own = _own(settings)
        return frozenset(origin(own.url_of(host)) for host in self.manifest.hosts)

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        kind = subject_kind_of(query.subject)
        by_endpoint: dict[str, list[RecordType]] = {}
        for one in query.wanted:
            mapped = self.manifest.records.get(one)
            if mapped is not None and kind in mapped.subjects:
                by_endpoint.setdefault(mapped.endpoint, []).append(one)
        answers: dict[RecordType, Answer] = dict.fromkeys(query.wanted, Unavailable("subject not taken"))
        if len(by_endpoint) == 1:  # the rule; a task of its own for it would only cost
            ((name, types),) = by_endpoint.items()
            return {**answers, **await self._ask(self.manifest.endpoints[name], types, query, link)}
        asked = [self._ask(self.manifest.endpoints[name], types, query, link) for name, types in by_endpoint.items()]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        failures = [one for one in outcomes if isinstance(one, BaseException)]
        for failure in failures:
            if len(failures) == len(outcomes) or not isinstance(failure, httpx.HTTPError | Malformed):
                raise failure
        for types, outcome in zip(by_endpoint.values(), outcomes, strict=True):
            answers |= dict.fromkeys(types, Unavailable("not answered")) if isinstance(outcome, BaseException) else outcome
        return answers

    async def _ask(self, endpoint: Endpoint, types: list[RecordType], query: Query, link: Link) -> Mapping[RecordType, Answer]:
        """One request for all record types of an endpoint."""
        settings = _own(link.settings)
        response = await self._exchanged(endpoint, query, link, settings)
        if isinstance(response, Unavailable | Refused):
            return dict.fromkeys(types, response)
        known = frozenset().union(*(self.manifest.records[one].known for one in types))
        reply = Reply(response, json_body(response), query.subject, known)
        answers: dict[RecordType, Answer] = {}
        for one in types:
            try:
                mapped = self.manifest.records[one]
                answers[one] = answer(mapped, endpoint, self.manifest.rules, query.wanted[one], reply)
            except Malformed:
                if len(types) == 1:
                    raise
                answers[one] = Unavailable("malformed")
        return answers

    async def _exchanged(
        self, endpoint: Endpoint, query: Query, link: Link, settings: RestSettings
    ) -> httpx.Response | Refused | Unavailable:
        """The agency's own reply to an endpoint's question, or what the way to it says."""
        asked = question(self.manifest, endpoint, query, link, settings)
        return asked if isinstance(asked, Unavailable) else await self._answered(asked, link, settings)

    async def _answered(self, asked: Question, link: Link, settings: RestSettings) -> httpx.Response | Refused | Unavailable:
        proof = await self._credentials.proof(link, settings)
        if not isinstance(proof, Proof):
            return proof
        response = await asked.ask(link.client, proof)
        if response.status_code != 401 or not self._credentials.dropped(proof, settings):
            return response
        # 401 says that the question was not taken, so that asking it with a fresh token is no second asking. Once, and no more.
        fresh = await self._credentials.proof(link, settings)
        return await asked.ask(link.client, fresh) if isinstance(fresh, Proof) else fresh


A = TypeVar("A", bound=ManifestAdapter)


def of_manifest(read: Manifest) -> Callable[[type[A]], type[A]]:
    """Make the decorator that gives an adapter class its manifest."""

    def fitted(kind: type[A]) -> type[A]:
        kind.manifest = read
        kind.Settings = kind.schema_of(read)
        kind.records_file = read.folder / RECORDS
        kind.assumed = read.assumed
        kind.numbers_in_url = read.number_in_url
        kind.secret_in_url = demands_secret_in_url(read)
        kind.bare_404_is_not_found = read.bare_404_is_not_found
        return kind

    return fitted


def adapter_for(read: Manifest) -> type[ManifestAdapter]:
    """The adapter class of one manifest."""

    class OfManifest(ManifestAdapter):
        pass

    OfManifest.__name__ = OfManifest.__qualname__ = f"{read.source.title()}ByManifest"
    return of_manifest(read)(OfManifest)


def _own(settings: BaseModel) -> RestSettings:
    if not isinstance(settings, RestSettings):
        raise TypeError("settings of another adapter")
    return settings
