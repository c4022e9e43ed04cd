"""The card services' wire, byte by byte: what goes out, and what every code and text that may come back means."""

import re
import traceback
from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.dopa.codes import CARD_ROWS, DEATH_ROWS, CardRow, Sure
from adapters.dopa.tests.world import World, chip_of, laser_of
from linkage.sources.adapter import Malformed, Verified
from linkage.terms import CardChip, CardLaser, CardProblem, NoMatch, Verdict

CARD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body><CheckCardByLaserResponse xmlns="http://tempuri.org/">'
    "<CheckCardByLaserResult><IsError>{flag}</IsError><ErrorMessage /><Code>{code}</Code><Desc>{text}</Desc>"
    "</CheckCardByLaserResult></CheckCardByLaserResponse></soap:Body></soap:Envelope>"
)
DEATH = (
    '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><CheckDeathStatusResponse '
    'xmlns="http://tempuri.org/"><CheckDeathStatusResult><isError>{flag}</isError><errorDesc /><dataInfo><stCode>{code}</stCode>'
    "<stDesc>-</stDesc></dataInfo></CheckDeathStatusResult></CheckDeathStatusResponse></soap:Body></soap:Envelope>"
)
NORMAL = CARD.format(flag="false", code=0, text="สถานะปกติ")
ALIVE = DEATH.format(flag="false", code=0)


class Dopa:
    """Card services that say what they are told to, and keep what they were asked."""

    def __init__(self, card: str | bytes = NORMAL, death: str | bytes = ALIVE, **settings: object) -> None:
        self.asked: list[tuple[dict[str, str], str]] = []
        self.world = World(Starlette(routes=[Route("/{path:path}", self._says(card, death), methods=["POST"])]), **settings)

    def _says(self, card: str | bytes, death: str | bytes) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            self.asked.append((dict(request.headers), (await request.body()).decode()))
            return Response(death if "POPStatusService" in request.url.path else card, media_type="application/soap+xml; charset=utf-8")

        return answer

    async def verdict(self, evidence: CardLaser | CardChip | None = None) -> Verified:
        said = await self.world.verify(evidence or laser_of(self.world.person("1100000000016")))
        assert isinstance(said, Verified)
        return said


