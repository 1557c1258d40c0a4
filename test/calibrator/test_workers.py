"""Forked workers: what one of them says or suffers ends the run, and none is left."""

import os
import signal
import sys
import time
from pathlib import Path

from cvicast_remote.failures import NotCovered, Refused
from cvicast_remote.shared import shared_array
from cvicast_remote.workers import Workers


def _wait_forever() -> None:
    while True:
        time.sleep(1)


def _gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def _watched(work: object, count: int = 2) -> Refused | NotCovered | None:
    workers = Workers()
    workers.start(count, work)  # type: ignore[arg-type]
    pids = workers.pids()
    try:
        workers.watch(lambda: None, lambda number: f"place {number}")
    except (Refused, NotCovered) as error:
        return error
    finally:
        workers.end()
        assert _gone(pids)
    return None


def test_all_done() -> None:
    done = shared_array((3,), "int64")

    def work(number: int) -> None:
        done[number] = number + 1

    assert _watched(work, 3) is None
    assert done.tolist() == [1, 2, 3]


def test_a_failure_ends_the_others() -> None:
    def work(number: int) -> None:
        if number == 1:
            raise ValueError("the reason")
        _wait_forever()

    error = _watched(work)
    assert isinstance(error, Refused)
    assert (error.code, error.message) == ("worker-failed", "ValueError: the reason")


def test_ours_come_through() -> None:
    def refuses(_number: int) -> None:
        raise Refused("picture-gone", "a.jpg")

    def not_covered(_number: int) -> None:
        raise NotCovered("infinite")

    refused = _watched(refuses)
    assert isinstance(refused, Refused)
    assert refused.code == "picture-gone"
    assert isinstance(_watched(not_covered), NotCovered)


def test_a_killed_worker_has_last_words() -> None:
    def work(number: int) -> None:
        if number == 0:
            print("what I wanted to say", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        _wait_forever()

    error = _watched(work)
    assert isinstance(error, Refused)
    assert error.code == "worker-killed"
    assert error.message == "worker 1 was killed by SIGKILL at place 0; last words: what I wanted to say"


def test_a_worker_that_ends_by_itself_is_a_failure() -> None:
    def work(number: int) -> None:
        if number == 1:
            os._exit(3)
        _wait_forever()

    error = _watched(work)
    assert isinstance(error, Refused)
    assert error.code == "worker-killed"
    assert error.message == "worker 2 ended with exit code 3 at place 1; last words: it said nothing"


def test_out_of_memory_says_so() -> None:
    def work(_number: int) -> None:
        raise MemoryError

    error = _watched(work)
    assert isinstance(error, Refused)
    assert error.code == "memory"


def test_workers_end_with_their_parent() -> None:
    reading, writing = os.pipe()
    parent = os.fork()
    if parent == 0:
        os.close(reading)
        workers = Workers()
        workers.start(2, lambda _number: _wait_forever())
        os.write(writing, " ".join(map(str, workers.pids())).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(writing)
    pids = [int(word) for word in os.read(reading, 100).split()]
    os.waitpid(parent, 0)
    # The workers hold the pipe's other end: it ends when they do.
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert len(pids) == 2
