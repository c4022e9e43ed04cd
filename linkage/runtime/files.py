"""Register, agreements and services, loaded together: each names the others' ids, so only all three at once can be right.

A gateway starts only with files that are right. Later a bad new version is refused whole and the old one stays in force, visibly.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from pathlib import Path

from linkage.agreements import Book, Known, read_book
from linkage.catalogue import Names, RecordKind, read_catalogue
from linkage.errors import Problem, SettingsInvalid
from linkage.identity import read_register
from linkage.in_force import InForce
from linkage.pages import pages_of
from linkage.settings import Settings

Stamp = tuple[tuple[str, int, int, int], ...]
"""Of every file its path, time of change, size and inode."""


def load_files(settings: Settings, record_kinds: Sequence[RecordKind]) -> InForce:
    """Load all three. ``record_kinds``: the record types of all enabled adapters.

    Raises:
        SettingsInvalid: every problem of every file.
    """
    problems: list[Problem] = []
    files = settings.files
    register, agencies = read_register(files.register, problems)
    catalogue, services = read_catalogue(files.services, record_kinds, Names(agencies, settings.sources.keys()), problems)
    known = Known(
        agencies=agencies,
        sources=settings.sources.keys(),
        services=services,
        records={kind.type: kind.fields.keys() for kind in record_kinds},
    )
    book = read_book(files.agreements, known, problems)
    problems.extend(_not_set_up(settings, book, agencies))
    if problems:
        raise SettingsInvalid(tuple(problems))
    digests = f"register {register.digest}\ncatalogue {catalogue.digest}\nagreements {book.digest}\n"
    return InForce(register, catalogue, book, hashlib.sha256(digests.encode()).hexdigest())


def _not_set_up(settings: Settings, book: Book, agencies: Collection[str] | None) -> Iterator[Problem]:
    """What is agreed and cannot be asked: else an officer would read that the agency is down, and nobody would ever mend it."""
    for agreement in book.agreements:
        source = settings.sources.get(agreement.source)
        if source is not None and agreement.recipient not in source.recipients:
            key = f"agreement[{agreement.id}].recipient"
            yield Problem(
                str(settings.files.agreements), key, repr(agreement.recipient), f"a recipient with settings at {agreement.source}"
            )
    for name, source in settings.sources.items():
        for recipient in source.recipients if agencies is not None else ():
            if recipient not in (agencies or ()):
                yield Problem("settings", f"sources.{name}.recipients.{recipient}", repr(recipient), "an agency of the register")


class WatchedFiles:
    """The version in force. Looks at the files every ``settings.files.reload_seconds``, and loads all when one has changed.

    Args:
        files: the version the gateway starts with.
        settings: where the files are.
        record_kinds: as `load_files` takes them.
        record: awaited with each new version before it is put in force; where it says that the version could not be recorded, the old
            one stays in force, and the next look tries again.
        on_problem: called on the event loop with the problems of each version that was refused.
        on_mended: called on the event loop when what is on disk is again the version in force.
    """

    def __init__(
        self,
        files: InForce,
        settings: Settings,
        record_kinds: Sequence[RecordKind],
        *,
        record: Callable[[InForce], Awaitable[bool]],
        on_problem: Callable[[tuple[Problem, ...]], None],
        on_mended: Callable[[], None] = lambda: None,
    ) -> None:
        self.current = files
        self.last_error: tuple[Problem, ...] | None = None
        """Why the newest version on disk is not in force; None where it is."""
        self._settings = settings
        self._record_kinds = record_kinds
        self._record = record
        self._on_problem = on_problem
        self._on_mended = on_mended
        self._stamp: Stamp | None = None

    async def run(self) -> None:
        """Watch until cancelled. What changed between loading and the first look is noticed, too: the first look loads."""
        while True:
            await self.look()
            await asyncio.sleep(self._settings.files.reload_seconds)

    async def look(self) -> None:
        """Look once; load what has changed, in a thread, so that no call waits for it."""
        stamp = _stamp(self._settings)
        if stamp == self._stamp and self.last_error is None:
            return  # while a version is refused, it may be mended from outside these files (an issuer's key file)
        self._stamp = stamp  # taken before loading: a change meanwhile is seen by the next look
        try:
            loaded = await asyncio.to_thread(load_files, self._settings, self._record_kinds)
        except SettingsInvalid as failure:
            if failure.problems != self.last_error:
                self.last_error = failure.problems
                self._on_problem(failure.problems)
            return
        mended, self.last_error = self.last_error is not None, None
        if loaded.digest != self.current.digest:
            if await self._record(loaded):
                self.current = loaded
            else:
                self._stamp = None
        elif mended:
            self._on_mended()


def _stamp(settings: Settings) -> Stamp:
    files = settings.files
    return tuple(_of(path) for path in [files.register, *_with_pages(files.services), *_with_pages(files.agreements)])


def _with_pages(path: Path) -> list[Path]:
    """A file, or a folder and the files in it: a new file changes the folder's own time of change."""
    try:
        return [path, *pages_of(path)]
    except OSError:
        return [path]


def _of(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (str(path), 0, 0, 0)
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)
