"""What auditors are shown and what not, and that every reading is in the log before anything of it is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from linkage.errors import Reason
from linkage.v1 import audit_pb2 as pb
from tests.journeys.auditing import AUDITOR, OTHER, PERSON, day, listed
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import COUNTER_1, COUNTER_2, DOE, OFFICER, SERVICE, Desk, Place, World

SOCIAL = "spiffe://linkage.example/auditor/social"

Open = Callable[..., Desk]


@pytest.fixture
def place(place: Place) -> Place:
    """With a second auditor, for another agency."""
    place.change("register.toml", f'uri = "{AUDITOR}"\n', f'uri = "{SOCIAL}"\nagencies = ["sso"]\n\n[[auditor]]\nuri = "{AUDITOR}"\n')
    return place


async def test_entries_are_found_by_every_criterion(world: World, desk: Desk, auditor: Desk) -> None:
    visit = await day(desk)
    verified, found = ("VerifyIdentity", "match"), ("Lookup", "found")
    down, refused = ("Lookup", "unavailable"), ("Lookup", "FIELD_NOT_AGREED")
    logins = [("ConfirmLogin", "login_confirmed"), ("BeginLogin", "login_begun")]
    everything = [refused, down, found, verified, *logins]
    now = Timestamp(seconds=world.clock.now_ms() // 1000 + 1)

    for criteria, expected in (
        ({"citizen_number": PERSON}, [refused, down, found, verified]),
        ({"citizen_number": "๑-๑๐๐๐-๐๐๐๐๐-๐๑-๖"}, [refused, down, found, verified]),
        ({"citizen_number": OFFICER}, logins),
        ({"citizen_number": OTHER}, []),
        ({"officer": "officer-0001"}, everything),
        ({"officer": "officer-0001", "officer_issuer": DOE}, everything),
        ({"officer": "officer-0001", "officer_issuer": "https://elsewhere.example"}, []),
        ({"officer": "officer-0002"}, []),
        ({"counter": COUNTER_1, "kind": "denied"}, [refused]),
        ({"counter": COUNTER_2}, []),
        ({"centre": "cm-01", "acting": "doe", "recipient": "doe"}, everything),
        ({"source": "dopa", "recipient": "doe", "service": SERVICE}, [refused, down, found, verified]),
        ({"record_type": "dopa.person"}, [refused, found]),
        ({"record_type": "dopa.house"}, [down]),
        ({"agreement": "doe-dopa", "method": "Lookup"}, [down, found]),
        ({"result": "found"}, [found]),
        ({"result": "unavailable", "reason": "AGENCY_UNAVAILABLE"}, [down]),
        ({"result": "refused"}, []),
        ({"reason": "FIELD_NOT_AGREED"}, [refused]),
        ({"assurance": "CARD_LASER", "kind": "outcome"}, [down, found, verified]),
        ({"visit": visit}, [refused, down, found, verified]),
        ({"until": now, "method": "VerifyIdentity"}, [verified]),
        ({"since": now}, []),
        ({"kind": "boot"}, [("boot", "")]),
    ):
        assert expected == await listed(auditor, **criteria), criteria

    reply = await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(auditor=AUDITOR, result="found")))
    assert not reply.entries
    read = await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(auditor=AUDITOR), page_size=1))
    assert [AUDITOR] == [one.auditor for one in read.entries]


async def test_every_reading_is_in_the_log_and_says_what_was_looked_for_by_names_the_log_knew(
    world: World, desk: Desk, auditor: Desk
) -> None:
    verified = await desk.verify()
    by_name = await auditor.audit.ListEntries(
        pb.ListEntriesRequest(filter=pb.EntryFilter(officer="officer-0001", centre="anybody", since=Timestamp(seconds=5)))
    )
    by_number = await auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON))
    entry = await auditor.audit.GetEntry(pb.GetEntryRequest(entry_id=verified.receipt.entry_id))

    first, second, third = (proved(world, one.reading) for one in (by_name, by_number, entry))
    assert first["facts"]["sought"] == {"officer": "officer-0001", "centre": "?", "since_ms": 5000}
    assert {AUDITOR} == {one["facts"]["auditor"] for one in (first, second, third)}
    assert ["ListEntries", "ListAccesses", "GetEntry"] == [one["facts"]["method"] for one in (first, second, third)]
    assert ["dlpw", "doe"] == second["facts"]["agencies"]
    assert ("sealed" in first, list(second["sealed"]["fields"])) == (False, ["subject"])
    assert {"by_number": True} == second["facts"]["sought"]
    assert {"entry": verified.receipt.entry_id} == third["facts"]["sought"]
    assert [first, second, third] == entries(world, "read")

    intent, outcome = entry.entries
    assert (verified.request_id, verified.receipt.leaf) == (intent.receipt.entry_id, outcome.receipt.leaf)
    assert [pb.SEAL_STATE_READABLE, pb.SEAL_STATE_NOTHING] == [intent.seal, outcome.seal]
    assert (["subject"], '"match"') == (list(intent.sealed_fields), {fact.name: fact.json for fact in outcome.facts}["result"])
    for each in entry.entries:
        proved(world, each.receipt)


async def test_pages_do_not_shift_while_the_log_grows_and_a_token_is_good_for_its_query_alone(
    world: World, desk: Desk, auditor: Desk, open_desk: Open
) -> None:
    for _ in range(3):
        await desk.verify()
    wanted = pb.EntryFilter(method="VerifyIdentity", citizen_number=PERSON)
    whole = await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=wanted))
    seen: list[pb.EntrySummary] = []
    token = last = ""
    while True:
        page = await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=wanted, page_size=1, page_token=token))
        seen += page.entries
        token = page.next_page_token
        if not token:
            break
        last = token
        await desk.verify()
    assert list(whole.entries) == seen

    calls: list[Any] = [
        auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(method="VerifyIdentity"), page_token=last)),
        auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(citizen_number=OTHER), page_token=last)),
        auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON, page_token=last)),
        auditor.audit.ListEntries(pb.ListEntriesRequest(filter=wanted, page_token=last[:-2] + "AA")),
        auditor.audit.ListEntries(pb.ListEntriesRequest(filter=wanted, page_token="ๆ")),
        open_desk(SOCIAL, token="").audit.ListEntries(pb.ListEntriesRequest(filter=wanted, page_token=last)),
    ]
    for call in calls:
        said = await refusal(world, call, Reason.MALFORMED_REQUEST)
        assert ["page_token"] == list(said.violations)


async def test_an_auditor_sees_what_concerns_their_agencies_and_nothing_else(
    world: World, desk: Desk, auditor: Desk, open_desk: Open
) -> None:
    social = open_desk(SOCIAL, token="")
    visit = await day(desk)
    await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(citizen_number=PERSON)))

    reply = await social.audit.ListEntries(pb.ListEntriesRequest())
    assert {"boot", "key"} >= {one.kind for one in reply.entries}
    assert [] == await listed(social, citizen_number=PERSON)
    accesses = (await social.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON))).accesses
    assert [(pb.ACCESS_KIND_READING, SOCIAL)] == [(one.kind, one.who) for one in accesses]
    await refusal(world, social.audit.GetEntry(pb.GetEntryRequest(entry_id=visit)), Reason.ENTRY_UNKNOWN)
    for wanted in (pb.EntryFilter(recipient="doe"), pb.EntryFilter(acting="doe"), pb.EntryFilter(source="doe")):
        call = social.audit.ListEntries(pb.ListEntriesRequest(filter=wanted))
        said = await refusal(world, call, Reason.OUTSIDE_AGENCIES)
        assert said.receipt is not None
        assert SOCIAL == proved(world, said.receipt)["facts"]["auditor"]
    await refusal(world, auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(source="dopa"))), Reason.OUTSIDE_AGENCIES)
    assert [("VerifyIdentity", "match")] == await listed(auditor, source="dopa", recipient="doe", method="VerifyIdentity")


async def test_only_an_auditor_of_the_register_is_shown_anything(world: World, desk: Desk, open_desk: Open) -> None:
    stranger = open_desk("spiffe://linkage.example/auditor/nobody", token="")
    before = len(entries(world, "read"))

    calls: list[Any] = [
        desk.audit.ListEntries(pb.ListEntriesRequest(), metadata=desk.metadata),
        desk.audit.GetEntry(pb.GetEntryRequest(entry_id="0190f2a0-0000-7000-8000-000000000000"), metadata=desk.metadata),
        desk.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON), metadata=desk.metadata),
    ]
    for call in calls:
        said = await refusal(world, call, Reason.ROLE_NOT_ALLOWED)
        assert said.receipt is not None
    await refusal(world, stranger.audit.ListEntries(pb.ListEntriesRequest()), Reason.COUNTER_UNKNOWN)

    assert before == len(entries(world, "read"))


async def test_what_cannot_be_looked_for_is_refused_by_its_field(world: World, auditor: Desk) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("citizen_number", {"citizen_number": "1100000000017"}),
        ("officer", {"officer": "1-1000-00000-01-6"}),
        ("officer", {"officer_issuer": DOE}),
        ("centre", {"centre": "cm\n01"}),
        ("counter", {"counter": "x" * 301}),
        ("visit", {"visit": "today"}),
        ("since", {"since": Timestamp(seconds=-1)}),
        ("until", {"since": Timestamp(seconds=9), "until": Timestamp(seconds=8)}),
    ]
    for field, criteria in wrong:
        asked = auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(**criteria)))
        assert [f"filter.{field}"] == list((await refusal(world, asked, Reason.MALFORMED_REQUEST)).violations)
    calls: list[tuple[Any, str]] = [
        (auditor.audit.ListEntries(pb.ListEntriesRequest(page_size=201)), "page_size"),
        (auditor.audit.ListAccesses(pb.ListAccessesRequest()), "citizen_number"),
        (auditor.audit.GetEntry(pb.GetEntryRequest(entry_id="0")), "entry_id"),
    ]
    for call, field in calls:
        assert [field] == list((await refusal(world, call, Reason.MALFORMED_REQUEST)).violations)
    assert [] == entries(world, "read")
