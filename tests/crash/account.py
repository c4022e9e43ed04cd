"""The account: what the agencies were asked and what the counters were answered, compared with what the log says."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linkage.audit.report import Report
from linkage.store.sqlite_keys import SqliteKeys
from tests.crash.counters import AGAIN, Answer, Asked, Way
from tests.crash.final_log import FinalLog, log_of, verified
from tests.crash.receipts import Receipts, checkpoint_in
from tests.journeys.world import Place


@dataclass(frozen=True, slots=True)
class Evidence:
    """What everybody but the log says."""

    place: Place
    asked: tuple[Asked, ...]
    received: tuple[Mapping[str, Any], ...]
    defects: int
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One claim, over how many cases, and the cases that contradict it."""

    claim: str
    cases: int
    faults: tuple[str, ...]


@dataclass(slots=True)
class Account:
    """All lines; and figures that are neither right nor wrong."""

    lines: list[Line] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether no line has a fault."""
        return not any(line.faults for line in self.lines)


def draw_up(evidence: Evidence, tell: Callable[[str, int, int], None]) -> Account:
    """Compare everything with everything."""
    vkey = (evidence.place.folder / "log.vkey").read_text(encoding="ascii").strip()
    log = log_of(evidence.place)
    answers = [(asked, answer) for asked in evidence.asked for answer in asked.answers]
    replies = [(asked, answer) for asked, answer in answers if answer.way is Way.REPLIED]
    refusals = [(asked, answer) for asked, answer in answers if answer.way is Way.REFUSED]
    shown = Receipts(log, vkey, [answer for _, answer in answers], tell)
    report, findings = verified(evidence.place)
    account = Account(
        [
            Line("Every query that an agency received has an intent", len(evidence.received), without_intent(log, evidence.received)),
            Line("No query is older than its intent", len(evidence.received), _too_early(log, evidence.received)),
            Line("Every reply's receipt proves an outcome that says the same", len(replies), _replies(log, shown, replies)),
            Line("Every refusal's receipt proves an entry that says the same", len(refusals), _refusals(log, shown, refusals)),
            Line("Every checkpoint seen in a receipt is a prefix of the log", len(shown.checkpoints), shown.not_prefixes()),
            _repeated(log, evidence.asked),
            _answered_at_last(evidence.asked),
            _ended_visits(log),
            Line("Every intent is closed", len(log.intents), tuple(f"intent {eid}" for eid in log.intents if eid not in log.closed_by)),
            _recovered(log, replies),
            _sealed(log, evidence.place.folder / "data-keys.db"),
            Line("`audit verify` finds nothing, and names what was recovered", report.size, (*findings, *_named(log, report))),
            Line("No defect in the gateway's own words, no other trouble", 1, _troubles(evidence)),
        ]
    )
    account.figures = _figures(log, evidence, answers)
    return account


# ---- the lines


def without_intent(log: FinalLog, received: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Queries that reached an agency although this log, their gateway's, holds no intent for them."""
    without = Counter(one["operation"] for one in received if one["request_id"] not in log.intents)
    return tuple(f"{times} x {operation} without intent" for operation, times in without.items())


