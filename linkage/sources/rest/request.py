"""One question as the manifest's endpoint spells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from linkage.sources.adapter import Link, Query, Unavailable
from linkage.sources.rest.credentials import NO_SECRET, Proof, secret_in
from linkage.sources.rest.manifest import Endpoint, Manifest
from linkage.sources.rest.settings_schema import RestSettings
from linkage.sources.rest.template import NUMBER, REQUEST_ID, SERVICE, SUBJECT, filled, leaves_its_place
from linkage.terms import subject_kind_of


@dataclass(frozen=True, slots=True)
class Question:
    """A request without the proof of who asks."""

    method: str
    url: str = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)

    async def ask(self, client: httpx.AsyncClient, proof: Proof) -> httpx.Response:
        """Send it, once.

        Raises:
            httpx.HTTPError: as it came.
        """
        params = {**self.query, **proof.query}
        headers = {**self.headers, **proof.headers}
        return await client.request(self.method, self.url, params=params or None, headers=headers, json=self.body)


def question(manifest: Manifest, endpoint: Endpoint, query: Query, link: Link, settings: RestSettings) -> Question | Unavailable:
    """Fill in an endpoint's texts."""
    values = {
        NUMBER: query.subject.number.reveal(),
        REQUEST_ID: link.request_id,
        SERVICE: query.service,
        SUBJECT: manifest.subject_words.get(subject_kind_of(query.subject), ""),
        **{f"settings.{name}": settings.text(name) for name in manifest.settings},
    }
    for name in manifest.secrets:
        secret = secret_in(settings.file_of(name))
        if secret is None:
            return NO_SECRET
        values[f"secrets.{name}"] = secret
    path = filled(endpoint.path, values, written=lambda text: quote(text, safe=""))
    if leaves_its_place(path):
        return Unavailable("configuration: a value that changes the path")
    own = {"Accept": "application/json", "X-Request-Id": link.request_id}
    return Question(
        method=endpoint.method,
        url=settings.url_of(endpoint.host) + path,
        query=filled(dict(endpoint.query), values),
        headers=own | filled({**manifest.headers, **endpoint.headers}, values),
        body=filled(endpoint.body, values),
    )
