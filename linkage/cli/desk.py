"""A counter on the command line: how it connects, and how it takes what must not stand on a command line.

Arguments are visible to everybody on the machine, and stay in the shell's history. So numbers, names, codes and tokens come from
standard input or from files, and visit and session tokens go to files that only their owner may read.
"""

import sys
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from linkage.client import Counter, save_receipt
from linkage.errors import Problem, SettingsInvalid
from linkage.settings import load
from linkage.v1 import receipt_pb2

Folder = Annotated[
    Path | None,
    typer.Option("--counter", metavar="FOLDER", help="A folder with target, ca.pem, cert.pem, key.pem and officer.jwt, as .demo/counter."),
]
Target = Annotated[str | None, typer.Option("--target", metavar="HOST:PORT", help="The gateway.")]
Ca = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="What the gateway's certificate must chain to, PEM.")]
Cert = Annotated[Path | None, typer.Option("--cert", metavar="FILE", help="The counter's certificate, PEM.")]
Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="Its private key, PEM.")]
TokenFile = Annotated[Path | None, typer.Option("--token-file", metavar="FILE", help="The officer's token.")]
Deadline = Annotated[float, typer.Option("--deadline", min=0.1, max=300, help="Seconds to wait for the answer.")]
Receipts = Annotated[Path | None, typer.Option("--receipts", metavar="FOLDER", help="Save the receipt there.")]
NumberFile = Annotated[
    Path | None, typer.Option("--number-file", metavar="FILE", help="Read the citizen number from this file, not from standard input.")
]

_LONGEST_LINE = 65_536


@dataclass(frozen=True, slots=True)
class Desk:
    """What the options say about the connection."""

    folder: Path | None
    target: str | None
    ca: Path | None
    cert: Path | None
    key: Path | None
    token_file: Path | None
    config: Path | None

    def connect(self, deadline_s: float) -> Counter:
        """Open the connection.

        Raises:
            typer.BadParameter: something is not given.
            SettingsInvalid: a file cannot be read.
        """
        target = self.target or self._target()
        ca, cert, key = self._file(self.ca, "ca"), self._file(self.cert, "cert"), self._file(self.key, "key")
        token = read_line(self.token_file or self._beside("--token-file", "officer.jwt"))
        return Counter.connect(target, ca, cert, key, token, deadline_s=deadline_s)

    def _target(self) -> str:
        if self.folder is not None:
            return read_line(self.folder / "target")
        if self.config is not None:
            return load(self.config).server.listen
        raise typer.BadParameter("--target HOST:PORT is required, or --counter FOLDER, or --config FILE of a gateway on this machine")

    def _file(self, given: Path | None, name: str) -> Path:
        return given or self._beside(f"--{name}", f"{name}.pem")

    def _beside(self, option: str, name: str) -> Path:
        if self.folder is None:
            raise typer.BadParameter(f"{option} FILE is required, or --counter FOLDER")
        return self.folder / name

    def kept(self, given: Path | None, option: str, name: str) -> Path:
        """The file that a token is kept in: as given, or beside the counter's own files."""
        return given or self._beside(option, name)


class Lines:
    """What is typed or piped in, one value a line. ``file`` None: standard input, without echo where somebody types."""

    def __init__(self, file: Path | None) -> None:
        self._lines = None if file is None else iter(_text(file).splitlines())

    def next(self, what: str) -> str:
        """The next value.

        Raises:
            typer.BadParameter: there is none.
        """
        if self._lines is not None:
            line = next(self._lines, None)
        elif sys.stdin.isatty():
            line = getpass(f"{what}: ")
        else:
            line = sys.stdin.readline(_LONGEST_LINE) or None
        if line is None:
            raise typer.BadParameter(f"a line is missing: {what}")
        return line.strip()


def read_line(path: Path) -> str:
    """A file's one line.

    Raises:
        SettingsInvalid: it cannot be read, or is empty.
    """
    line = _text(path).strip()
    if not line or "\n" in line:
        raise SettingsInvalid((Problem(str(path), "file", "another form", "one line"),))
    return line


def save(receipt: receipt_pb2.Receipt | None, folder: Path | None, name: str) -> None:
    """Save a receipt where the options want it.

    Raises:
        SettingsInvalid: it cannot be written.
    """
    if receipt is None or folder is None or not receipt.leaf:
        return
    try:
        save_receipt(receipt, folder, name)
    except OSError as failure:
        raise SettingsInvalid((Problem(str(folder), "file", failure.strerror or "unwritable", "a folder for receipts"),)) from failure


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        got = (failure.strerror or "unreadable") if isinstance(failure, OSError) else "bytes that are not UTF-8"
        raise SettingsInvalid((Problem(str(path), "file", got, "a readable text file"),)) from None
