"""The second half of the demo's story: a joint service counter asks six agencies at once. One is down, one refuses, one is slow."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from linkage.clock import Clock
from linkage.runtime.bundle_page import counts_line, papers_table, record_line, result_of
from linkage.runtime.demo_agencies import Agencies
from linkage.runtime.story_page import Page
from linkage.v1 import lookup_pb2 as pb
from linkage.v1 import receipt_pb2

SERVICE = "joint_counter_demo"
SLOW_S = 0.7

DOWN, REFUSING, SLOW = "moj", "dep", "dlt"

EXPECTED = {
    "dopa.person": "FOUND",
    "sso.employment": "FOUND",
    "led.bankruptcy": "NOT_FOUND",
    "dlt.driving_licence": "FOUND",
    "dep.disability_card": "AGENCY_REFUSED",
    "moj.justice_fund_case": "AGENCY_UNAVAILABLE",
}

Expect = Callable[[bool, str, str], None]
"""Fails the story: whether it is so, what was expected, what came instead."""
Keep = Callable[[receipt_pb2.Receipt, str], None]


def tell_bundle(
    stream: Iterator[pb.LookupBundleResponse], agencies: Agencies, page: Page, clock: Clock, *, expect: Expect, keep: Keep
) -> None:
    """Ask for everything the service needs.

    Args:
        stream: the bundle, not begun yet.
        agencies: whose knobs are turned meanwhile.
        page: told what happens.
        clock: says after how long each record came.
        expect: fails the story.
        keep: keeps receipts.
    """
    page.step("เคาน์เตอร์ร่วม: ขอข้อมูลจากหกหน่วยงานในครั้งเดียว", "A joint counter: everything the service needs, from six agencies in one call")
    page.note(
        f"{DOWN} is down, {REFUSING} refuses, {SLOW} takes {SLOW_S:g} s for every answer. Each record comes as soon as it may be shown."
    )
    results: dict[str, str] = {}
    summary = pb.BundleSummary()
    started = clock.monotonic()
    with _troubled(agencies):
        for message in stream:
            if message.HasField("summary"):
                summary = message.summary
                continue
            record = message.record
            results[record.record_type] = result_of(record)
            page.show(record_line(record, clock.monotonic() - started), result_of(record))
            keep(record.receipt, f"bundle-{record.record_type}")
    expect(results == EXPECTED, str(EXPECTED), str(results))
    expect(next(reversed(results)) == "dlt.driving_licence", "the slow agency's record last", str(list(results)))
    expect((summary.copies_not_needed, summary.copies_in_all) == (4, 6), "4 of 6 copies not needed", summary.sentence.en)
    keep(summary.receipt, "bundle")
    page.show(papers_table(summary), "")
    page.good("4 of 6", summary.sentence.th, summary.sentence.en)
    page.show(counts_line(summary), "")


@contextmanager
def _troubled(agencies: Agencies) -> Iterator[None]:
    agencies.turn(DOWN, down=True)
    agencies.turn(REFUSING, not_entitled=True)
    agencies.turn(SLOW, slow=SLOW_S)
    try:
        yield
    finally:
        agencies.turn(DOWN, down=False)
        agencies.turn(REFUSING, not_entitled=False)
        agencies.turn(SLOW, slow=0.0)
