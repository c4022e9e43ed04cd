"""The sentences an officer reads with an answer, from `sentences.toml`. The start fails if one is missing."""

import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files

from linkage.errors import Reason
from linkage.papers import Paper, PaperNeed, Why
from linkage.rpc.reasons import TABLE
from linkage.terms import Assurance, CardProblem, NoMatch, SourceName, Verdict
from linkage.v1 import sentence_pb2

Names = Callable[[], Mapping[str, tuple[str, str]]]
"""Gives each source's Thai and English name."""

NAMELESS = ("หน่วยงานเจ้าของข้อมูล", "The agency")

_KEYS = frozenset(
    {
        *(verdict.value for verdict in Verdict if verdict not in (Verdict.NO_MATCH, Verdict.CARD_NOT_VALID)),
        *(f"{Verdict.NO_MATCH.value}_{part.value}" for part in NoMatch),
        *(f"{Verdict.CARD_NOT_VALID.value}_{problem.value}" for problem in CardProblem),
        *("match_exception", "found", "record_not_found", "bundle", "bundle_none", "paper_check"),
        *(f"paper_{why.value}" for why in Why if why not in (Why.REFUSED, Why.UNAVAILABLE, Why.STAYS)),
    }
)


def _load() -> Mapping[str, tuple[str, str]]:
    content = tomllib.loads(files("linkage.rpc").joinpath("sentences.toml").read_text(encoding="utf-8"))
    if content.keys() != _KEYS:
        raise RuntimeError(f"sentences.toml and the verdicts differ in {sorted(content.keys() ^ _KEYS)}")
    return {key: (row["th"], row["en"]) for key, row in content.items()}


_SENTENCES = _load()


class Sentences:
    """Says things about sources, by name."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def verdict(
        self, verdict: Verdict, part: NoMatch | CardProblem | None, source: SourceName, assurance: Assurance
    ) -> sentence_pb2.Sentence:
        """What to tell the officer of a verdict."""
        key = verdict.value if part is None else f"{verdict.value}_{part.value}"
        exception = verdict is Verdict.MATCH and assurance is Assurance.EXCEPTION
        return self._say("match_exception" if exception else key, source)

    def answer(self, found: bool, source: SourceName) -> sentence_pb2.Sentence:
        """What to tell the officer of a lookup's answer."""
        return self._say("found" if found else "record_not_found", source)

    def refusal(self, reason: Reason, source: SourceName) -> sentence_pb2.Sentence:
        """What to tell the officer of a refusal."""
        row = TABLE[reason]
        return self._named((row.th, row.en), source)

    def paper(self, paper: Paper) -> sentence_pb2.Sentence:
        """Why a document is needed or not, with the condition under which it is demanded at all."""
        said = self._because(paper)
        if paper.need is not PaperNeed.ASK_IF:
            return said
        condition = paper.document.condition
        th, en = ("ถ้ามี", "If there is one") if condition is None else (condition.th, condition.en)
        return sentence_pb2.Sentence(th=f"{th} – {said.th}", en=f"{en} – {said.en}")

    def bundle(self, needless: int, copies: int) -> sentence_pb2.Sentence:
        """How many copies a citizen need not bring."""
        key = "bundle" if copies else "bundle_none"
        th, en = (text.replace("{needless}", str(needless)).replace("{copies}", str(copies)) for text in _SENTENCES[key])
        return sentence_pb2.Sentence(th=th, en=en)

    def _because(self, paper: Paper) -> sentence_pb2.Sentence:
        if paper.document.paper is not None:
            return sentence_pb2.Sentence(th=paper.document.paper.th, en=paper.document.paper.en)
        source = paper.source or SourceName("")
        if paper.need is PaperNeed.NO_COPY_IF and paper.document.check is not None:
            said, check = self._say("paper_check", source), paper.document.check
            return sentence_pb2.Sentence(th=said.th.replace("{check}", check.th), en=said.en.replace("{check}", check.en))
        if paper.reason is not None and TABLE[paper.reason].who == "counter":
            return self._say("paper_not_asked", source)  # a slip of the counter's software is nothing to tell a citizen
        if paper.reason is not None:
            return self.refusal(paper.reason, source)
        return self._say(f"paper_{paper.why.value}", source)

    def _say(self, key: str, source: SourceName) -> sentence_pb2.Sentence:
        return self._named(_SENTENCES[key], source)

    def _named(self, sentence: tuple[str, str], source: SourceName) -> sentence_pb2.Sentence:
        th, en = _naming(sentence, self._names().get(source, NAMELESS))
        return sentence_pb2.Sentence(th=th, en=en)


@lru_cache(maxsize=1024)
def _naming(sentence: tuple[str, str], name: tuple[str, str]) -> tuple[str, str]:
    """The sentence about a source of this name."""
    (th, en), (th_name, en_name) = sentence, name
    return th.replace("{source}", th_name), en.replace("{source}", en_name)
