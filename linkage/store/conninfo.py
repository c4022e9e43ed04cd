"""Files with a libpq connection string: how a PostgreSQL database is reached, and as whom. Only the file's owner may read it.

``host=db.example dbname=linkage_log user=linkage_gateway sslmode=verify-full sslrootcert=/etc/linkage/db-ca.pem``, or the same as a
``postgresql://`` URI.
"""

import os
from pathlib import Path

from psycopg import Error
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from linkage.errors import Problem, SettingsInvalid
from linkage.keyring import OTHERS

_LARGEST = 4096
_WHO = frozenset({"user", "password", "passfile", "sslcert", "sslkey", "sslpassword", "krbsrvname"})
"""Parameters that belong to a role, not to the place of its database."""
_NEEDED = ("host", "dbname", "user")


def read_conninfo(file: Path, key: str) -> str:
    """Read the connection string of a database.

    Args:
        file: where it stands, on one line.
        key: the setting or option that named the file, for problems.

    Raises:
        SettingsInvalid: unreadable, readable by others than its owner, or no connection string with host, dbname and user. No problem
            repeats what the file says.
    """
    found = _parsed(file, key)
    if missing := [name for name in _NEEDED if not found.get(name)]:
        raise _problem(file, key, f"no {', no '.join(missing)}", "a libpq connection string with host, dbname and user")
    return make_conninfo(**found)


def as_another(conninfo: str, file: Path, key: str) -> str:
    """The same database as somebody else: of the file's string only who it is counts.

    Raises:
        SettingsInvalid: as `read_conninfo`, but only the user has to be there.
    """
    who = {name: value for name, value in _parsed(file, key).items() if name in _WHO}
    if not who.get("user"):
        raise _problem(file, key, "no user", "a libpq connection string with the user who owns the databases")
    where = {name: str(value) for name, value in conninfo_to_dict(conninfo).items() if name not in _WHO}
    return make_conninfo(**(where | who))


def role_of(conninfo: str) -> str:
    """As whom the database is used; empty where the string does not say so."""
    return str(conninfo_to_dict(conninfo).get("user") or "")


def place_of(conninfo: str) -> str:
    """Where the database is, in a few words, without who uses it."""
    found = conninfo_to_dict(conninfo)
    return f"database {found.get('dbname', '')} on {found.get('host', '')}"


def address_of(conninfo: str) -> str:
    """Which database, where, and as whom: everything that an operator compares with what was meant, and no secret."""
    found = conninfo_to_dict(conninfo)
    return " ".join(
        f"{name}={found.get(name) or default}" for name, default in (("host", ""), ("port", 5432), ("dbname", ""), ("user", ""))
    )


def location_of(conninfo: str) -> str:
    """Which database, as far as the string tells, to be compared: two that say the same lead to one database, whoever uses it."""
    found = conninfo_to_dict(conninfo)
    return "\n".join(str(found.get(name) or default) for name, default in (("host", ""), ("hostaddr", ""), ("port", 5432), ("dbname", "")))


def is_same_place(one: str, other: str) -> bool:
    """Whether two strings name the same database, as far as they tell."""
    return all(conninfo_to_dict(one).get(name) == conninfo_to_dict(other).get(name) for name in ("host", "port", "dbname"))


def _parsed(file: Path, key: str) -> dict[str, str]:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(_LARGEST)
    except OSError as failure:
        raise _problem(file, key, failure.strerror or "unreadable", "a readable file with a libpq connection string") from failure
    if mode & OTHERS:
        raise _problem(file, key, f"permissions {mode & 0o777:o}", "600 or 400: nobody but its owner may read it")
    try:
        found = conninfo_to_dict(content.decode().strip())
    except (Error, UnicodeDecodeError):
        # libpq's own words may quote a part of a password.
        raise _problem(file, key, "something else", "one line with a libpq connection string: host=... dbname=... user=...") from None
    return {name: str(value) for name, value in found.items()}


def _problem(file: Path, key: str, got: str, expected: str) -> SettingsInvalid:
    return SettingsInvalid((Problem(str(file), key, got, expected),))
