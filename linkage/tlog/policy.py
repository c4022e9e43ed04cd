"""Trust policies (c2sp.org/tlog-policy): which logs are believed, and whose cosignatures a checkpoint needs.

Names are opaque: bytes beyond ASCII are compared as they are, whatever they encode.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from linkage.tlog.checkpoint import Checkpoint, parse_body
from linkage.tlog.cosignature import CosignerKey, cosigned_by
from linkage.tlog.encoding import from_decimal
from linkage.tlog.errors import NoteInvalid, PolicyInvalid
from linkage.tlog.note import VerifierKey, open_note

MAX_POLICY = 256 * 1024
"""Bytes. Larger files are refused unread."""
NONE = "none"
"""The quorum that needs nobody; no witness or group may be called so."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its name in the policy."""

    key: CosignerKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses when at least ``needed`` of its members do."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. ``logs``: each key that may sign, with where the log is, if that is said."""

    logs: Mapping[VerifierKey, str | None]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str

    def is_met_by(self, cosigned: Collection[str]) -> bool:
        """Whether cosignatures of the witnesses of these names are enough."""
        witnessing = set(cosigned) & self.witnesses.keys()
        for name, group in self.groups.items():  # each stands after its members
            if len(witnessing.intersection(group.members)) >= group.needed:
                witnessing.add(name)
        return self.quorum == NONE or self.quorum in witnessing

    def judge(self, note: bytes) -> Checkpoint:
        """Verify that a checkpoint is signed by one of the logs and cosigned by the quorum.

        Raises:
            NoteInvalid: malformed, not signed by one of the logs, or a known key's signature does not hold.
            PolicyInvalid: too few cosignatures.
        """
        opened = open_note(note, tuple(self.logs))
        checkpoint = parse_body(opened.text)
        if checkpoint.origin not in {key.name for key in opened.signed_by}:
            raise NoteInvalid("checkpoint origin", got="another", expected="the name of the log's key")
        names = {witness.key: name for name, witness in self.witnesses.items()}
        cosigned = {names[key] for key in cosigned_by(note, tuple(names))}
        if not self.is_met_by(cosigned):
            raise PolicyInvalid("cosignatures", got=f"{len(cosigned)} of the policy's witnesses", expected="its quorum")
        return checkpoint


def parse_policy(raw: bytes) -> Policy:
    """Read a policy file.

    Raises:
        PolicyInvalid: a line is wrong (the message names its number and never repeats it), or there is not exactly one quorum.
    """
    if len(raw) > MAX_POLICY:
        raise PolicyInvalid("policy", got=f"{len(raw)} bytes", expected=f"at most {MAX_POLICY}")
    if raw and not raw.endswith(b"\n"):
        raise PolicyInvalid("policy", got="no final newline", expected="whole lines")
    stray = next((place for place, octet in enumerate(raw) if (octet < 0x20 and octet not in b"\t\n") or octet == 0x7F), None)
    if stray is not None:
        raise PolicyInvalid("policy", got=f"a control character at {stray}", expected="none but tab and newline")
    reading = _Reading()
    for number, line in enumerate(raw.decode("utf-8", "surrogateescape").split("\n"), start=1):
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if words and not words[0].startswith("#"):
            reading.line(f"line {number}", words)
    return reading.policy()


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    logs: dict[VerifierKey, str | None] = field(default_factory=dict)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    quorum: str | None = None

    def line(self, where: str, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._log(where, vkey, *url)
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._witness(where, name, vkey, *url)
            case ["group", name, needed, *members] if members:
                self._group(where, name, needed, members)
            case ["quorum", name]:
                self._quorum(where, name)
            case [("log" | "witness" | "group" | "quorum") as word, *_]:
                raise PolicyInvalid(where, got=f"{word} with {len(words) - 1} words", expected="as many as it takes")
            case _:
                raise PolicyInvalid(where, got="another word", expected="log, witness, group or quorum")

    def policy(self) -> Policy:
        if self.quorum is None:
            raise PolicyInvalid("quorum", got="none", expected="exactly one line")
        return Policy(self.logs, self.witnesses, self.groups, self.quorum)

    def _log(self, where: str, vkey: str, url: str | None = None) -> None:
        try:
            key = VerifierKey.parse(vkey)
        except (NoteInvalid, UnicodeEncodeError):
            raise PolicyInvalid(where, got="another form", expected="the vkey of a log's Ed25519 key") from None
        if key.public in {other.public for other in self.logs}:
            raise PolicyInvalid(where, got="a log's key again", expected="each once")
        self.logs[key] = url

    def _witness(self, where: str, name: str, vkey: str, url: str | None = None) -> None:
        self._new(where, name)
        try:
            key = CosignerKey.parse(vkey)
        except (NoteInvalid, UnicodeEncodeError):
            raise PolicyInvalid(where, got="another form", expected="the vkey of a witness's Ed25519 key (type 0x04)") from None
        if key.public in {other.key.public for other in self.witnesses.values()}:
            raise PolicyInvalid(where, got="a witness's key again", expected="each once")
        self.witnesses[name] = Witness(key, url)

    def _group(self, where: str, name: str, needed: str, members: list[str]) -> None:
        self._new(where, name)
        many = {"all": len(members), "any": 1}.get(needed)
        many = from_decimal(needed) if many is None else many
        if many is None or not 1 <= many <= len(members):
            raise PolicyInvalid(where, got="another threshold", expected=f"all, any, or 1 to {len(members)}")
        for member in members:
            self._defined(where, member)
            if member in self.taken:
                raise PolicyInvalid(where, got="a member of a group again", expected="each name in one group, once")
            self.taken.add(member)
        self.groups[name] = Group(many, tuple(members))

    def _quorum(self, where: str, name: str) -> None:
        if self.quorum is not None:
            raise PolicyInvalid(where, got="a second quorum", expected="exactly one")
        if name != NONE:
            self._defined(where, name)
        self.quorum = name

    def _new(self, where: str, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise PolicyInvalid(where, got="a name that is taken", expected="each name once, and none of them `none`")

    def _defined(self, where: str, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyInvalid(where, got="a name not defined before", expected="a witness or group of a line above")
