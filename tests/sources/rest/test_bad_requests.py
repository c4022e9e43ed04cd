"""Hosts, endpoints, credentials and settings of a bad manifest are refused when it is loaded, with file, key, got and expected."""

from pathlib import Path

import pytest

from linkage.sources.rest import load_adapter
from tests.sources.rest.bad_pages import Case, Edit, added, before, edits, must_be_told, problems
from tests.sources.rest.ferry import BASIC, HEADER, OAUTH2, QUERY, change, written

CASES: dict[str, Case] = {
    "unknown key": (before("[agency]", "colour = 'blue'\n"), "colour", "a key nobody knows", "version"),
    "unknown key inside": (
        change('path = "/v1/travellers"', 'path = "/v1/travellers"\ncolour = 1'),
        "endpoints.traveller.colour",
        "1",
        "no key of that name",
    ),
    "unknown version": (change("version = 1", "version = 2"), "version", "2", "1"),
    "no version": (change("version = 1\n", ""), "version", "a table", "required"),
    "http to a public host": (
        change('host = "https://ferry.example"', 'host = "http://ferry.example"'),
        "host",
        "http://ferry.example",
        "https://",
    ),
    "a host with a path": (
        change('host = "https://ferry.example"', 'host = "https://ferry.example/api"'),
        "host",
        "https://ferry.example/api",
        "an origin alone",
    ),
    "a host with a user": (change('host = "https://ferry.example"', 'host = "https://me@ferry.example"'), "host", "me@", "without user"),
    "another host as a path": (
        change('path = "/v1/travellers"', 'path = "//elsewhere.example/v1"'),
        "endpoints.traveller.path",
        "//elsewhere",
        "never another host",
    ),
    "another host as a URL": (
        change('path = "/v1/travellers"', 'path = "https://elsewhere.example/v1"'),
        "endpoints.traveller.path",
        "https://elsewhere",
        "never another host",
    ),
    "another host behind a user": (
        change('path = "/v1/travellers"', 'path = "/@elsewhere.example"'),
        "endpoints.traveller.path",
        "/@else",
        "never another host",
    ),
    "a host nobody named": (
        change('path = "/v1/travellers"', 'path = "/v1/travellers"\nhost = "quay"'),
        "endpoints.traveller.host",
        "'quay'",
        "one of base",
    ),
    "another method": (change('method = "POST"', 'method = "DELETE"'), "endpoints.traveller.method", "'DELETE'", "'GET' or 'POST'"),
    "a body with GET": (change('method = "POST"', 'method = "GET"'), "endpoints.traveller.body", "a body", "none with GET"),
    "no number": (change('id = "{number}" }, all', 'id = "x" }, all'), "endpoints.traveller", "no {number}", "{number} where"),
    "a number in the URL unsaid": (
        change("number_in_url = true\n", ""),
        "endpoints.fleet.number_in_url",
        "a number in the URL",
        "number_in_url = true",
    ),
    "a number in the query unsaid": (
        change('path = "/v1/travellers"', 'path = "/v1/travellers"\nquery = { pid = "{number}" }'),
        "endpoints.traveller.number_in_url",
        "a number in the URL",
        "in the body or a header",
    ),
    "a number in the URL without a reason": (
        change('number_in_url_because = "the office\'s protocol has it there"\n', ""),
        "endpoints.fleet.number_in_url_because",
        "nothing",
        "why the agency's protocol demands it",
    ),
    "a number said to be in the URL": (
        change('path = "/v1/travellers"', 'path = "/v1/travellers"\nnumber_in_url = true'),
        "endpoints.traveller.number_in_url",
        "no number",
        "false",
    ),
    "an unknown place": (change('id = "{number}" }, all', 'id = "{number}{pid}" }, all'), "endpoints.traveller.body", "{pid}", "number"),
    "a stray brace": (change("all = true", 'all = "{"'), "endpoints.traveller.body", "a brace", "braces around"),
    "a date in the body": (
        change("all = true", "all = 2026-01-01"),
        "endpoints.traveller.body",
        "a value that JSON has not",
        "texts, numbers",
    ),
    "an endpoint nobody uses": (
        added('[endpoints.idle]\nmethod = "GET"\npath = "/{number}"\nnumber_in_url = true\nnumber_in_url_because = "x"'),
        "endpoints.idle",
        "used by no record",
        "an endpoint",
    ),
    "an endpoint nobody knows": (
        change('endpoint = "fleet"', 'endpoint = "navy"'),
        "record[ferry.boat].endpoint",
        "'navy'",
        "one of fleet, traveller",
    ),
    "no word for a subject": (change('person = "P"\n', ""), "subject_words.person", "nothing", "the agency's word"),
    "a word for a subject nobody knows": (
        change('person = "P"', 'animal = "P"'),
        "subject_words.animal.[key]",
        "'animal'",
        "'person' or 'juristic'",
    ),
    "a header of the gateway's own": (change("X-Office =", "Host ="), "headers.Host", "the gateway's own", "another one"),
    "a header's value that is no header's": (
        change('X-Office = "{settings.office}"', 'X-Office = "ก"'),
        "headers.X-Office",
        "no header can hold",
        "ASCII",
    ),
    "unknown credentials": (
        change('kind = "none"', 'kind = "kerberos"'),
        "credentials",
        "a table",
        "'header', 'basic', 'query', 'oauth2', 'none'",
    ),
    "a setting with the name of a host's": (
        added('[settings.base_url]\nabout = "x"'),
        "settings",
        "'base_url' more than once",
        "a different name",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tmp_path: Path, case: str) -> None:
    must_be_told(tmp_path, CASES[case])


def test_the_manifest_without_any_edit_is_in_order(tmp_path: Path) -> None:
    load_adapter(written(tmp_path))


SECRETS: dict[str, tuple[str, Edit, str]] = {
    "in the credentials": (HEADER, change('secret = "key"', 'secret = "key"\nvalue = "hunter2"'), "credentials.header.value"),
    "as the secret's name": (HEADER, change('secret = "key"', 'secret = "hunter2!"'), "credentials.header.secret"),
    "as a password": (BASIC, change('secret = "password"', 'secret = "password"\npassword = "hunter2"'), "credentials.basic.password"),
    "as a token": (QUERY, change('key = "token"', 'key = "token"\ntoken = "hunter2"'), "credentials.query.token"),
    "as a client's secret": (
        OAUTH2,
        change('scope = "travel"', 'scope = "travel"\nclient_secret = "hunter2"'),
        "credentials.oauth2.client_secret",
    ),
    "in a header": (HEADER, change("X-Office =", 'X-Api-Key = "hunter2"\nX-Office ='), "headers.X-Api-Key"),
    "in an endpoint's header": (
        HEADER,
        change('found_when = "ok', 'headers = { Authorization = "hunter2" }\nfound_when = "ok'),
        "endpoints.traveller.headers.Authorization",
    ),
    "in the query": (HEADER, change('lang = "th"', 'access_token = "hunter2"'), "endpoints.fleet.query.access_token"),
    "in the body": (HEADER, change("all = true", 'all = { password = "hunter2" }'), "endpoints.traveller.body.all.password"),
}


@pytest.mark.parametrize("case", SECRETS)
def test_a_secret_written_in_the_manifest_is_refused_and_not_repeated(tmp_path: Path, case: str) -> None:
    credentials, edit, key = SECRETS[case]
    found = problems(written(tmp_path, credentials=credentials, manifest=edit))
    assert key in [one.key for one in found], [str(one) for one in found]
    assert "hunter2" not in str(found)
    assert any("secret" in one.expected or "pattern" in one.expected for one in found)


def test_a_secret_in_the_url_is_refused(tmp_path: Path) -> None:
    edit = change('lang = "th"', 'key = "{secrets.key}"')
    assert any(one.got == "a secret in the URL" for one in problems(written(tmp_path, credentials=HEADER, manifest=edit)))


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    names = ("unknown key", "unknown version", "another host as a path", "another method")
    told = {one.key for one in problems(written(tmp_path, manifest=edits(CASES, *names)))}
    assert told >= {CASES[name][1] for name in names}


@pytest.mark.parametrize(
    ("page", "text", "got"),
    [("manifest", "=", "at line 1"), ("manifest", "\xff", None), ("records", "=", "at line 1"), ("records", "", "none")],
)
def test_a_page_that_cannot_be_read_is_named(tmp_path: Path, page: str, text: str, got: str | None) -> None:
    written(tmp_path)
    (tmp_path / f"{page}.toml").write_bytes(text.encode("latin-1"))
    found = problems(tmp_path)
    assert any(one.file == str(tmp_path / f"{page}.toml") and (got is None or got in one.got) for one in found)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    assert {Path(one.file).name for one in problems(tmp_path)} == {"manifest.toml", "records.toml"}
    assert {one.got for one in problems(tmp_path / "nowhere")} == {"No such file or directory"}
