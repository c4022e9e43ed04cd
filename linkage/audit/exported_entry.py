"""Reads an entry from its leaf alone, where no column stands beside it."""

import re
from typing import Any, Final

from linkage.audit.record import VERSION, EntryInvalid, parse_leaf
from linkage.store.contract import StoredEntry

_ID: Final = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MEMBERS: Final = {"boot": str, "eid": str, "facts": dict, "kind": str, "replica": str, "t": int, "v": int}
_MAY: Final = {"ref": str, "sealed": dict}


def read_entry(index: int, leaf: bytes, digest: bytes) -> StoredEntry:
    """The entry at ``index``, whose leaf hash is ``digest``.

    Raises:
        EntryInvalid: the leaf is not in the form of an entry; the message does not repeat it.
    """
    members = parse_leaf(leaf)
    if not _MEMBERS.keys() <= members.keys() <= _MEMBERS.keys() | _MAY.keys():
        raise EntryInvalid("its members are not those of an entry")
    for name, value in members.items():
        if type(value) is not (_MEMBERS.get(name) or _MAY[name]):
            raise EntryInvalid(f"its {name} is not of the type that it has in an entry")
    if members["v"] != VERSION:
        raise EntryInvalid(f"its version is not {VERSION}")
    if members["t"] < 0 or not members["kind"]:
        raise EntryInvalid("its time or kind cannot be one")
    ref = _id(members, "ref") if "ref" in members else None
    return StoredEntry(index, digest, leaf, _id(members, "eid"), members["kind"], ref, members["t"])


def _id(members: dict[str, Any], name: str) -> bytes:
    text: str = members[name]
    if _ID.fullmatch(text) is None:
        raise EntryInvalid(f"its {name} is no lower-case UUID")
    return bytes.fromhex(text.replace("-", ""))
