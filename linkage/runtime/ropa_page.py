"""The record of processing as Markdown, CSV and JSON, in Thai and English side by side."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from linkage.audit.asked import Came
from linkage.buddhist import thai_date
from linkage.catalogue.records import FieldClass, RecordField
from linkage.clock import thai_day
from linkage.in_force import InForce
from linkage.runtime import ropa_texts as texts
from linkage.runtime.ropa import Activity, Processing, Use
from linkage.runtime.ropa_texts import Line
from linkage.terms import RecipientId, RecordType, ServiceId

_SORTS: dict[FieldClass, Line] = {FieldClass.SENSITIVE: texts.SENSITIVE, FieldClass.IMAGE: texts.FACE}


class Naming:
    """What agencies, services and records are called, in Thai and English; where nobody knows them, by their ids."""

    def __init__(self, files: InForce) -> None:
        self._files = files

    def agency(self, name: str) -> Line:
        known = self._files.register.agencies.get(RecipientId(name))
        return (f"{known.name_th} ({name})", f"{known.name_en} ({name})") if known else (name, name)

    def service(self, name: str) -> Line:
        known = self._files.catalogue.services.get(ServiceId(name))
        return (f"{known.name.th} ({name})", f"{known.name.en} ({name})") if known else (name, name)

    def record(self, name: str) -> Line:
        known = self._files.catalogue.record(RecordType(name))
        return (f"{known.title_th} ({name})", f"{known.title_en} ({name})") if known else (name, name)

    def fields(self, name: str, fields: Iterable[str]) -> Line:
        """The fields that are agreed, in the order of the catalogue, with what must be said of sensitive ones."""
        known = self._files.catalogue.record(RecordType(name))
        agreed = frozenset(fields)
        if known is None:
            return (", ".join(sorted(agreed)),) * 2
        labels = [_label(one) for one in known.fields.values() if one.name in agreed]
        return ", ".join(th for th, _ in labels), ", ".join(en for _, en in labels)


def ropa_markdown(found: Processing, files: InForce, *, since_ms: int, until_ms: int) -> str:
    """One document, a chapter for each agreement."""
    naming = Naming(files)
    since, until = thai_day(since_ms), thai_day(until_ms)
    lines = [
        f"# {texts.TITLE[0]} / {texts.TITLE[1]}",
        "",
        f"{texts.LAW[0]}  ",
        texts.LAW[1],
        "",
        f"{thai_date(since)} – {thai_date(until)} / {since} – {until}",
    ]
    for activity in found.activities:
        lines += ["", f"## {activity.agreement.id}: {_plain(activity.agreement.title)}", "", *_chapter(activity, naming)]
    if found.former:
        lines += ["", f"## {texts.FORMER[0]} / {texts.FORMER[1]}", "", *(_former(name, use, naming) for name, use in found.former)]
    lines += ["", f"## {texts.SECURITY[0]} / {texts.SECURITY[1]}", "", *_list(texts.SECURITY_LINES)]
    return "\n".join(lines) + "\n"


def ropa_csv(found: Processing, files: InForce) -> str:
    """A row for each agreement and record type; an agreement without records (it lets persons be verified) has one row.

    Counts are those of the whole agreement: they stand in its first row alone, so that a column may be added up.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(_COLUMNS), lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(found, Naming(files)):
        writer.writerow(row)
    return text.getvalue()


def ropa_json(found: Processing, files: InForce) -> dict[str, Any]:
    """The rows of the CSV, and what is said of all of them."""
    return {
        "law": _group(texts.LAW),
        "rows": list(_rows(found, Naming(files))),
        "former": [{"agreement": name, "parties": list(use.parties), **_use(use)} for name, use in found.former],
        "rights": [_group(line) for line in texts.RIGHTS_LINES],
        "refusals": [_group(line) for line in texts.REFUSALS_LINES],
        "security": [_group(line) for line in texts.SECURITY_LINES],
    }


_COLUMNS = (
    *("agreement", "title", "recipient_th", "recipient_en", "source_th", "source_en", "acting_th", "acting_en"),
    *("purposes_th", "purposes_en", "record_type", "record_th", "record_en", "fields_th", "fields_en", "legal_basis"),
    *("least_assurance", "verifies_by", "valid_from", "valid_until", "retention_days"),
    *("questions", "verifications", "logins", *(came.value for came in Came)),
)


def _rows(found: Processing, naming: Naming) -> Iterator[dict[str, Any]]:
    for activity in found.activities:
        one = activity.agreement
        recipient, source = naming.agency(one.recipient), naming.agency(one.source)
        acting = _joined(naming.agency(name) for name in sorted(one.acting - {one.recipient}))
        purposes = _joined(naming.service(name) for name in sorted(one.services))
        row = {
            "agreement": one.id,
            "title": one.title,
            **dict(zip(_COLUMNS[2:10], (*recipient, *source, *acting, *purposes), strict=True)),
            "legal_basis": one.legal_basis,
            "least_assurance": one.least_assurance.name,
            "verifies_by": ", ".join(assurance.name for assurance in sorted(one.evidence)),
            "valid_from": one.valid_from.isoformat(),
            "valid_until": one.valid_until.isoformat(),
            "retention_days": activity.retention_days,
        }
        counts: dict[str, int | None] = {**_use(activity.use)}
        records = sorted(one.records.items()) or [(RecordType(""), frozenset())]
        for name, fields in records:
            of_record = (name, *naming.record(name), *naming.fields(name, fields))
            yield row | dict(zip(_COLUMNS[10:15], of_record, strict=True)) | counts
            counts = dict.fromkeys(counts)


