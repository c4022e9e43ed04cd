"""Reads a manifest folder whole: every problem of ``manifest.toml`` and ``records.toml`` is collected before anything is refused."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from linkage.errors import Problem, SettingsInvalid
from linkage.pages import HIDDEN, Page, W, read_page
from linkage.settings import problems_of
from linkage.sources.adapter import RefusedCause
from linkage.sources.rest.declared import Declared, read_declared
from linkage.sources.rest.manifest import HOST, AboutAt, Endpoint, Manifest, Means, RecordMap, Rule, Setting
from linkage.sources.rest.mapping import Field, Kind
from linkage.sources.rest.reading_fields import NOTHING, Compiler
from linkage.sources.rest.reading_requests import check_requests
from linkage.sources.rest.reading_rules import check_rules
from linkage.sources.rest.template import places
from linkage.sources.rest.written import (
    BasicLogin,
    ClientCredentials,
    NoCredentials,
    WrittenEndpoint,
    WrittenManifest,
    WrittenRecord,
    WrittenRule,
)
from linkage.sources.rest.xroad.reading import check_x_road
from linkage.terms import FieldName, RecordType, SubjectKind

MANIFEST = "manifest.toml"
RECORDS = "records.toml"

_SECRETIVE = re.compile(r"secret|passw|token|api_?key|credential|private", re.IGNORECASE)


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest.

    Raises:
        SettingsInvalid: a file cannot be read, or says something wrong; every problem is in it.
    """
    problems: list[Problem] = []
    declared = read_declared(folder / RECORDS, problems)
    page = read_page(folder / MANIFEST, problems, keys=WrittenManifest.model_fields)
    written = _written(page) if page is not None else None
    if page is not None and written is None:
        _look_further(page, declared)
    if page is None or written is None:
        raise SettingsInvalid(tuple(problems))
    manifest = _compiled(folder, page, written, declared)
    if problems:
        raise SettingsInvalid(tuple(problems))
    return manifest


def _written(page: Page) -> WrittenManifest | None:
    known = {key: value for key, value in page.content.items() if key in WrittenManifest.model_fields}
    try:
        return WrittenManifest.model_validate(known)
    except ValidationError as failure:
        for one in problems_of(page.file, failure):
            _report(page, one)
        return None


def _report(page: Page, one: Problem) -> None:
    """A secret written where its name belongs must not be shown."""
    last = one.key.rpartition(".")[2]
    secretive = one.key.startswith("credentials") or _SECRETIVE.search(last) is not None
    unknown = one.expected.startswith("Extra inputs")
    expected = "no key of that name here" if unknown else one.expected
    if secretive and unknown:
        expected += "; no secret is written in a manifest: name it, its file stands in the settings"
    page.report(_called(page, one.key), HIDDEN if secretive and one.got != "a table" else one.got, expected)


def _called(page: Page, key: str) -> str:
    """``record.0.…`` by the type that the table names."""
    types = {f"record.{place}": name for place, (name, _) in enumerate(page.tables("record", "type"))}
    found = re.match(r"record\.[0-9]+(?=\.|$)", key)
    return types.get(found[0], found[0]) + key[found.end() :] if found is not None else key


def _look_further(page: Page, declared: Mapping[str, Declared]) -> None:
    """The form of one table must not hide what is wrong in another: those that are in order by themselves are read on their own."""
    compiler = Compiler(page)
    for name, endpoint in _in_order(page.content.get("endpoints"), WrittenEndpoint):
        _endpoint(compiler, name, endpoint)
    for place, rule in _in_order(page.content.get("rule"), WrittenRule):
        _rule(compiler, f"rule.{place}", rule)
    for _, record in _in_order(page.content.get("record"), WrittenRecord):
        key = f"record[{record.type}]"
        read = _record(compiler, key, record, declared.get(record.type), frozenset())
        if record.type in declared:
            _check_fields(page.report, key, record, declared[record.type], read.about)


def _in_order(tables: object, schema: type[W]) -> Iterator[tuple[str, W]]:
    named = tables.items() if isinstance(tables, dict) else enumerate(tables) if isinstance(tables, list) else ()
    for name, table in named:
        with contextlib.suppress(ValidationError):
            yield str(name), schema.model_validate(table)


def _compiled(folder: Path, page: Page, written: WrittenManifest, declared: Mapping[str, Declared]) -> Manifest:
    compiler = Compiler(page)
    hosts = {HOST: written.host, **written.hosts}
    endpoints = {name: _endpoint(compiler, name, one) for name, one in written.endpoints.items()}
    rules = tuple(_rule(compiler, f"rule.{place}", one) for place, one in enumerate(written.rule))
    records = {
        RecordType(one.type): _record(compiler, f"record[{one.type}]", one, declared.get(one.type), _looked_at(endpoints, rules, one))
        for one in written.record
    }
    manifest = Manifest(
        folder=folder,
        source=written.source,
        name_th=written.agency.name_th,
        name_en=written.agency.name_en,
        assumed=written.agency.assumed or "",
        hosts=hosts,
        credentials=written.credentials,
        headers=written.headers,
        settings={name: Setting(one.about, one.default) for name, one in written.settings.items()} | _credential_settings(written),
        secrets={name: one.about for name, one in written.secrets.items()} | _credential_secrets(written),
        subject_words={SubjectKind(kind): word for kind, word in written.subject_words.items()},
        endpoints=endpoints,
        rules=rules,
        records=records,
        protocol=written.protocol,
    )
    _check_records(page, written, declared, records)
    check_requests(page, written, manifest)
    check_rules(page, written, manifest)
    check_x_road(page, written, manifest)
    return manifest


