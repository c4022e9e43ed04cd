"""`linkage … | head`: that nobody reads on is no answer, and never the exit code of one."""

import os
import subprocess
import sys

_SAYINGS = ("out.print('one'); out.print('two')", "say({'one': 1})", "echo('one\\n')")


def test_a_reader_who_stops_ends_a_command_quietly_and_never_with_the_code_of_a_no() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", f"from linkage.cli.ending import echo, out, say; {saying}"], stdout=writer, stderr=subprocess.PIPE
        )
        for saying in _SAYINGS
    ]
    os.close(writer)

    ended = [(one.communicate(timeout=60)[1], one.returncode) for one in begun]

    assert [(b"", 141)] * len(_SAYINGS) == ended
