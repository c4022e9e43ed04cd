"""The story that a demo tells: a counter at a joint service centre, over mutual TLS, with invented people.

Every step says what it expects and fails the story where it goes another way. Each keeps its receipt.
"""

from collections.abc import Callable, Mapping
from typing import NoReturn

from linkage.catalogue.records import RecordKind
from linkage.client import Counter, Refused, record_values, save_receipt
from linkage.clock import SystemClock
from linkage.errors import LinkageError
from linkage.runtime import story_bundle
from linkage.runtime.demo_agencies import REDIRECT_URI, Agencies
from linkage.runtime.demo_place import Place
from linkage.runtime.story_page import Page
from linkage.terms import RecordType
from linkage.v1 import lookup_pb2, receipt_pb2
from linkage.v1 import verification_pb2 as pb

RECIPIENT = "doe"
SERVICE = "jobseeker_registration"
OFFICER_NUMBER = "1100000000164"
NUMBER = "1100000000016"
LASER = "ZZ9-9000000-01"
WRONG_LASER = "ZZ9-9000000-02"
"""Somebody else's."""

PERSON_FIELDS = ("title", "first_name", "last_name", "english_first_name", "english_last_name", "gender", "birth_date", "nationality")
HOUSE_FIELDS = ("house_no", "soi", "road", "subdistrict", "district", "province")
NOT_AGREED = "father_number"


class StoryFailed(LinkageError):
    """A step went another way than it should."""