def _use(use: Use) -> dict[str, int]:
    return {
        "questions": use.questions,
        "verifications": use.verifications,
        "logins": use.logins,
        **{came.value: use.records[came] for came in Came},
    }


def _chapter(activity: Activity, naming: Naming) -> Iterator[str]:
    one = activity.agreement
    yield from _part(texts.CONTROLLER, [naming.agency(one.recipient), naming.agency(one.source), texts.TO_ADD])
    yield from _part(texts.PURPOSE, [naming.service(name) for name in sorted(one.services)])
    yield from _part(texts.DATA, list(_data(activity, naming)))
    yield from _part(texts.BASIS, [(one.legal_basis, one.legal_basis)])
    others = sorted(one.acting - {one.recipient})
    yield from _part(texts.RECIPIENTS, [naming.agency(name) for name in (one.recipient, *others)])
    yield from _part(texts.RETENTION, [_filled(texts.KEPT, days=activity.retention_days), texts.KEPT_BY_AGENCY])
    yield from _part(texts.WHO, [_filled(texts.WHO_LINES[0], assurance=one.least_assurance.name), *texts.WHO_LINES[1:]])
    yield from _part(texts.RIGHTS, texts.RIGHTS_LINES)
    yield from _part(texts.DISCLOSURE, list(_disclosed(activity.use)))
    yield from _part(texts.REFUSALS, texts.REFUSALS_LINES)
    yield from _part(texts.FORCE, [_days(one.valid_from, one.valid_until)])


def _data(activity: Activity, naming: Naming) -> Iterator[Line]:
    one = activity.agreement
    for name, fields in sorted(one.records.items()):
        record, labels = naming.record(name), naming.fields(name, fields)
        yield f"{record[0]}: {labels[0]}", f"{record[1]}: {labels[1]}"
    if one.evidence:
        kinds = ", ".join(assurance.name for assurance in sorted(one.evidence))
        yield f"ข้อมูลบนบัตรหรือรหัสของ ThaID ที่ประชาชนแสดง เพื่อยืนยันตัวบุคคล ({kinds})", f"What the person shows to be verified by ({kinds})"
    if one.login:
        yield "เลขประจำตัวของเจ้าหน้าที่ซึ่งเข้าสู่ระบบของหน่วยงานต้นทาง", "The number of an officer who logs in at the source"


def _disclosed(use: Use) -> Iterator[Line]:
    if use.questions == 0:
        yield "ไม่มีการใช้ข้อตกลงนี้ในช่วงเวลานี้", "This agreement was not used in this time"
        return
    first, last = thai_day(use.first_ms), thai_day(use.last_ms)
    counts = [use.records[came] for came in Came]
    yield (
        "สอบถามข้อมูล {:,} ครั้ง: พบและเปิดเผย {:,} ไม่พบ {:,} หน่วยงานตอบไม่ได้ {:,} ปฏิเสธ {:,} ไม่สิ้นสุด {:,}".format(sum(counts), *counts),
        "Records asked for {:,} times: found and disclosed {:,}, not found {:,}, unavailable {:,}, refused {:,}, unfinished {:,}".format(
            sum(counts), *counts
        ),
    )
    if use.verifications or use.logins:
        yield (
            f"ยืนยันตัวบุคคล {use.verifications:,} ครั้ง เจ้าหน้าที่เข้าสู่ระบบของหน่วยงาน {use.logins:,} ครั้ง",
            f"Persons verified {use.verifications:,} times, officers logged in {use.logins:,} times",
        )
    yield f"ครั้งแรก {thai_date(first)} ครั้งล่าสุด {thai_date(last)}", f"First {first}, last {last}"


def _former(name: str, use: Use, naming: Naming) -> str:
    parties = _joined(naming.agency(party) for party in use.parties)
    return f"- {name}: {_plain(parties[0])} / {_plain(parties[1])}: {use.questions:,}"


def _part(heading: Line, lines: Sequence[Line]) -> Iterator[str]:
    yield f"### {heading[0]} / {heading[1]}"
    yield ""
    yield from _list(lines) if lines else ["–"]
    yield ""


def _list(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        th, en = _both(line)
        yield f"- {th}" if line[0] == line[1] else f"- {th}  \n  {en}"


def _both(line: Line) -> tuple[str, str]:
    return _plain(line[0]), _plain(line[1])


def _plain(text: str) -> str:
    """A text from an operator's file, with nothing in it that Markdown takes for more than text."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|#" else sign for sign in text)


def _label(one: RecordField) -> Line:
    sort = _SORTS.get(one.sort)
    return (f"{one.label_th} [{sort[0]}]", f"{one.label_en} [{sort[1]}]") if sort else (one.label_th, one.label_en)


def _joined(lines: Iterable[Line]) -> Line:
    several = list(lines)
    return "; ".join(th for th, _ in several), "; ".join(en for _, en in several)


def _filled(line: Line, **values: Any) -> Line:
    return line[0].format(**values), line[1].format(**values)


def _days(first: date, last: date) -> Line:
    return f"{thai_date(first)} – {thai_date(last)}", f"{first} – {last}"


def _group(line: Line) -> dict[str, str]:
    return {"th": line[0], "en": line[1]}
