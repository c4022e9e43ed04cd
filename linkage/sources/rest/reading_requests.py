"""What a manifest's requests must keep to: known hosts and places, numbers out of URLs, no secret written down."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from linkage.pages import HIDDEN, Page
from linkage.sources.rest.manifest import HOST, Endpoint, Manifest
from linkage.sources.rest.template import NUMBER, OF_EVERY_QUESTION, SUBJECT, places, stray_braces
from linkage.sources.rest.written import ClientCredentials, HeaderKey, QueryToken, WrittenEndpoint, WrittenManifest

_SECRETIVE = re.compile(r"authoriz|(?:^|[-_])auth(?:$|[-_])|api[-_]?key|secret|passw|passphrase|token|credential|cookie", re.IGNORECASE)
"""Keys whose value would be a secret."""

_SECRET = re.compile(r"\{secrets\.[a-z][a-z0-9_]*\}")
_SCHEME = re.compile(r"(?:[A-Za-z-]{1,20}[0-9]?[ :=]{0,2})?")
"""What may stand before a secret: a scheme's name, which holds no digits but a version's."""

_SHOWN = re.compile(r"(?:basic|bearer|digest|apikey) +\S", re.IGNORECASE)
"""A value that shows a secret, whatever its header is called."""

_KEPT = re.compile(r"user-agent|referer|cookie|forwarded|via|origin|x-forwarded-.*", re.IGNORECASE)
"""Headers that servers and proxies write into their logs."""

_RESERVED = frozenset({"accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding", "x-request-id"})
"""Headers that the gateway writes itself."""


def check_requests(page: Page, written: WrittenManifest, manifest: Manifest) -> None:
    """Report everything about endpoints, headers and settings that is wrong."""
    used = {one.endpoint for one in manifest.records.values()}
    for record in manifest.records.values():
        if record.endpoint not in manifest.endpoints:
            page.report(f"record[{record.type}].endpoint", repr(record.endpoint), f"one of {', '.join(sorted(manifest.endpoints))}")
    for name, one in manifest.endpoints.items():
        key = f"endpoints.{name}"
        if name not in used:
            page.report(key, "used by no record", "an endpoint that a [[record]] names")
        _check_endpoint(page, key, written.endpoints[name], one, manifest)
    _check_headers(page, "headers", written.headers, manifest)
    _check_words(page, written, manifest)
    _check_settings(page, manifest)
    if isinstance(written.credentials, HeaderKey):
        _check_key(page, written.credentials)
    if isinstance(written.credentials, ClientCredentials) and (written.credentials.host or HOST) not in manifest.hosts:
        page.report("credentials.host", repr(written.credentials.host), f"one of {', '.join(sorted(manifest.hosts))}")
    for twice in _twice(manifest):
        page.report("settings", f"{twice!r} more than once", "a different name for each setting, secret and host")


def _twice(manifest: Manifest) -> Iterator[str]:
    names = [*(f"{host}_url" for host in manifest.hosts), *manifest.settings, *(f"{secret}_file" for secret in manifest.secrets)]
    yield from sorted({name for name in names if names.count(name) > 1})


def _check_endpoint(page: Page, key: str, written: WrittenEndpoint, endpoint: Endpoint, manifest: Manifest) -> None:
    if endpoint.host not in manifest.hosts:
        page.report(f"{key}.host", repr(endpoint.host), f"one of {', '.join(sorted(manifest.hosts))}")
    if written.method == "GET" and written.body is not None:
        page.report(f"{key}.body", "a body", "none with GET")
    if not _is_json(written.body):
        page.report(f"{key}.body", "a value that JSON has not", "texts, numbers, true, false, tables and lists")
    _check_places(page, key, {"path": written.path, "query": written.query, "body": written.body}, manifest)
    _check_headers(page, f"{key}.headers", written.headers, manifest)
    _check_number(page, key, written, endpoint)
    for name, value in written.query.items():
        _check_secret(page, f"{key}.query.{name}", name, value)
    for where, name, value in _body_texts(f"{key}.body", written.body):
        _check_secret(page, where, name, value)
    if any(place.startswith("secrets.") for place in places([written.path, written.query])):
        page.report(key, "a secret in the URL", "it in a header or the body; or credentials of kind query, with the reason")
    if SUBJECT in endpoint.places:
        needed = {kind for one in manifest.records.values() if one.endpoint == endpoint.name for kind in one.subjects}
        for kind in sorted(needed - manifest.subject_words.keys()):
            page.report(f"subject_words.{kind}", "nothing", f"the agency's word, since {key} fills in {{subject}}")


def _check_number(page: Page, key: str, written: WrittenEndpoint, endpoint: Endpoint) -> None:
    in_url = NUMBER in places([written.path, written.query])
    if NUMBER not in endpoint.places:
        page.report(key, "no {number}", "{number} where the subject's number goes")
    if in_url and not written.number_in_url:
        page.report(f"{key}.number_in_url", "a number in the URL", "it in the body or a header; or number_in_url = true with its reason")
    if written.number_in_url and not in_url:
        page.report(f"{key}.number_in_url", "true, but no number in the URL", "false")
    if written.number_in_url and not written.number_in_url_because:
        page.report(f"{key}.number_in_url_because", "nothing", "why the agency's protocol demands it, in a sentence")


def _check_headers(page: Page, key: str, headers: Mapping[str, str], manifest: Manifest) -> None:
    _check_places(page, key, headers, manifest)
    for name, value in headers.items():
        _check_header(page, f"{key}.{name}", name, value)
        _check_secret(page, f"{key}.{name}", name, value)
        if _SHOWN.match(value):
            page.report(
                f"{key}.{name}", HIDDEN, "no secret written in a manifest, and none after a scheme: credentials of kind header or basic"
            )
        if NUMBER in places(value) and _KEPT.fullmatch(name):
            page.report(f"{key}.{name}", "the subject's number", "it in the body or another header: servers keep this one in their logs")


def _check_header(page: Page, key: str, name: str, value: str) -> None:
    if name.lower() in _RESERVED:
        page.report(key, "a header of the gateway's own", "another one")
    if not _for_a_header(value):
        page.report(key, "a text that no header can hold", "printable ASCII")


def _for_a_header(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _check_key(page: Page, written: HeaderKey) -> None:
    _check_header(page, "credentials.header", written.header, written.prefix)
    if _SCHEME.fullmatch(written.prefix) is None:
        page.report("credentials.prefix", HIDDEN, "a scheme's name alone, as in 'Bearer '; the secret's file stands in the settings")


def _check_words(page: Page, written: WrittenManifest, manifest: Manifest) -> None:
    """Words for the kinds of subject, where they stand in a header or a path."""
    texts = [written.headers, *(text for one in manifest.endpoints.values() for text in (one.path, one.headers))]
    if SUBJECT not in frozenset().union(*map(places, texts)):
        return
    for kind, word in manifest.subject_words.items():
        if not _for_a_header(word):
            page.report(f"subject_words.{kind}", "a text that no header can hold", "printable ASCII, since a header or a path fills it in")


def _check_settings(page: Page, manifest: Manifest) -> None:
    for name, setting in manifest.settings.items():
        if setting.default is None:
            continue
        if _SECRETIVE.search(name):
            page.report(
                f"settings.{name}.default", HIDDEN, "no secret written in a manifest: [secrets.NAME], whose file stands in the settings"
            )
        if not _for_a_header(setting.default):
            page.report(f"settings.{name}.default", "a text that no header can hold", "printable ASCII, as of the operator")


def _check_places(page: Page, key: str, templates: Mapping[str, Any], manifest: Manifest) -> None:
    known = OF_EVERY_QUESTION | {f"settings.{name}" for name in manifest.settings} | {f"secrets.{name}" for name in manifest.secrets}
    for name, template in templates.items():
        for place in sorted(places(template) - known):
            page.report(f"{key}.{name}", f"{{{place}}}", f"one of {', '.join(sorted(known))} in braces")
        if stray_braces(template):
            page.report(f"{key}.{name}", "a brace that fills in nothing", "braces around a place's name only")


def _check_secret(page: Page, key: str, name: str, value: str) -> None:
    if _SECRETIVE.search(name) and _SECRET.fullmatch(value) is None:
        page.report(key, HIDDEN, "no secret written in a manifest: {secrets.NAME}, whose file stands in the settings")


def _body_texts(key: str, body: Any, under: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text and number of a body: where it stands, under which key (a list's, for its items), and itself."""
    match body:
        case dict():
            for name, value in body.items():
                yield from _body_texts(f"{key}.{name}", value, str(name))
        case list():
            for place, value in enumerate(body):
                yield from _body_texts(f"{key}.{place}", value, under)
        case bool() | None:
            pass
        case _:
            yield key, under, str(body)


def _is_json(body: Any) -> bool:
    match body:
        case None | str() | bool() | int() | float():
            return body == body and body not in (float("inf"), float("-inf"))  # noqa: PLR0124 (NaN is not itself)
        case dict():
            return all(map(_is_json, body.values()))
        case list():
            return all(map(_is_json, body))
        case _:
            return False


def demands_secret_in_url(manifest: Manifest) -> bool:
    """Whether a secret of ours stands in a URL, because the agency demands it."""
    return isinstance(manifest.credentials, QueryToken)
