"""Processes made by fork after the model is loaded, so that weights are shared; watched until all are done.

A worker that fails or is killed ends the run at once, with its own last words. Whatever ends the parent ends them all.
"""

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from cvicast_remote.failures import NotCovered, Refused

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.02
LAST_WORDS_BYTES = 2000


@dataclass
class _Worker:
    number: int
    pid: int
    output: int
    """A file in memory that takes the worker's stdout and stderr."""
    verdict: int
    """A file in memory that takes what failed, as JSON."""


def _read(fd: int, most: int) -> str:
    size = os.fstat(fd).st_size
    return os.pread(fd, most, max(0, size - most)).decode(errors="replace")


def _verdict(error: BaseException) -> dict[str, str]:
    if isinstance(error, NotCovered):
        return {"kind": "not-covered", "message": str(error)}
    if isinstance(error, Refused):
        return {"kind": "refused", "code": error.code, "message": error.message}
    if isinstance(error, MemoryError):
        return {"kind": "refused", "code": "memory", "message": "a worker ran out of memory"}
    words = "".join(traceback.format_exception_only(type(error), error)).strip()
    return {"kind": "refused", "code": "worker-failed", "message": words}


class Workers:
    """Forks, watches, ends."""

    def __init__(self) -> None:
        self._workers: list[_Worker] = []

    def start(self, count: int, work: Callable[[int], None]) -> None:
        """Runs work(0) … work(count-1), each in its own process."""
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        for number in range(count):
            output, verdict = os.memfd_create("output"), os.memfd_create("verdict")
            pid = os.fork()
            if pid == 0:
                self._child(parent, number, work, output, verdict)
            self._workers.append(_Worker(number, pid, output, verdict))

    @staticmethod
    def _child(parent: int, number: int, work: Callable[[int], None], output: int, verdict: int) -> None:
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.stdout = sys.stderr = open(2, "w", buffering=1, closefd=False)
            work(number)
            code = 0
        except BaseException as error:
            traceback.print_exc()
            os.write(verdict, json.dumps(_verdict(error)).encode())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def pids(self) -> list[int]:
        """Of the workers that live."""
        return [worker.pid for worker in self._workers]

    def watch(self, look: Callable[[], None], where: Callable[[int], str]) -> None:
        """Waits for all, calling look() now and then. Raises what a worker raised, or Refused("worker-killed")."""
        while self._workers:
            for worker in list(self._workers):
                done, status = os.waitpid(worker.pid, os.WNOHANG)
                if done:
                    self._workers.remove(worker)
                    try:
                        self._judge(worker, status, where)
                    finally:
                        os.close(worker.output)
                        os.close(worker.verdict)
            look()
            time.sleep(WATCH_SECONDS)

    def _judge(self, worker: _Worker, status: int, where: Callable[[int], str]) -> None:
        code = os.waitstatus_to_exitcode(status)
        words = _read(worker.output, LAST_WORDS_BYTES)
        if words:
            sys.stderr.write(words)
        if code == 0:
            return
        said = _read(worker.verdict, LAST_WORDS_BYTES)
        verdict: dict[str, str] = json.loads(said) if said else {}
        if verdict.get("kind") == "not-covered":
            raise NotCovered(verdict["message"])
        if verdict.get("kind") == "refused":
            raise Refused(verdict["code"], verdict["message"])
        end = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last = words.strip().splitlines()[-1:] or ["it said nothing"]
        raise Refused(
            "worker-killed", f"worker {worker.number + 1} {end} at {where(worker.number)}; last words: {last[0]}"
        )

    def end(self) -> None:
        """Kills what still lives and waits for it. Does nothing when all are done."""
        for worker in self._workers:
            os.kill(worker.pid, signal.SIGKILL)
        for worker in self._workers:
            os.waitpid(worker.pid, 0)
            os.close(worker.output)
            os.close(worker.verdict)
        self._workers.clear()
