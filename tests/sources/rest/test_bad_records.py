"""Record types, fields and rules of a bad manifest are refused when it is loaded, with file, key, got and expected."""

from pathlib import Path

import pytest

from tests.sources.rest.bad_pages import Case, added, edits, must_be_told, problems
from tests.sources.rest.ferry import change, written

CASES: dict[str, Case] = {
    "a record type of another source": (
        change('source = "ferry"', 'source = "barge"'),
        "record[ferry.ticket].type",
        "'ferry.ticket'",
        "named barge.",
    ),
    "an unknown record type": (
        change('type = "ferry.boat"', 'type = "ferry.raft"'),
        "record[ferry.raft].type",
        "'ferry.raft'",
        "records.toml",
    ),
    "a record type left out": (change('type = "ferry.boat"', 'type = "ferry.raft"'), "record", "'ferry.boat'", "one for each record type"),
    "a record type twice": (change('type = "ferry.boat"', 'type = "ferry.pass"'), "record[ferry.pass]", "several", "once"),
    "an unknown field": (
        change('serial = "serial"', 'serial = "serial"\ncolour = "colour"'),
        "record[ferry.ticket].fields.colour",
        "nobody declared",
        "a field of ferry.ticket",
    ),
    "a field not mapped": (change('serial = "serial"\n', ""), "record[ferry.ticket].fields", "'serial'", "every field"),
    "a field of another kind": (
        change('serial = "serial"', 'serial = { path = "serial", kind = "number" }'),
        "record[ferry.ticket].fields.serial.kind",
        "'number'",
        "text",
    ),
    "an expression that does not compile": (
        change('serial = "serial"', 'serial = "serial["'),
        "record[ferry.ticket].fields.serial.path",
        "'serial['",
        "JMESPath",
    ),
    "a function that does not exist": (
        change('serial = "serial"', 'serial = "shout(serial)"'),
        "record[ferry.ticket].fields.serial.path",
        "shout",
        "functions exist",
    ),
    "a root that does not compile": (
        change('root = "ticket"', 'root = "ticket..x"'),
        "record[ferry.ticket].root",
        "'ticket..x'",
        "JMESPath",
    ),
    "a member that does not compile": (
        change('deck = "deck"', 'deck = "]"'),
        "record[ferry.ticket].fields.seat.fields.deck.path",
        "']'",
        "JMESPath",
    ),
    "a condition that does not compile": (
        change("when = \"error == 'NONE'\"", 'when = "error =="'),
        "rule.0.when",
        "'error =='",
        "JMESPath",
    ),
    "a condition that is a value": (change("when = \"error == 'LOGIN'\"", 'when = "error"'), "rule.3.when", "'error'", "a comparison"),
    "an unknown era": (
        change('era = "by_year"', 'era = "rattanakosin"'),
        "record[ferry.ticket].fields.bought_on.era",
        "'rattanakosin'",
        "'ce', 'be' or 'by_year'",
    ),
    "a date without an era": (change(', era = "by_year"', ""), "record[ferry.ticket].fields.bought_on", "a date without", "format and era"),
    "an unknown format": (
        change('format = "DD/MM/YYYY"', 'format = "DD/MM/YY"'),
        "record[ferry.ticket].fields.bought_on.format",
        "DD/MM/YY",
        "a format of",
    ),
    "an era for a text": (
        change('serial = "serial"', 'serial = { path = "serial", era = "be" }'),
        "record[ferry.ticket].fields.serial.era",
        "a text",
        "only where the kind is date",
    ),
    "words for a number": (
        change('separator = ","', 'yes = ["Y"]'),
        "record[ferry.ticket].fields.price.yes",
        "a number",
        "only where the kind is flag",
    ),
    "a word for yes and no": (
        change('no = ["N", "0"]', 'no = ["Y"]'),
        "record[ferry.ticket].fields.valid",
        "a word for both",
        "different words",
    ),
    "a group without members": (
        change('seat = { path = "seat", fields = { deck = "deck", number = { path = "no", kind = "number" } } }', 'seat = "seat"'),
        "record[ferry.ticket].fields.seat",
        "group",
        "fields",
    ),
    "a list without items": (
        change('stops = { path = "stops", item = { kind = "text" } }', 'stops = "stops"'),
        "record[ferry.ticket].fields.stops",
        "list",
        "either fields or item",
    ),
    "members of a text": (
        change('serial = "serial"', 'serial = { path = "serial", fields = { a = "a" } }'),
        "record[ferry.ticket].fields.serial",
        "text",
        "neither",
    ),
    "a list of lists": (
        change('item = { kind = "text" }', 'item = { kind = "list" }'),
        "record[ferry.ticket].fields.stops.item.kind",
        "'list'",
        "a plain value",
    ),
    "a name in halves": (change('first = "name.first", ', ""), "record[ferry.ticket].about.name", "neither or both", "first and last"),
    "a number that replies do not name": (
        change('about.number = ["company"]\n', ""),
        "record[ferry.boat].about.number",
        "nothing",
        "names_subject = number",
    ),
    "no rule for not found": (
        change('means = "not_found"\nstatus = [404]', 'means = "unavailable"\nstatus = [404]'),
        "rule",
        "ferry.ticket",
        "never_not_found",
    ),
    "a rule and a reason": (
        change('endpoint = "fleet"\n', 'endpoint = "fleet"\nnever_not_found = "x"\n'),
        "record[ferry.boat].never_not_found",
        "a reason, and a rule",
        "one of them",
    ),
    "not found as what it is not": (
        change("when = \"error == 'NONE'\"", "when = \"error != 'OK'\""),
        "rule.0.when",
        "!= or !",
        "with ==",
    ),
    "not found as anything but that": (
        change("when = \"error == 'NONE'\"", "when = \"!(error == 'OK')\""),
        "rule.0.when",
        "!= or !",
        "with ==",
    ),
    "a rule for everything": (added('[[rule]]\nmeans = "unavailable"'), "rule.5", "every reply", "status, when, or both"),
    "a rule that swallows records": (
        added('[[rule]]\nmeans = "unavailable"\nstatus = [200]'),
        "rule.5.when",
        "status 200",
        "tells them apart",
    ),
    "not found from a broken server": (
        change('means = "not_found"\nstatus = [404]', 'means = "not_found"\nstatus = [404, 500]'),
        "rule.0.status",
        "500 or more",
        "looked nothing up",
    ),
    "not found at any status": (change("status = [404]\n", ""), "rule.0.status", "any status", "the status with which"),
    "a rule for a type nobody knows": (
        change('records = ["ferry.pass"]', 'records = ["ferry.raft"]'),
        "rule.1.records",
        "'ferry.raft'",
        "a record type",
    ),
    "an unknown meaning": (change('means = "quota"', 'means = "perhaps"'), "rule.2.means", "'perhaps'", "'not_found'"),
    "a code that could be a number": (change('code = "Q1"', 'code = "E1234567"'), "rule.2.code", "'E1234567'", "long enough to name"),
    "a code that could be a value": (change('code = "Q1"', 'code = "คำ"'), "rule.2.code", "'คำ'", "pattern"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tmp_path: Path, case: str) -> None:
    must_be_told(tmp_path, CASES[case])


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    names = ("an expression that does not compile", "no rule for not found", "an unknown format", "a name in halves", "a list of lists")
    told = {one.key for one in problems(written(tmp_path, manifest=edits(CASES, *names)))}
    assert told >= {CASES[name][1] for name in names}


def test_the_form_of_one_table_does_not_hide_what_is_wrong_in_another(tmp_path: Path) -> None:
    names = (
        "an unknown meaning",
        "an expression that does not compile",
        "a condition that is a value",
        "a name in halves",
        "an unknown field",
    )

    def edit(page: str) -> str:
        return edits(CASES, *names[:-1])(page).replace('serial = "serial["', 'serial = "serial["\ncolour = "x"')

    told = {one.key for one in problems(written(tmp_path, manifest=edit))}
    assert told == {CASES[name][1] for name in names}
