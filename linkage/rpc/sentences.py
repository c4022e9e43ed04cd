"""The sentences an officer reads with an answer, from `sentences.toml`. The start fails if one is missing."""

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files

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
        *("match_exception", "found", "record_not_found"),
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

    def _say(self, key: str, source: SourceName) -> sentence_pb2.Sentence:
        th, en = _SENTENCES[key]
        th_name, en_name = self._names().get(source, NAMELESS)
        return sentence_pb2.Sentence(th=th.replace("{source}", th_name), en=en.replace("{source}", en_name))