def _too_early(log: FinalLog, received: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    intents = ((one, log.intents.get(one["request_id"])) for one in received)
    return tuple(f"{one['operation']} {intent.eid}" for one, intent in intents if intent is not None and intent.ms > one["at_ms"])


def _replies(log: FinalLog, shown: Receipts, replies: list[tuple[Asked, Answer]]) -> tuple[str, ...]:
    return tuple(
        f"{asked.method} {answer.request_id}: {why}" for asked, answer in replies if (why := _reply_fault(log, shown, asked, answer))
    )


def _reply_fault(log: FinalLog, shown: Receipts, asked: Asked, answer: Answer) -> str:
    entry = shown.entry_of(answer)
    if isinstance(entry, str):
        return entry
    if asked.method == "EndVisit":
        return "" if (entry.kind, entry.eid) == ("visit_end", answer.request_id) else f"its receipt is of {entry.kind}"
    if (entry.kind, entry.ref) != ("outcome", answer.request_id) or entry.ref not in log.intents:
        return f"its receipt is of {entry.kind} of another request"
    if answer.word and entry.facts["result"] != answer.word:
        return f"answered {answer.word}, recorded {entry.facts['result']}"
    return ""


def _refusals(log: FinalLog, shown: Receipts, refusals: list[tuple[Asked, Answer]]) -> tuple[str, ...]:
    return tuple(f"{asked.method} {answer.word}: {why}" for asked, answer in refusals if (why := _refusal_fault(log, shown, answer)))


def _refusal_fault(log: FinalLog, shown: Receipts, answer: Answer) -> str:
    if answer.receipt is None:
        return "" if answer.word in AGAIN else "no receipt"
    entry = shown.entry_of(answer)
    if isinstance(entry, str):
        return entry
    if answer.request_id not in (entry.eid, entry.ref) or entry.kind not in ("denied", "outcome"):
        return f"its receipt is of {entry.kind} of another request"
    if entry.kind == "outcome" and entry.ref not in log.intents:
        return "its receipt is of an outcome without intent"
    return "" if entry.facts["reason"] == answer.word else f"recorded as {entry.facts['reason']}"


def _repeated(log: FinalLog, asked: tuple[Asked, ...]) -> Line:
    """What was answered in one life and asked again in a later one."""
    again = [one for one in asked if len({answer.life for answer in one.answers}) > 1]
    return Line(
        "What was answered before a kill is answered alike after it",
        len(again),
        tuple(why for one in again if (why := _differs(log, one))),
    )


def _differs(log: FinalLog, asked: Asked) -> str:
    """Where two answers to one request differ; refusals are decided anew each time, and a visit may have ended in between."""
    replies = {(answer.request_id, answer.body) for answer in asked.answers if answer.way is Way.REPLIED}
    refused = [answer for answer in asked.answers if answer.way is Way.REFUSED and answer.word not in AGAIN]
    reasons = {answer.word for answer in refused if not _visit_had_ended(log, answer)}
    if len(replies) + len(reasons) <= 1:
        return ""
    return f"{asked.method}: {[(answer.life, answer.request_id, answer.word) for answer in asked.answers]}"


def _visit_had_ended(log: FinalLog, answer: Answer) -> bool:
    if answer.word != "VISIT_ENDED" or answer.receipt is None:
        return False
    denied = json.loads(answer.receipt.leaf)["facts"]
    return any(end.facts["visit"] == denied["visit"] and end.index < answer.receipt.index for end in log.of_kind("visit_end"))


def _answered_at_last(asked: Iterable[Asked]) -> Line:
    """Requests with an id of the counter's that were sent in several lives."""
    again = [one for one in asked if one.client_request_id and len(one.lives) > 1]
    faults = tuple(f"{one.method}: {why}" for one in again if (why := _refused_for_ever(one)))
    return Line("What was asked again after a kill was answered in the end", len(again), faults)


def _refused_for_ever(asked: Asked) -> str:
    """No counter uses an id twice: whoever is told so was asking again, and has no way left to be answered."""
    if any(answer.word == "REQUEST_ID_REUSED" for answer in asked.answers):
        return "its own id is held against it"
    return "given up" if asked.given_up else ""


def _ended_visits(log: FinalLog) -> Line:
    ends = {entry.facts["visit"]: entry.index for entry in reversed(log.of_kind("visit_end"))}
    after = [one for one in log.intents.values() if one.index > ends.get(one.facts.get("visit", ""), one.index)]
    return Line("No intent follows its visit's end", len(ends), tuple(f"intent at {one.index}" for one in after))


def _recovered(log: FinalLog, replies: list[tuple[Asked, Answer]]) -> Line:
    answered = {answer.request_id for _, answer in replies}
    recovered = log.of_kind("recovered")
    return Line(
        "Nothing that was recovered had been answered", len(recovered), tuple(f"intent {e.ref}" for e in recovered if e.ref in answered)
    )


def _sealed(log: FinalLog, data_keys: Path) -> Line:
    """Each sealed entry's data key is kept with a pseudonym, so that a search finds whom the entry is about."""
    named = {entry.sealed["key"] for entry in log.entries if entry.sealed}
    keys = SqliteKeys(data_keys)
    try:
        rows = {key: keys.get(bytes.fromhex(key)) for key in named}
    finally:
        keys.close()
    return Line(
        "Every sealed entry's data key is kept and can be searched",
        len(named),
        tuple(key for key, row in rows.items() if row is None or row.pseudonym is None),
    )


def _named(log: FinalLog, report: Report) -> tuple[str, ...]:
    recovered = [entry.index for entry in log.of_kind("recovered")]
    return () if report.recovered == recovered else ("it names other entries as recovered",)


def _troubles(evidence: Evidence) -> tuple[str, ...]:
    return (*evidence.troubles, *((f"{evidence.defects} defects logged",) if evidence.defects else ()))


def _figures(log: FinalLog, evidence: Evidence, answers: list[tuple[Asked, Answer]]) -> dict[str, int]:
    met = [
        one
        for one in evidence.asked
        if one.client_request_id and len(one.lives) > 1 and one.answers and one.answers[0].life != min(one.lives)
    ]
    return {
        "requests made": len(evidence.asked),
        "sendings of them": sum(one.sent for one in evidence.asked),
        **{f"lost with {code}": n for code, n in sorted(Counter(code for one in evidence.asked for code in one.lost).items())},
        "queries received by agencies": len(evidence.received),
        "answers received by counters": len(answers),
        "entries in the log": len(log.entries),
        "starts recorded in the log": len(log.of_kind("boot")),
        "orphans, closed as recovered": len(log.of_kind("recovered")),
        "met a kill, then answered from the log": sum(_from_before(log, one) for one in met),
        "met a kill, then asked anew": sum(not _from_before(log, one) for one in met),
        **{f"refused as {word}": n for word, n in sorted(Counter(a.word for _, a in answers if a.way is Way.REFUSED).items())},
    }


def _from_before(log: FinalLog, asked: Asked) -> bool:
    """Whether the first answer is one whose intent an earlier life had recorded than the one that gave it."""
    first = asked.answers[0]
    intent = log.intents.get(first.request_id)
    if intent is None or first.receipt is None:
        return False
    return any(boot.index > intent.index for boot in log.of_kind("boot") if boot.index < _size(first))


def _size(answer: Answer) -> int:
    return 0 if answer.receipt is None else checkpoint_in(answer.receipt.tlog_proof)[0]
