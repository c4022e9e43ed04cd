"""What an adapter could leave behind beside itself: files, programs, and what its own modules and classes hold."""

import contextlib
import functools
import gc
import inspect
import os
import sys
from collections.abc import Iterator
from types import ModuleType

from linkage.sources.adapter import Adapter

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"})
_STORES = frozenset({"sqlite3.connect", "shutil.copyfile", "shutil.move", "os.rename", "os.mkdir"})

_listening: list[list[str]] = []
"""Where to note what is left behind; empty: nobody asks."""


@contextlib.contextmanager
def left_behind() -> Iterator[list[str]]:
    """Note every file written and every program started in this process inside the block, never under which name."""
    _hook()
    noted: list[str] = []
    _listening.append(noted)
    try:
        yield noted
    finally:
        _listening.remove(noted)


@functools.cache
def _hook() -> None:
    """Once: Python takes no audit hook back."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if not _listening:
        return
    what = _what(event, arguments)
    for noted in _listening if what else ():
        noted.append(what)


def _what(event: str, arguments: tuple[object, ...]) -> str:
    if event in _PROGRAMS:
        return "starts a program"
    if event in _STORES:
        return "writes a file"
    if event != "open" or len(arguments) != 3:
        return ""
    path, _, flags = arguments
    compiled = isinstance(path, str) and f"{os.sep}__pycache__{os.sep}" in path  # Python's own, of a module imported late
    return "writes a file" if isinstance(flags, int) and flags & _WRITING and not compiled else ""


def held_beside(adapter: Adapter) -> Iterator[object]:
    """What the adapter's own modules, and the classes and caches in them, hold."""
    for module in _own_modules(adapter):
        for name, value in list(vars(module).items()):
            if not name.startswith("__") and not _of_logging(value):
                yield from _inside(value, module)


def written_in(adapter: Adapter) -> str:
    """The source of these modules: a word of an agency's code table stands in it, and also in records."""
    return "\n".join(_source(module) for module in _own_modules(adapter))


def _source(module: ModuleType) -> str:
    try:
        return inspect.getsource(module)
    except (OSError, TypeError):
        return ""


def _inside(value: object, module: ModuleType) -> Iterator[object]:
    if isinstance(value, type):
        if value.__module__ == module.__name__:
            for inner in list(vars(value).values()):
                yield from _inside(inner, module) if not isinstance(inner, type) else ()
    elif hasattr(value, "cache_info"):
        yield from gc.get_referents(value)
    else:
        yield value


def _of_logging(value: object) -> bool:
    """Loggers lead to every handler of the process, and so to what other people keep."""
    return type(value).__module__.partition(".")[0] in ("logging", "structlog")


def _own_modules(adapter: Adapter) -> list[ModuleType]:
    """The modules that its classes are written in, and those of the same packages that these lead to; not its simulator or its tests."""
    classes = [one for one in type(adapter).__mro__ if one.__module__ not in ("builtins", "abc", "typing", Adapter.__module__)]
    packages = tuple({f"{one.__module__.rpartition('.')[0] or one.__module__}." for one in classes})
    found: dict[str, ModuleType] = {}
    waiting = [one.__module__ for one in classes]
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        if name in found or module is None or not f"{name}.".startswith(packages):
            continue
        found[name] = module
        values = list(vars(module).values())
        waiting += [one.__name__ if isinstance(one, ModuleType) else str(getattr(one, "__module__", "")) for one in values]
    return list(found.values())
