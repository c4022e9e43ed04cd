"""Bundles on the wire: what `LookupService.LookupBundle` reads, and the messages it streams."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from linkage.audit.receipt import Receipt
from linkage.bundle import Bundle, BundleAsk, Member, Plan, Question, Summary
from linkage.call import Call
from linkage.errors import Reason, Refusal
from linkage.ids import id_text
from linkage.lookup_terms import LookupReply
from linkage.papers import Came, PaperNeed, Standing
from linkage.rpc.encode import CHECKS, encode_record, encode_session
from linkage.rpc.questions import juristic_in, read_fields
from linkage.rpc.reading import Reading
from linkage.rpc.refusals import Refusals
from linkage.rpc.retries import Retries
from linkage.rpc.sentences import Sentences
from linkage.rpc.status import duration, encode_receipt, wait_of
from linkage.store.contract import Once
from linkage.terms import FieldName, RecordType, ServiceId, SourceName, SubjectKind
from linkage.v1 import lookup_pb2 as pb
from linkage.v1 import record_pb2

_MOST_RECORDS = 50
_MOST_LOGINS = 16

_NOBODY_CAN_TELL = frozenset(
    {
        Reason.AGENCY_UNAVAILABLE,
        Reason.AUDIT_UNAVAILABLE,
        Reason.DEADLINE_TOO_SHORT,
        Reason.INTERNAL,
        Reason.LOG_CORRUPT,
        Reason.OVERLOADED,
        Reason.REQUEST_IN_PROGRESS,
    }
)
"""Refusals that say nothing about the record or the right to it: asking again may help."""

_NEEDS = {
    PaperNeed.NO_COPY: pb.PAPER_NEED_NO_COPY,
    PaperNeed.NO_COPY_IF: pb.PAPER_NEED_NO_COPY_IF,
    PaperNeed.ASK: pb.PAPER_NEED_ASK,
    PaperNeed.ASK_IF: pb.PAPER_NEED_ASK_IF,
}


@dataclass(frozen=True, slots=True)
class Bundling:
    """Reads, walks the corridor, streams."""

    corridor: Bundle
    retries: Retries
    refusals: Refusals
    sentences: Sentences

    async def stream(self, request: pb.LookupBundleRequest, call: Call) -> AsyncIterator[pb.LookupBundleResponse]:
        """Every record as it comes, then the summary."""
        plan = self.corridor.plan(call, self._read(request, call))
        call.weigh(len(plan.members))
        standings: dict[RecordType, Standing] = {}
        answers = self.corridor.answers(plan, self._answered)
        try:
            async for member, record in answers:
                standings[member.ask.record_type] = _standing(member, record)
                yield pb.LookupBundleResponse(record=record)
        finally:
            await answers.aclose()
        yield pb.LookupBundleResponse(summary=await self._summary(call, plan, standings))

    async def _answered(self, member: Member) -> tuple[Member, pb.BundledRecord]:
        """One record's message, whatever became of it."""

        async def attempt() -> pb.BundledRecord:
            reply, receipt = await self.corridor.look_up(member, lambda reply: self.retries.pack(self._brought(member, reply)))
            record = self._brought(member, reply)
            record.receipt.CopyFrom(encode_receipt(receipt))
            return record

        try:
            return member, await self.retries.answered(member.call, attempt, pb.BundledRecord)
        except Exception as failure:  # noqa: BLE001 (the door's own catch, for one message of a stream: nobody else's record fails with it)
            return member, self._refused(member, await self.refusals.settle(failure, member.call.id, member.call.facts))

    def _brought(self, member: Member, reply: LookupReply) -> pb.BundledRecord:
        record = self._begun(member)
        record.sentence.CopyFrom(self.sentences.answer(reply.fields is not None, reply.source))
        if reply.fields is None:
            record.not_found.SetInParent()
        else:
            record.found.record.CopyFrom(encode_record(reply.record_type, reply.source, reply.fields, reply.received_ms))
            record.found.person_check = CHECKS[reply.person_check]
        if reply.renewed is not None:
            record.renewed_session.CopyFrom(encode_session(reply.renewed, reply.source))
        return record

    def _refused(self, member: Member, refusal: Refusal) -> pb.BundledRecord:
        record = self._begun(member)
        record.sentence.CopyFrom(self.sentences.refusal(refusal.reason, SourceName(refusal.source or member.source)))
        seconds = wait_of(refusal)
        wait = None if seconds is None else duration(seconds)
        if refusal.reason in _NOBODY_CAN_TELL:
            record.unavailable.CopyFrom(pb.UnavailableRecord(reason=refusal.reason.value, retry_after=wait))
        else:
            fields = [name for i, name in enumerate(member.ask.fields) if f"fields[{i}]" in {v.field for v in refusal.violations}]
            quota = refusal.detail if refusal.reason is Reason.AGENCY_QUOTA_EXHAUSTED else ""
            record.refused.CopyFrom(pb.RefusedRecord(reason=refusal.reason.value, retry_after=wait, fields=fields, quota=quota))
        if isinstance(refusal.receipt, Receipt):
            record.receipt.CopyFrom(encode_receipt(refusal.receipt))
        return record

    def _begun(self, member: Member) -> pb.BundledRecord:
        return pb.BundledRecord(record_type=member.ask.record_type, source=member.source, request_id=id_text(member.call.id))

    async def _summary(self, call: Call, plan: Plan, standings: Mapping[RecordType, Standing]) -> pb.BundleSummary:
        summary, receipt = await self.corridor.conclude(call, plan, standings)
        return pb.BundleSummary(
            found=summary.count(Came.FOUND),
            not_found=summary.count(Came.NOT_FOUND),
            refused=summary.count(Came.REFUSED),
            unavailable=summary.count(Came.UNAVAILABLE),
            documents=self._documents(summary),
            copies_not_needed=summary.copies_not_needed,
            copies_in_all=summary.copies_in_all,
            sentence=self.sentences.bundle(summary.copies_not_needed, summary.copies_in_all),
            request_id=id_text(call.id),
            receipt=encode_receipt(receipt),
        )

    def _documents(self, summary: Summary) -> list[pb.DocumentNeed]:
        return [
            pb.DocumentNeed(
                document=paper.document.id,
                name_th=paper.document.name.th,
                name_en=paper.document.name.en,
                need=_NEEDS[paper.need],
                because=self.sentences.paper(paper),
                record_types=[need.record_type for need in paper.document.needs],
            )
            for paper in summary.papers
        ]

    def _read(self, request: pb.LookupBundleRequest, call: Call) -> BundleAsk:
        reading = Reading()
        client_request_id = reading.client_request_id(request.client_request_id)
        company = request.juristic_person if request.HasField("juristic_person") else None
        tokens = request.agency_session_tokens
        if len(tokens) > _MOST_LOGINS:
            reading.wrong("agency_session_tokens", f"at most {_MOST_LOGINS} are expected")

        def once(question: Question) -> Once | None:
            return self.retries.once(call.caller, client_request_id, _alone(request, question), part=question.record_type)

        ask = BundleAsk(
            visit_token=reading.token("visit_token", request.visit_token),
            service=ServiceId(reading.identifier("service", request.service)),
            questions=_questions(reading, request),
            juristic=juristic_in(reading, "juristic_person", company) if company is not None else None,
            login_tokens=tuple(reading.token(f"agency_session_tokens[{i}]", token) for i, token in enumerate(tokens[:_MOST_LOGINS])),
            once=once,
        )
        reading.done()
        return ask