class Story:
    """The steps, in their order."""

    def __init__(self, counter: Counter, agencies: Agencies, place: Place, kinds: Mapping[RecordType, RecordKind], page: Page) -> None:
        self._counter = counter
        self._agencies = agencies
        self._place = place
        self._kinds = kinds
        self._page = page
        self._visit = ""
        self._kept = 0

    def tell(self) -> None:
        """From the login to the end of the visit.

        Raises:
            StoryFailed: names the step and what came instead.
        """
        try:
            self._login()
            self._verify()
            self._person()
            self._house()
            self._not_agreed()
            self._wrong_laser()
            self._agency_down()
            self._end_visit()
            self._joint_counter()
        except Refused as refusal:
            raise StoryFailed(f"step {len(self._page.steps)}: refused with {refusal.reason} ({refusal.sentence_en})") from refusal

    def _login(self) -> None:
        self._page.step(
            "เจ้าหน้าที่เข้าสู่ระบบ Linkage Center ของกรมการปกครองด้วย ThaID", "The officer logs in at DOPA's Linkage Center with ThaID"
        )
        begun = self._counter.begin_login(recipient=RECIPIENT, source="dopa", officer_number=OFFICER_NUMBER)
        code = pb.ThaidCode(code=self._agencies.consent(OFFICER_NUMBER), redirect_uri=REDIRECT_URI)
        office = begun.offices[0]
        reply = self._counter.confirm_login(begun.login_token, office.id, code)
        self._expect(reply.session.source == "dopa" and bool(reply.session.token), "a session at DOPA", "none")
        self._keep(reply.receipt, "login")
        self._page.good(
            "LOGGED IN", office.name, f"until {reply.session.expires_at.ToJsonString()}; the session is sealed, the gateway keeps none"
        )

    def _verify(self) -> None:
        self._page.step("ตรวจบัตรประชาชนด้วยรหัสหลังบัตร", "The citizen's card is verified by its laser code")
        reply = self._counter.verify(recipient=RECIPIENT, service=SERVICE, citizen_number=NUMBER, evidence=card(LASER))
        self._expect_verdict(reply, pb.VERDICT_MATCH)
        self._visit = reply.visit.token
        self._keep(reply.receipt, "verify")
        self._page.good("MATCH", reply.sentence.th, f"{reply.sentence.en} It lasts until {reply.visit.expires_at.ToJsonString()}.")

    def _person(self) -> None:
        self._page.step("ขอข้อมูลบุคคล เฉพาะรายการที่ตกลงกันไว้", "The person's record: only what the agreement grants")
        self._fetch("dopa.person", PERSON_FIELDS, "person")

    def _house(self) -> None:
        self._page.step("ขอข้อมูลบ้าน", "The house registration")
        self._fetch("dopa.house", HOUSE_FIELDS, "house")

    def _fetch(self, record_type: str, fields: tuple[str, ...], name: str) -> None:
        reply = self._counter.lookup(self._visit, SERVICE, record_type, fields)
        self._expect(reply.answer == lookup_pb2.ANSWER_FOUND, "FOUND", lookup_pb2.Answer.Name(reply.answer))
        values = record_values(reply.record)
        self._expect(tuple(values) == fields, f"the fields {', '.join(fields)}", ", ".join(values))
        self._keep(reply.receipt, name)
        kind = self._kinds[RecordType(record_type)]
        self._page.good("FOUND", reply.sentence.th, reply.sentence.en)
        self._page.record(values, kind)
        self._page.note(f"{len(values)} of the {len(kind.fields)} fields that DOPA could disclose were asked for, and no other came.")

    def _not_agreed(self) -> None:
        self._page.step("ขอรายการที่อยู่นอกข้อตกลง: เลขประจำตัวบิดา", "A field outside the agreement: the father's number")
        refusal = self._refused(
            lambda: self._counter.lookup(self._visit, SERVICE, "dopa.person", ["first_name", NOT_AGREED]), "FIELD_NOT_AGREED"
        )
        self._keep(refusal.receipt, "field-not-agreed")
        self._page.note("Refused whole, before anybody was asked; the refusal is in the log.")

    def _wrong_laser(self) -> None:
        self._page.step("รหัสหลังบัตรผิด", "A wrong laser code")
        reply = self._counter.verify(recipient=RECIPIENT, service=SERVICE, citizen_number=NUMBER, evidence=card(WRONG_LASER))
        self._expect_verdict(reply, pb.VERDICT_NO_MATCH)
        self._expect(reply.no_match == pb.NO_MATCH_LASER_OR_NUMBER_UNKNOWN, "laser or number unknown", pb.NoMatch.Name(reply.no_match))
        self._expect(not reply.HasField("visit"), "no visit", "a visit")
        self._keep(reply.receipt, "wrong-laser")
        self._page.no("NO_MATCH", reply.sentence.th, reply.sentence.en)

    def _agency_down(self) -> None:
        self._page.step("กรมการปกครองล่ม: ตอบว่าไม่พร้อม ไม่ใช่ 'ไม่พบ'", "DOPA is down: the answer is unavailable, never 'not found'")
        self._agencies.turn("dopa", down=True)
        try:
            refusal = self._refused(lambda: self._counter.lookup(self._visit, SERVICE, "dopa.person", PERSON_FIELDS), "AGENCY_UNAVAILABLE")
            self._expect(refusal.code == "UNAVAILABLE", "UNAVAILABLE", refusal.code)
            self._keep(refusal.receipt, "agency-down")
            reply = self._counter.verify(recipient=RECIPIENT, service=SERVICE, citizen_number=NUMBER, evidence=card(LASER))
            self._expect_verdict(reply, pb.VERDICT_UNAVAILABLE)
            self._keep(reply.receipt, "agency-down-verify")
            self._page.no("UNAVAILABLE", reply.sentence.th, reply.sentence.en)
        finally:
            self._agencies.turn("dopa", down=False)

    def _end_visit(self) -> None:
        self._page.step("ประชาชนกลับ: จบการให้บริการ แล้วขอข้อมูลอีกไม่ได้", "The citizen leaves: the visit ends, and opens nothing any more")
        reply = self._counter.end_visit(self._visit)
        self._keep(reply.receipt, "visit-end")
        self._page.good("ENDED", "จบการให้บริการแล้ว", "The visit has ended, at every gateway.")
        refusal = self._refused(lambda: self._counter.lookup(self._visit, SERVICE, "dopa.person", PERSON_FIELDS), "VISIT_ENDED")
        self._keep(refusal.receipt, "visit-ended")

    def _joint_counter(self) -> None:
        reply = self._counter.verify(recipient=RECIPIENT, service=story_bundle.SERVICE, citizen_number=NUMBER, evidence=card(LASER))
        self._expect_verdict(reply, pb.VERDICT_MATCH)
        visit = reply.visit.token
        stream = self._counter.lookup_bundle(visit, story_bundle.SERVICE)
        story_bundle.tell_bundle(stream, self._agencies, self._page, SystemClock(), expect=self._expect, keep=self._keep)
        self._counter.end_visit(visit)

    def _refused(self, ask: Callable[[], object], reason: str) -> Refused:
        try:
            ask()
        except Refused as refusal:
            caught = refusal
        else:
            self._fail(reason, "an answer")
        self._expect(caught.reason == reason, reason, caught.reason)
        self._expect(bool(caught.sentence_th and caught.sentence_en), "a sentence in Thai and in English", "none")
        self._page.refused(caught)
        return caught

    def _expect_verdict(self, reply: pb.VerifyIdentityResponse, verdict: pb.Verdict.ValueType) -> None:
        self._expect(reply.verdict == verdict, pb.Verdict.Name(verdict), pb.Verdict.Name(reply.verdict))

    def _expect(self, so: bool, expected: str, got: str) -> None:
        if not so:
            self._fail(expected, got)

    def _fail(self, expected: str, got: str) -> NoReturn:
        raise StoryFailed(f"step {len(self._page.steps)}: got {got}, expected {expected}")

    def _keep(self, receipt: receipt_pb2.Receipt | None, name: str) -> None:
        if receipt is None or not receipt.leaf:
            self._fail("a receipt", "none")
        self._kept += 1
        save_receipt(receipt, self._place.receipts, f"{self._kept:02d}-{name}")


def card(laser: str) -> pb.CardLaser:
    """The card of the first of the invented people, as an officer types it."""
    name = pb.PersonName(first="สมมติ", last="ทดสอบระบบ")
    return pb.CardLaser(name=name, birth_date=pb.BirthDate(as_on_card="25300115"), laser_code=laser)
