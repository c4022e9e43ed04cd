"""The credentials that a simulator takes, as the files that its adapter's settings name."""

import shutil
import tempfile
import weakref
from pathlib import Path


class SecretFiles:
    """A temporary folder with one file per secret, readable by this user alone; gone with this object, at the latest with the process."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="linkage-simulator-"))  # 0700
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def holding(self, name: str, secret: str) -> str:
        """The path of a file ``name`` that holds this secret."""
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")
        return str(path)
