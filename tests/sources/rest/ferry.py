"""An invented ferry office without Python: its manifest folder, and a small true world around it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Query
from linkage.sources.rest import ManifestSimulator, load_adapter, load_simulator
from linkage.terms import (
    CitizenNumber,
    FieldName,
    JuristicNumber,
    JuristicPerson,
    RecordType,
    Secret,
    ServiceId,
    Subject,
    Value,
    VisitPerson,
)
from linkage.transport import in_process_client

URL = "https://ferry.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
SOMMUT = "1100000000016"
NOBODY = "1100000000024"
OTHER = "1100000000032"
COMPANY = "0995500000014"
TICKET = RecordType("ferry.ticket")
PASS = RecordType("ferry.pass")
BOAT = RecordType("ferry.boat")

OAUTH2 = 'kind = "oauth2"\ntoken_path = "/token"\nscope = "travel"'
HEADER = 'kind = "header"\nheader = "X-Key"\nsecret = "key"'
BASIC = 'kind = "basic"\nsecret = "password"'
QUERY = 'kind = "query"\nkey = "token"\nsecret = "key"\nbecause = "the office knows no other way"'
NONE = 'kind = "none"'

MANIFEST = """
version = 1
source = "ferry"
host = "https://ferry.example"

[agency]
name_th = "สำนักงานเรือข้ามฟากสมมติ"
name_en = "Invented Ferry Office"

[credentials]
CREDENTIALS

[headers]
X-Office = "{settings.office}"

[settings.office]
about = "the office's number with the ferry office"
default = "7"

[subject_words]
person = "P"
juristic = "J"

[endpoints.traveller]
method = "POST"
path = "/v1/travellers"
body = { who = { kind = "{subject}", id = "{number}" }, all = true, page = 1 }
found_when = "ok == `true`"

[endpoints.fleet]
method = "GET"
path = "/v1/fleets/{number}"
query = { lang = "th", for = "{service}" }
number_in_url = true
number_in_url_because = "the office's protocol has it there"

[[rule]]
means = "not_found"
status = [404]
when = "error == 'NONE'"

[[rule]]
means = "not_found"
status = [200]
when = "pass.state == 'never'"
records = ["ferry.pass"]

[[rule]]
means = "quota"
status = [429]
code = "Q1"

[[rule]]
means = "login_required"
when = "error == 'LOGIN'"

[[rule]]
means = "unavailable"
status = [200]
when = "error && error != 'NO'"
code = "error inside"

[[record]]
type = "ferry.ticket"
endpoint = "traveller"
root = "ticket"
ignored = ["ok", "when"]
about.number = ["id", { each = "legs", path = "owner" }]
about.name = { first = "name.first", last = "name.last", middle = "name.middle" }
about.birth_date = { path = "born", format = "YYYYMMDD", era = "be", partial = true }

[record.fields]
serial = "serial"
price = { path = "price", separator = "," }
valid = { path = "valid", yes = ["Y", "1"], no = ["N", "0"] }
bought_on = { path = "boughtOn", format = "DD/MM/YYYY", era = "by_year" }
photo = { path = "photo", media_type = "image/png" }
stops = { path = "stops", item = { kind = "text" } }
seat = { path = "seat", fields = { deck = "deck", number = { path = "no", kind = "number" } } }
remark = { path = "remark", none = ["", "-"], absent_means_none = true }

[[record]]
type = "ferry.pass"
endpoint = "traveller"
root = "pass"
ignored = ["ok", "when"]
about.number = ["id"]

[record.fields]
state = "state"
trips = { path = "trips", fields = { day = { path = "day", kind = "date", format = "YYYY-MM-DD", era = "ce" } } }

[[record]]
type = "ferry.boat"
endpoint = "fleet"
root = "boats"
about.number = ["company"]

[record.fields]
first = "[0].name"
"""

FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ferry.ticket": (
        ("serial", "text"),
        ("price", "number"),
        ("valid", "flag"),
        ("bought_on", "date"),
        ("photo", "image"),
        ("stops", "list"),
        ("seat", "group"),
        ("remark", "text"),
    ),
    "ferry.pass": (("state", "text"), ("trips", "list")),
    "ferry.boat": (("first", "text"),),
}


def _records() -> str:
    page = ""
    for name, fields in FIELDS.items():
        page += f'[[record]]\ntype = "{name}"\ntitle_th = "ตั๋ว"\ntitle_en = "Ticket"\nlegal_owner = "Ferry"\nnames_subject = "number"\n'
        page += 'subjects = ["juristic"]\n' if name == BOAT else ""
        rows = "".join(f'{{ name = "{n}", label_th = "ก", label_en = "A", kind = "{k}", class = "ordinary" }}, ' for n, k in fields)
        page += f"fields = [ {rows}]\n"
    return page


RECORDS = _records()

PEOPLE = """
[replies.traveller.found]
body = "{row}"
[replies.traveller.not_found]
status = 404
body = { error = "NONE" }
[replies.fleet.found]
body = { company = "{number}", boats = "{row}" }
[replies.fleet.not_found]
status = 404
body = { error = "NONE" }