def _questions(reading: Reading, request: pb.LookupBundleRequest) -> tuple[Question, ...]:
    if len(request.records) > _MOST_RECORDS:
        reading.wrong("records", f"at most {_MOST_RECORDS} are expected")
        return ()
    types = [record.record_type for record in request.records]
    for i, name in enumerate(types):
        if name in types[:i]:
            reading.wrong(f"records[{i}].record_type", "each record type once")
    return tuple(_question(reading, f"records[{i}]", record) for i, record in enumerate(request.records))


def _question(reading: Reading, where: str, record: pb.RecordQuestion) -> Question:
    kind = record.subject.WhichOneof("kind")
    body = record.subject.juristic_person
    return Question(
        RecordType(reading.identifier(f"{where}.record_type", record.record_type)),
        read_fields(reading, f"{where}.fields", record.fields),
        juristic_in(reading, f"{where}.subject.juristic_person", body) if kind == "juristic_person" else None,
        named=kind is not None,
    )


def _alone(request: pb.LookupBundleRequest, question: Question) -> pb.LookupRequest:
    """What makes one record's question the same as that of an earlier try: all but the logins, which may have been renewed meanwhile."""
    alone = pb.LookupRequest(
        visit_token=request.visit_token, service=request.service, record_type=question.record_type, fields=question.fields
    )
    if question.juristic is not None:
        juristic = question.juristic
        alone.subject.juristic_person.CopyFrom(pb.JuristicPerson(juristic_number=juristic.number.reveal(), ground=juristic.ground))
    return alone


def _standing(member: Member, record: pb.BundledRecord) -> Standing:
    about = SubjectKind.PERSON if member.ask.juristic is None else SubjectKind.JURISTIC
    asked = member.ask.fields
    match record.WhichOneof("result"):
        case "found":
            given = frozenset(FieldName(field.name) for field in record.found.record.fields if _holds_something(field))
            return Standing(Came.FOUND, about, asked, given)
        case "not_found":
            return Standing(Came.NOT_FOUND, about, asked)
        case "refused":
            return Standing(Came.REFUSED, about, asked, reason=Reason(record.refused.reason))
        case _:
            return Standing(Came.UNAVAILABLE, about, asked, reason=Reason(record.unavailable.reason))


def _holds_something(field: record_pb2.Field) -> bool:
    """Whether the agency holds a value: an empty list, text or group shows nothing that a paper would."""
    match field.value.WhichOneof("kind"):
        case None:
            return False
        case "text":
            return bool(field.value.text.strip())
        case "list":
            return bool(field.value.list.values)
        case "group":
            return any(_holds_something(inner) for inner in field.value.group.fields)
        case _:
            return True