TABLE = [
    (0, "สถานะปกติ", Verdict.MATCH, None),
    (1, "Chip No สถานะไม่ปกติ", Verdict.NO_MATCH, NoMatch.CHIP_NOT_NORMAL),
    (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี การเปลี่ยนที่อยู่", Verdict.CARD_NOT_VALID, CardProblem.ADDRESS_CHANGED),
    (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี  บัตรหมดอายุ", Verdict.CARD_NOT_VALID, CardProblem.EXPIRED),
    (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี แจ้งหาย", Verdict.CARD_NOT_VALID, CardProblem.LOST),
    (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี ทำบัตรใหม่", Verdict.CARD_NOT_VALID, CardProblem.REISSUED),
    (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี เปลี่ยนชื่อ", Verdict.CARD_NOT_VALID, CardProblem.NAME_CHANGED),
    (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี เสียชีวิต", Verdict.DECEASED, None),
    (4, "สถานะไม่ปกติ => ไม่พบเลข Laser จาก PID นี้", Verdict.NO_MATCH, NoMatch.LASER_OR_NUMBER_UNKNOWN),
    (4, "สถานะไม่ปกติ => ข้อมูลไม่ตรง", Verdict.NO_MATCH, NoMatch.DATA_DIFFER),
    (5, "ข้อมูลที่ใช้ในการตรวจสอบไม่ครบ", Verdict.UNAVAILABLE, None),
]


def escaped(text: str) -> str:
    return text.replace(">", "&gt;")


def detail(said: Verified | CardRow) -> NoMatch | CardProblem | None:
    return said.no_match or said.card_problem


@pytest.mark.parametrize(("code", "text", "verdict", "which"), TABLE)
async def test_every_code_and_text_of_the_facts_has_its_verdict(
    code: int, text: str, verdict: Verdict, which: NoMatch | CardProblem | None
) -> None:
    dopa = Dopa(CARD.format(flag="true" if code else "false", code=code, text=escaped(text)))
    said = await dopa.verdict()
    assert (said.verdict, detail(said)) == (verdict, which)


def test_the_table_in_the_code_is_the_table_of_the_facts() -> None:
    assert [(row.code, row.text, row.verdict, detail(row)) for row in CARD_ROWS] == TABLE
    recalled = {row.text.rsplit(" ", 1)[1] for row in CARD_ROWS if row.sure is Sure.RECALLED}
    assert recalled == {"แจ้งหาย", "ทำบัตรใหม่", "เปลี่ยนชื่อ", "เสียชีวิต"}


@pytest.mark.parametrize(("code", "text", "verdict", "which"), TABLE)
async def test_white_space_in_a_text_does_not_matter(code: int, text: str, verdict: Verdict, which: NoMatch | CardProblem | None) -> None:
    blown = " \n" + escaped(text).replace(" ", " \u00a0\t ") + "  "
    said = await Dopa(CARD.format(flag="true" if code else "false", code=code, text=blown)).verdict()
    assert (said.verdict, detail(said)) == (verdict, which)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "สถานะปกติ"),
        (4, "สถานะไม่ปกติ"),
        (4, ""),
        (0, ""),
        (0, "สถานะไม่ปกติ"),
        (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี อื่น"),
        (99, "ข้อมูลที่ใช้ในการตรวจสอบไม่ครบ"),
    ],
)
async def test_an_unknown_code_or_text_is_unavailable(code: int, text: str) -> None:
    said = await Dopa(CARD.format(flag="true" if code else "false", code=code, text=text)).verdict()
    assert (said.verdict, said.why) == (Verdict.UNAVAILABLE, "unknown code or text")


@pytest.mark.parametrize(("code", "text", "_verdict", "_which"), TABLE)
async def test_a_code_that_its_error_flag_contradicts_is_unavailable(code: int, text: str, _verdict: Verdict, _which: object) -> None:
    said = await Dopa(CARD.format(flag="false" if code else "true", code=code, text=escaped(text))).verdict()
    assert (said.verdict, said.why) == (Verdict.UNAVAILABLE, "code and error flag disagree")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [("0", Verdict.MATCH), ("1", Verdict.DECEASED), ("2", Verdict.NOT_FOUND), ("3", Verdict.UNAVAILABLE), ("", Verdict.UNAVAILABLE)],
)
async def test_the_death_status_decides_over_a_card_that_matched(code: str, verdict: Verdict) -> None:
    assert (await Dopa(death=DEATH.format(flag="false", code=code)).verdict()).verdict is verdict
    assert (code in DEATH_ROWS) == (verdict is not Verdict.UNAVAILABLE)


async def test_a_death_status_that_reports_an_error_is_unavailable() -> None:
    said = await Dopa(death=DEATH.format(flag="true", code=0)).verdict()
    assert (said.verdict, said.why) == (Verdict.UNAVAILABLE, "death status failed")


async def test_the_request_is_as_the_service_wants_it() -> None:
    dopa = Dopa()
    await dopa.verdict()
    headers, body = dopa.asked[0]
    assert headers["content-type"] == "application/soap+xml; charset=utf-8"
    assert body == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<soap12:Envelope xmlns:soap12="http://www.w3.org/2003/05/soap-envelope"><soap12:Body>'
        '<CheckCardByLaser xmlns="http://tempuri.org/"><PID>1100000000016</PID><FirstName>สมมติ</FirstName>'
        "<LastName>ทดสอบระบบ</LastName><BirthDay>25300115</BirthDay><Laser>ZZ9900000001</Laser></CheckCardByLaser>"
        "</soap12:Body></soap12:Envelope>"
    )
    assert "<pid>1100000000016</pid><dob>25300115</dob>" in dopa.asked[1][1]


async def test_the_chip_request_keeps_the_services_odd_spelling() -> None:
    dopa = Dopa(NORMAL.replace("CheckCardByLaser", "CheckCardByCID"))
    await dopa.verdict(chip_of(dopa.world.person("1100000000016")))
    parts = "<ChipNo>00000000DEAD0001</ChipNo><pid>1100000000016</pid><bp1no>99990000000001</bp1no>"
    assert f'<CheckCardByCID xmlns="http://tempuri.org/">{parts}</CheckCardByCID>' in dopa.asked[0][1]


async def test_soap_1_1_names_its_action() -> None:
    dopa = Dopa(soap="1.1")
    await dopa.verdict()
    headers, body = dopa.asked[0]
    assert (headers["content-type"], headers["soapaction"]) == ("text/xml; charset=utf-8", '"http://tempuri.org/CheckCardByLaser"')
    assert '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">' in body


async def test_markup_in_a_name_stays_text() -> None:
    dopa = Dopa()
    await dopa.verdict(laser_of(dopa.world.person("1100000000181")))
    assert "<LastName>นามสกุล &amp; &lt;พิเศษ&gt;</LastName>" in dopa.asked[0][1]


DOCTYPE = "<!DOCTYPE soap:Envelope [<!ENTITY {entity}>]>"
WRONG = {
    "a page for people": "<!doctype html><html><body>Maintenance 1100000000016</body></html>",
    "nothing": "",
    "not XML": "1100000000016 สมมติ",
    "half": NORMAL[:200],
    "no envelope": "<a>1100000000016</a>",
    "another operation": NORMAL.replace("CheckCardByLaser", "CheckCardByCID"),
    "another namespace": NORMAL.replace("http://tempuri.org/", "http://tempuri.org/1100000000016"),
    "no code": re.sub("<Code>.*</Code>", "", NORMAL),
    "no text": re.sub("<Desc>.*</Desc>", "", NORMAL),
    "two codes": NORMAL.replace("<Code>0</Code>", "<Code>0</Code><Code>4</Code>"),
    "two texts": NORMAL.replace("<Desc>", "<Desc>1100000000016</Desc><Desc>"),
    "two flags": NORMAL.replace("<IsError>", "<IsError>false</IsError><IsError>"),
    "a text with more in it": NORMAL.replace("สถานะปกติ<", "สถานะปกติ<b>1100000000016</b><"),
    "a code with more in it": NORMAL.replace("<Code>0<", "<Code>0<b/>4<"),
    "two results": re.sub("(<CheckCardByLaserResult>.*</CheckCardByLaserResult>)", r"\1\1", NORMAL),
    "two bodies": re.sub("(<soap:Body>.*</soap:Body>)", r"\1\1", NORMAL),
    "a code that is none": NORMAL.replace("<Code>0", "<Code>1100000000016"),
    "a flag that is none": NORMAL.replace("false", "1100000000016"),
    "a fault": re.sub("<CheckCardByLaserResponse.*</CheckCardByLaserResponse>", "<soap:Fault><a>1100000000016</a></soap:Fault>", NORMAL),
    "an entity": DOCTYPE.format(entity='a "สถานะปกติ"') + NORMAL.split("?>", 1)[1].replace("สถานะปกติ<", "&a;<"),
    "a document type": NORMAL.replace("<soap:Envelope", "<!DOCTYPE a><soap:Envelope", 1),
    "a file": NORMAL.replace("<soap:Envelope", DOCTYPE.format(entity='a SYSTEM "file:///etc/hostname"') + "<soap:Envelope", 1),
}


@pytest.mark.parametrize("card", WRONG.values(), ids=WRONG.keys())
async def test_what_is_no_reply_is_malformed_and_never_repeated(card: str) -> None:
    with pytest.raises(Malformed) as raised:
        await Dopa(card).verdict()
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert "สมมติ" not in told
    assert "1100000000016" not in str(raised.value)
    assert "1100000000016" not in repr(raised.value)


@pytest.mark.parametrize(
    "death",
    [
        re.sub("(<dataInfo>.*</dataInfo>)", r"\1\1", ALIVE),
        ALIVE.replace("<stCode>", "<stCode>1</stCode><stCode>"),
        ALIVE.replace("<stCode>0", "<stCode>0<b/>1"),
    ],
)
async def test_a_death_status_that_says_two_things_is_malformed(death: str) -> None:
    with pytest.raises(Malformed):
        await Dopa(death=death).verdict()
