"""The demo: builds a small true world beside its settings file, runs the gateway in it, plays the story, and verifies the log."""

import json
import subprocess
import sys
import threading
from pathlib import Path

from linkage.client import Counter, check_receipt
from linkage.clock import SystemClock
from linkage.errors import LinkageError
from linkage.runtime import story_bundle
from linkage.runtime.agreed import load_kinds
from linkage.runtime.demo_agencies import REDIRECT_URI, Agencies, AgencyDidNotStart, running_agencies
from linkage.runtime.demo_gateway import GatewayDidNotStart, command, running_gateway
from linkage.runtime.demo_place import Place, build_place
from linkage.runtime.story import LASER, NUMBER, OFFICER_NUMBER, PERSON_FIELDS, RECIPIENT, Story, StoryFailed
from linkage.runtime.story_audit import AUDITOR, AuditFailed, tell_audit
from linkage.runtime.story_page import Page
from linkage.runtime.written import replace_private
from linkage.settings import load
from linkage.v1.verification_pb2 import ThaidCode

__all__ = ["StoryFailed", "play"]

LEAST_RECEIPTS = 5


def play(settings: Path, page: Page, *, stay: bool) -> None:
    """Play the demo. Everything it starts is ended when it returns.

    Args:
        settings: where the settings go; its folder is built afresh.
        page: told what happens.
        stay: when the story is over, keep everything up until Ctrl-C.

    Raises:
        StoryFailed: a step went another way than it should.
        SettingsInvalid: the folder cannot be built.
    """
    clock = SystemClock()
    started = clock.monotonic()
    page.title(
        "linkage: เก็บสำเนาไว้ที่บ้าน", "One counter, one gateway, two simulated agencies, invented people. Real mTLS, real gRPC, a real log."
    )
    try:
        with running_agencies() as agencies:
            place = build_place(settings, agencies, clock)
            page.setting(f"keys, certificates and settings made in {_near(place.folder)}")
            with running_gateway(place) as pid:
                page.setting(f"gateway: process {pid} on {place.target}; {len(agencies.urls)} agencies simulated")
                with Counter.from_folder(place.counter) as counter:
                    kinds = {kind.type: kind for kind in load_kinds(load(place.settings), place.settings)}
                    Story(counter, agencies, place, kinds, page).tell()
                    _verify_log(counter, agencies, place, page)
                    tell_audit(place, page, NUMBER)
                page.good("DONE", "จบเรื่อง", f"{clock.monotonic() - started:.0f} s. Everything is left in {_near(place.folder)}.")
                if stay:
                    _stay(agencies, place, page)
    except (GatewayDidNotStart, AgencyDidNotStart) as failure:
        raise StoryFailed(f"{type(failure).__name__}: {failure}") from failure
    except AuditFailed as failure:
        raise StoryFailed(f"step {len(page.steps)}: {failure}") from failure


def _verify_log(counter: Counter, agencies: Agencies, place: Place, page: Page) -> None:
    page.step("ตรวจบันทึกการเข้าถึงทั้งหมด", "The access log is verified: computed again from its entries, and every receipt offline")
    done = subprocess.run(  # noqa: S603 (our own command)
        command("audit", "verify", "--config", str(place.settings), "--json"), capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode != 0:
        raise StoryFailed(f"step {len(page.steps)}: audit verify ended with {done.returncode}: {done.stdout or done.stderr}")
    report = json.loads(done.stdout)
    vkey = place.vkey.read_text(encoding="ascii").strip()
    names = sorted(path.stem for path in place.receipts.glob("*.tlog-proof"))
    for name in names:
        leaf, proof = (place.receipts / f"{name}.leaf").read_bytes(), (place.receipts / f"{name}.tlog-proof").read_bytes()
        try:
            check_receipt(leaf, proof, vkey)
        except LinkageError as failure:
            raise StoryFailed(f"step {len(page.steps)}: receipt {name}: {failure}") from failure
    if len(names) < LEAST_RECEIPTS or counter.checkpoint().vkey != vkey:
        raise StoryFailed(f"step {len(page.steps)}: {len(names)} receipts, or the gateway names another key")
    questions = agencies.asked()
    for request_id in questions:
        if not counter.receipt(request_id):
            raise StoryFailed(f"step {len(page.steps)}: an agency was asked something that the log does not know")
    page.good(
        "VERIFIED",
        f"{report['entries']} รายการ",
        f"{report['entries']} entries under {report['checkpoints']} signed checkpoints: nothing changed, nothing missing.",
    )
    page.note(
        f"{len(names)} receipts verify offline with log.vkey. {len(questions)} requests reached an agency; each has its intent in the log."
    )


def _stay(agencies: Agencies, place: Place, page: Page) -> None:
    """Leave a counter ready to call: a card to show, and the officer logged in once more."""
    with Counter.from_folder(place.counter) as counter:
        begun = counter.begin_login(recipient=RECIPIENT, source="dopa", officer_number=OFFICER_NUMBER)
        code = agencies.consent(OFFICER_NUMBER)
        reply = counter.confirm_login(begun.login_token, begun.offices[0].id, ThaidCode(code=code, redirect_uri=REDIRECT_URI))
    replace_private(place.counter / f"dopa.{reply.session.recipient}.session", reply.session.token + "\n")
    replace_private(place.counter / "card", f"{NUMBER}\nสมมติ\nทดสอบระบบ\n25300115\n{LASER}\n")
    linkage = f"{_near(Path(sys.executable))} -m linkage.cli.main"
    desk, config = f"--counter {_near(place.counter)}", _near(place.settings)
    page.lines(
        "",
        "Everything stays up until Ctrl-C. In another terminal, from here:",
        "",
        f"  {linkage} verify {desk} --recipient {RECIPIENT} --service {story_bundle.SERVICE} < {_near(place.counter)}/card",
        f"  {linkage} bundle {desk} --service {story_bundle.SERVICE}",
        f"  {linkage} lookup {desk} --service {story_bundle.SERVICE} --type dopa.person --fields {','.join(PERSON_FIELDS[:3])}",
        f"  {linkage} audit verify --config {config}",
        f"  {linkage} audit search --config {config} --auditor {AUDITOR} --result found",
        f"  {linkage} audit statistics --config {config} --auditor {AUDITOR}",
        f"  {linkage} agreements show --config {config}",
        "",
        f"Any gRPC client can call {place.target} with what is in {_near(place.counter)}.",
        f"Let DOPA fail:  curl -d '{{\"down\": true}}' {agencies.urls['dopa']}/_simulator/knobs",
    )
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        page.lines("", "ended")


def _near(path: Path) -> Path:
    """A path as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