[[person]]
case = "everything"
number = "1100000000016"
[person.rows.traveller]
ok = true
id = "1100000000016"
name = { first = "สมมติ", last = "ทดสอบระบบ", middle = "" }
born = "25300100"
legs = [{ owner = "1100000000016" }, { owner = "1100000000016" }]
ticket = { serial = "A1", price = "1,250.50", valid = "Y", boughtOn = "01/02/2568", photo = "aGk=", stops = ["ก", "ข"], seat = { deck = "2", no = 7 }, remark = "-" }
pass = { state = "good", trips = [{ day = "2026-01-31" }] }

[[person]]
case = "another, who never had a pass"
number = "1100000000032"
[person.rows.traveller]
ok = true
id = "1100000000032"
name = { first = "จำลอง", last = "สาธิตดี", middle = "{null}" }
born = "{null}"
legs = []
ticket = { serial = "B2", price = 3, valid = false, boughtOn = "28/02/2025", photo = "{null}", stops = [], seat = "{null}" }
pass = { state = "never", trips = [] }

[[person]]
case = "nobody"
number = "1100000000024"

[[person]]
case = "a company"
juristic = "0995500000014"
rows.fleet = [{ name = "เรือหนึ่ง" }, { name = "เรือสอง" }]
"""


def written(folder: Path, *, credentials: str = NONE, **edits: Callable[[str], str]) -> Path:
    """Write the folder; ``edits`` change a page (``manifest``, ``records``, ``people``) on its way."""
    pages = {"manifest": MANIFEST.replace("CREDENTIALS", credentials), "records": RECORDS, "people": PEOPLE}
    for name, text in pages.items():
        (folder / f"{name}.toml").write_text(edits.get(name, str)(text), encoding="utf-8")
    return folder


def change(old: str, new: str) -> Callable[[str], str]:
    """An edit that puts one text in another's place, once; the text must be there."""

    def edit(page: str) -> str:
        assert old in page
        return page.replace(old, new, 1)

    return edit


class World:
    """The ferry office as ``app`` plays it (its simulator, unless a test puts something else in its place)."""

    def __init__(self, folder: Path, app: Callable[..., Any] | None = None, **settings: object) -> None:
        self.clock = FakeClock()
        self.simulator: ManifestSimulator = load_simulator(folder, clock=self.clock)
        self.adapter = load_adapter(folder)
        self.settings = self.adapter.Settings.model_validate({**self.simulator.settings_for(URL), **settings})
        self.client = in_process_client(app or self.simulator.app, self.adapter.base_urls(self.settings))

    def link(self) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(self.client, self.settings, 5.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def fetch(self, number: str, wanted: Mapping[RecordType, tuple[str, ...]]) -> Mapping[RecordType, Answer]:
        fields = {one: tuple(map(FieldName, names)) for one, names in wanted.items()}
        return await self.adapter.fetch(Query(subject(number), ServiceId("harbour_tour"), fields, Secret("unused")), self.link())

    async def ask(self, number: str = SOMMUT, record_type: RecordType = TICKET, *names: str) -> Answer:
        """One record type; every field of it unless some are named."""
        every = tuple(name for name, _ in FIELDS[record_type])
        return (await self.fetch(number, {record_type: names or every}))[record_type]

    async def found(self, number: str = SOMMUT, record_type: RecordType = TICKET, *names: str) -> Found:
        answer = await self.ask(number, record_type, *names)
        assert isinstance(answer, Found), answer
        return answer

    def operations(self) -> list[str]:
        """What the office was asked, in order."""
        return [one.operation for one in self.simulator.received]


def subject(number: str) -> Subject:
    if number.startswith("0"):
        return JuristicPerson(JuristicNumber(number), "director")
    return VisitPerson(CitizenNumber(number))


def plain(found: Found) -> dict[str, Value | None]:
    """The fields by plain names."""
    return {str(name): value for name, value in found.fields.items()}
