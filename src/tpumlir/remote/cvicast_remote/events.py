"""JSON lines for the client on the process's own stdout; everything else that is printed goes to stderr."""

import contextlib
import json
import os
import sys


class Events:
    """Takes stdout for itself: the toolchain prints there (from C++ too), and that must not land between our lines."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._fd = os.dup(1)
        os.set_inheritable(self._fd, False)
        os.dup2(2, 1)

    def emit(self, kind: str, **fields: object) -> None:
        """One line, one object. A reader that has gone away is no reason to fail."""
        line = json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":")) + "\n"
        with contextlib.suppress(BrokenPipeError):
            os.write(self._fd, line.encode())