def _credential_settings(written: WrittenManifest) -> dict[str, Setting]:
    match written.credentials:
        case BasicLogin(user=name):
            return {name: Setting("the user's name at the agency", None)}
        case ClientCredentials(client=name):
            return {name: Setting("the client's id at the agency", None)}
        case _:
            return {}


def _credential_secrets(written: WrittenManifest) -> dict[str, str]:
    credentials = written.credentials
    return {} if isinstance(credentials, NoCredentials) else {credentials.secret: "the secret that the agency gave"}


def _endpoint(compiler: Compiler, name: str, written: WrittenEndpoint) -> Endpoint:
    texts = [written.path, written.query, written.headers, written.body]
    return Endpoint(
        name=name,
        method=written.method,
        host=written.host or HOST,
        path=written.path,
        query=written.query,
        headers=written.headers,
        body=written.body,
        found_status=frozenset(written.found_status),
        found_when=compiler.condition(f"endpoints.{name}.found_when", written.found_when),
        places=frozenset().union(*map(places, texts)),
        service=written.service or "",
    )


def _rule(compiler: Compiler, key: str, written: WrittenRule) -> Rule:
    means = Means(written.means) if written.means in set(Means) else RefusedCause(written.means)
    code = written.code or (f"status {written.status[0]}" if written.status else "unspecified")
    return Rule(
        means=means,
        statuses=frozenset(written.status) if written.status else None,
        when=compiler.condition(f"{key}.when", written.when),
        code=code,
        retry_after=written.retry_after,
        records=frozenset(map(RecordType, written.records)) if written.records is not None else None,
    )


def _looked_at(endpoints: Mapping[str, Endpoint], rules: tuple[Rule, ...], record: WrittenRecord) -> frozenset[str]:
    """Keys of a reply that the rules of a record type look at."""
    endpoint = endpoints.get(record.endpoint)
    looks = [rule.when for rule in rules if rule.records is None or record.type in rule.records]
    looks.append(endpoint.found_when if endpoint is not None else None)
    return frozenset().union(*(look.names for look in looks if look is not None))


def _record(compiler: Compiler, key: str, written: WrittenRecord, declared: Declared | None, looked_at: frozenset[str]) -> RecordMap:
    kinds: Mapping[str, Kind] = declared.fields if declared is not None else {}
    fields = {FieldName(name): compiler.field(f"{key}.fields.{name}", name, one, kinds.get(name)) for name, one in written.fields.items()}
    root = compiler.expression(f"{key}.root", written.root) or NOTHING
    about = compiler.about(f"{key}.about", written.about)
    named = frozenset().union(root.names, *(one.path.names for one in _all_fields(fields.values())), _about_names(about))
    return RecordMap(
        type=RecordType(written.type),
        endpoint=written.endpoint,
        root=root,
        fields=fields,
        about=about,
        subjects=declared.subjects if declared is not None else frozenset(),
        known=named | looked_at | set(written.ignored),
    )


def _all_fields(fields: Iterable[Field]) -> Iterator[Field]:
    for one in fields:
        yield one
        yield from _all_fields(one.members)


def _about_names(about: AboutAt) -> frozenset[str]:
    name = about.name
    parts = [] if name is None else [name.first, name.last, name.middle, name.full]
    numbers = [one for at in about.numbers for one in (at.path, at.each)]
    born = [about.birth_date.path] if about.birth_date is not None else []
    return frozenset().union(*(one.names for one in (*parts, *numbers, *born) if one is not None))


# ---- records.toml and the manifest agree --------------------------------------------------------------------------------


def _check_records(page: Page, written: WrittenManifest, declared: Mapping[str, Declared], records: Mapping[RecordType, RecordMap]) -> None:
    types = [one.type for one in written.record]
    for name in {one for one in types if types.count(one) > 1}:
        page.report(f"record[{name}]", "several", "each record type once")
    for name in declared.keys() - set(types):
        page.report("record", f"no [[record]] of type {name!r}", "one for each record type of records.toml")
    for one in written.record:
        key = f"record[{one.type}]"
        if not one.type.startswith(f"{written.source}."):
            page.report(f"{key}.type", repr(one.type), f"a record type named {written.source}.…, after its source")
        if one.type not in declared:
            page.report(f"{key}.type", repr(one.type), f"a record type of {RECORDS}")
            continue
        _check_fields(page.report, key, one, declared[one.type], records[RecordType(one.type)].about)


def _check_fields(report: Callable[[str, str, str], None], key: str, one: WrittenRecord, declared: Declared, about: AboutAt) -> None:
    for name in declared.fields.keys() - one.fields.keys():
        report(f"{key}.fields", f"nothing for {name!r}", f"every field of {RECORDS}")
    for name in one.fields.keys() - declared.fields.keys():
        report(f"{key}.fields.{name}", "a field nobody declared", f"a field of {one.type} in {RECORDS}")
    if declared.names_subject == "number" and not about.numbers:
        report(f"{key}.about.number", "nothing", f"where a reply repeats the number, since {RECORDS} says names_subject = number")
    if declared.names_subject == "name_and_birth_date" and (about.name is None or about.birth_date is None):
        report(f"{key}.about", "no name, or no birth_date", f"both, since {RECORDS} says names_subject = name_and_birth_date")
