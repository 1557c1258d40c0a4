"""Runs a command at a terminal of its own: terminal.py COMMAND ARGUMENTS…

SIGUSR1 closes the terminal, as somebody does who closes its window: the command gets SIGHUP from the system itself, and
whatever it writes from then on fails. Ends with the command's exit code.
"""

import os
import pty
import select
import signal
import sys


def main(command: list[str]) -> int:
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    while True:
        ready, _, _ = select.select([terminal, heard], [], [])
        if heard in ready:
            break
        try:
            text = os.read(terminal, 65536)
        except OSError:
            # The command has ended, and with it the other side.
            break
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
