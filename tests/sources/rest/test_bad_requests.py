"""Hosts, endpoints, credentials and settings of a bad manifest are refused when it is loaded, with file, key, got and expected."""

from pathlib import Path

import pytest

from linkage.sources.rest import load_adapter
from tests.sources.rest.bad_pages import Case, Edit, added, before, edits, must_be_told, problems
from tests.sources.rest.ferry import BASIC, HEADER, NONE, OAUTH2, QUERY, change, written

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
    **{
        f"a path that leaves its place {place}": (
            change('path = "/v1/travellers"', f'path = "{path}"'),
            "endpoints.traveller.path",
            "",
            "no segment . or ..",
        )
        for place, path in enumerate(
            (
                "/../../admin/query",
                "/v1/..",
                "/v1/./x",
                "/v1/%2e%2E/x",
                "/v1%2f..%2Fx",
                "/v1%5Cx",
                "/v1%0d%0aHost: x",
                "/v1\\r\\nx",
                "/v1/\\u007f",
            )
        )
    },
    "a token page elsewhere": (
        change(NONE, OAUTH2.replace("/token", "/../token")),
        "credentials.oauth2.token_path",
        "",
        "no segment . or ..",
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
    **{
        f"a number in {name}": (
            change("X-Office =", f'{name} = "{{number}}"\nX-Office ='),
            f"headers.{name}",
            "the subject's number",
            "in their logs",
        )
        for name in ("User-Agent", "referer", "X-Forwarded-For")
    },
    "a key in a header of the gateway's own": (
        change(NONE, HEADER.replace("X-Key", "Host")),
        "credentials.header",
        "the gateway's own",
        "another",
    ),
    "a key in the length": (change(NONE, HEADER.replace("X-Key", "Content-Length")), "credentials.header", "the gateway's own", "another"),
    "a prefix with a line's end": (change(NONE, HEADER + '\nprefix = "Key\\r\\nX: "'), "credentials.header", "no header can hold", "ASCII"),
    "a prefix in Thai": (change(NONE, HEADER + '\nprefix = "กุญแจ "'), "credentials.header", "no header can hold", "ASCII"),
    "a word that is no header's": (
        lambda page: change('person = "P"', 'person = "คน"')(change('"{settings.office}"', '"{subject}"')(page)),
        "subject_words.person",
        "no header can hold",
        "ASCII",
    ),
    "a default that is no header's": (change('default = "7"', 'default = "เจ็ด"'), "settings.office.default", "no header can hold", "ASCII"),
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
    "before the key": (HEADER, change('secret = "key"', 'secret = "key"\nprefix = "ApiKey hunter2-hunter2 "'), "credentials.prefix"),
    "beside a place": (HEADER, change("X-Office =", 'X-Api-Key = "hunter2{request_id}"\nX-Office ='), "headers.X-Api-Key"),
    "beside a secret": (HEADER, change("X-Office =", 'X-Api-Key = "hunter2{secrets.key}"\nX-Office ='), "headers.X-Api-Key"),
    "as a setting's default": (HEADER, added('[settings.api_key]\nabout = "x"\ndefault = "hunter2"'), "settings.api_key.default"),
    "as a setting": (HEADER, change('lang = "th"', 'token = "{settings.office}"'), "endpoints.fleet.query.token"),
    "in a list": (HEADER, change("all = true", 'all = { token = ["hunter2"] }'), "endpoints.traveller.body.all.token.0"),
    "as a number": (HEADER, change("all = true", "all = { password = 4711 }"), "endpoints.traveller.body.all.password"),
    "after a scheme": (HEADER, change("X-Office =", 'X-Proof = "Basic hunter2"\nX-Office ='), "headers.X-Proof"),
    "in X-Auth": (HEADER, change("X-Office =", 'X-Auth = "hunter2"\nX-Office ='), "headers.X-Auth"),
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
