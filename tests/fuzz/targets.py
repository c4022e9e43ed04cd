"""Every parser that is fuzzed."""

from tests.fuzz import files, formats, logs, witnesses
from tests.fuzz.rounds import Target

ALL: tuple[Target, ...] = (*formats.TARGETS, *witnesses.TARGETS, *logs.TARGETS, *files.TARGETS)
