"""JMESPath over a reply that nobody trusts: compiled once, and a key that is absent told from one that is null.

JMESPath itself answers null for both. A path of plain keys and indexes is therefore walked here; whatever computes (functions,
projections, alternatives) counts as absent where it comes to null, since nobody can tell what the reply meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

import jmespath
from jmespath import exceptions, functions

from linkage.sources.adapter import Malformed

LONGEST = 300
"""Characters of one expression."""

MOST_CALLS = 6
"""Functions in one expression."""

MOST_CHOSEN = 8
"""Parts of all ``[a, b]`` and ``{a: b}`` in one expression."""

_FAILURES = (exceptions.JMESPathError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What an expression may come to on values it was not written for. Their texts repeat values, and go no further."""


class Absent(Enum):
    """The reply does not speak of it."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class Expression:
    """One compiled expression. Equal texts are equal expressions."""

    __slots__ = ("_compiled", "_steps", "is_condition", "names", "negates", "text")

    def __init__(self, text: str) -> None:
        """Compile.

        Raises:
            ValueError: not an expression, too long, or with a function that does not exist or takes another number of arguments.
        """
        if len(text) > LONGEST:
            raise ValueError(f"an expression of at most {LONGEST} characters")
        try:
            self._compiled = jmespath.compile(text)
        except exceptions.JMESPathError as wrong:
            raise ValueError(f"a JMESPath expression ({type(wrong).__name__})") from None
        tree = self._compiled.parsed
        for problem in (*_wrong_calls(tree), *_growth(tree)):
            raise ValueError(problem)
        self.text = text
        self.names = frozenset(node["value"] for node in _nodes(tree) if node["type"] == "field")
        """Every key it mentions, at any depth."""
        self.is_condition = _is_condition(tree)
        """Whether it can come to true: a comparison, or what is made of comparisons."""
        self.negates = _negates(tree)
        """Whether it says what something is not, so that it fits whatever nobody knows yet."""
        self._steps = _steps(tree)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def of(self, body: object) -> object | Absent:
        """What it comes to; None where the reply says null on the way.

        Raises:
            Malformed: the reply has another shape than it was written for; the message names the expression only.
        """
        if self._steps is not None:
            return self._walked(body, self._steps)
        try:
            value: object = self._compiled.search(body)
        except _FAILURES:
            raise Malformed(f"expected what {self.text} can be computed from") from None
        return ABSENT if value is None else value

    def holds(self, body: object) -> bool:
        """Whether it comes to true, and nothing less.

        Raises:
            Malformed: it cannot be computed from this reply. To call that false would pass over a rule for failures.
        """
        try:
            return self._compiled.search(body) is True
        except _FAILURES:
            raise Malformed(f"expected what {self.text} can be computed from") from None

    def _walked(self, body: object, steps: Sequence[str | int]) -> object | Absent:
        value = body
        for step in steps:
            if value is None:
                return None
            if not isinstance(value, dict if isinstance(step, str) else list):
                raise Malformed(f"expected {'an object' if isinstance(step, str) else 'an array'} on the way of {self.text}")
            try:
                value = value[step]  # type: ignore[index]  # a step fits what it walks, by the line above
            except LookupError:
                return ABSENT
        return value


def _nodes(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield tree
    for child in tree.get("children", ()):
        if isinstance(child, dict):
            yield from _nodes(child)


def _steps(tree: Mapping[str, Any]) -> tuple[str | int, ...] | None:
    """The keys and indexes of a plain path; None for anything that computes."""
    match tree["type"]:
        case "current" | "identity":
            return ()
        case "field" | "index":
            return (tree["value"],)
        case "subexpression" | "index_expression":
            parts = [_steps(child) for child in tree["children"]]
            return None if None in parts else tuple(step for part in parts if part is not None for step in part)
        case _:
            return None


def _growth(tree: Mapping[str, Any]) -> Iterator[str]:
    """An expression may pick and compare; one that multiplies what came could fill the memory from a small reply."""
    nodes = list(_nodes(tree))
    chosen = sum(len(node["children"]) for node in nodes if node["type"].startswith("multi_select"))
    calls = [node for node in nodes if node["type"] == "function_expression"]
    if chosen > MOST_CHOSEN or len(calls) > MOST_CALLS:
        yield f"an expression with at most {MOST_CALLS} functions, and {MOST_CHOSEN} parts in brackets and braces"
    if any(node["value"] == "join" and node["children"][0]["type"] != "literal" for node in calls if node["children"]):
        yield "an expression that joins with a text of its own"
    if _spellings(tree) > 1:
        yield "an expression without to_string of what to_string gave"


_SIDE_BY_SIDE = ("multi_select", "key_val_pair", "comparator", "and_expression", "or_expression", "not_expression")


def _spellings(tree: Mapping[str, Any]) -> int:
    """How often to_string may work on its own outcome: each time doubles what it must escape."""
    told = [_spellings(child) for child in tree.get("children", ()) if isinstance(child, dict)]
    inner = max(told, default=0) if tree["type"].startswith(_SIDE_BY_SIDE) else sum(told)
    return inner + int(tree["type"] == "function_expression" and tree["value"] == "to_string")


def _negates(tree: Mapping[str, Any]) -> bool:
    return any(
        node["type"] == "not_expression"
        or (node["type"] == "comparator" and (node["value"] == "ne" or any(map(_is_condition, node["children"]))))
        for node in _nodes(tree)
    )


def _is_condition(tree: Mapping[str, Any]) -> bool:
    match tree["type"]:
        case "comparator" | "not_expression":
            return True
        case "function_expression":
            return tree["value"] in {"contains", "starts_with", "ends_with"}
        case "and_expression" | "pipe":  # comes to its last part, or to what makes it false
            return _is_condition(tree["children"][-1])
        case "or_expression":
            return all(map(_is_condition, tree["children"]))
        case _:
            return False


def _wrong_calls(tree: Mapping[str, Any]) -> Iterator[str]:
    known = functions.Functions().FUNCTION_TABLE
    for node in _nodes(tree):
        if node["type"] != "function_expression":
            continue
        if node["value"] not in known:
            yield "a JMESPath expression whose functions exist"
            continue
        signature = known[node["value"]]["signature"]
        given, variadic = len(node["children"]), bool(signature) and bool(signature[-1].get("variadic"))
        if given < len(signature) or (given > len(signature) and not variadic):
            yield "a JMESPath expression whose functions have their number of arguments"
