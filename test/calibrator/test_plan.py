"""What is kept, what runs twice, how many processes: decided from the graph and the memory there is."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from graphs import branchy

from cvicast_remote import fast
from cvicast_remote.failures import Refused
from cvicast_remote.memory import OWN_BYTES, Need, available_bytes
from cvicast_remote.pictures import shards
from cvicast_remote.plan import Asked, Plan, decide
from cvicast_remote.segments import Segment, footprint, keep_all, least_work, needed, twice_share

GRAPH = branchy()
PRINTS = footprint(GRAPH, {})
COSTS = [0.1, 4, 2, 3, 1, 3, 1, 1, 2, 2]
KB = 1 << 10


def test_footprint() -> None:
    sizes = [op.size * 4 for op in GRAPH.ops]
    assert PRINTS.boundary == (
        *(0, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[4] + sizes[5], sizes[4] + sizes[6]),
        *(sizes[7], sizes[7], 0),
    )
    assert PRINTS.kept[9] == sizes[9]
    assert PRINTS.working == sizes[1] + sizes[2]


@pytest.mark.parametrize("limit", [0, 1, 600, 1100, 2200, 4200, 1 << 20])
def test_segments_cover_the_graph_within_the_limit(limit: int) -> None:
    segments = least_work(COSTS, PRINTS, limit)
    assert [i for s in segments for i in range(s.first, s.end)] == list(range(len(GRAPH.ops)))
    assert needed(segments, PRINTS) <= limit


def test_more_memory_never_means_more_work() -> None:
    shares = [twice_share(least_work(COSTS, PRINTS, limit), COSTS) for limit in range(0, 6000, 50)]
    assert shares == sorted(shares, reverse=True)
    assert (shares[0], shares[-1]) == (pytest.approx(1.0), 0.0)


def test_a_segment_that_runs_twice_needs_what_is_live_at_its_ends() -> None:
    assert needed([Segment(0, 2, True)], PRINTS) == PRINTS.boundary[2] > PRINTS.boundary[0]
    assert needed([Segment(2, 5, True)], PRINTS) == PRINTS.boundary[2] > PRINTS.boundary[5]
    assert needed([Segment(9, 10, False)], PRINTS) == PRINTS.boundary[9]


def test_enough_memory_keeps_everything() -> None:
    assert least_work(COSTS, PRINTS, needed(keep_all(GRAPH), PRINTS)) == keep_all(GRAPH)


def _decide(room: int, asked: Asked = "auto", processes: int = 4, pictures: int = 100_000) -> Plan:
    need = Need(10 * KB, KB, 0, PRINTS.working, 4 * KB, pictures, 5, processes)
    return decide(GRAPH, PRINTS, COSTS, need, asked, room)


def test_room_decides() -> None:
    much, less, little = (_decide(room) for room in (2 << 30, 300 << 20, 40 << 20))
    assert (much.mode, much.processes) == ("op", 4)
    assert (less.mode, less.processes) == ("stream", 4)
    assert little.processes < 4
    for plan, room in ((much, 2 << 30), (less, 300 << 20), (little, 40 << 20)):
        assert plan.predicted <= room


def test_too_little_room_is_refused() -> None:
    with pytest.raises(Refused, match="one process needs") as refused:
        _decide(OWN_BYTES)
    assert refused.value.code == "memory"


def test_asked_for_by_name() -> None:
    assert _decide(2 << 30, "stream").mode == "stream"
    with pytest.raises(Refused):
        _decide(100 << 20, "op", 1)


@pytest.mark.parametrize(("count", "processes"), [(1, 1), (3, 2), (37, 5), (100, 8)])
def test_shards_are_even_and_in_order(count: int, processes: int) -> None:
    runs = shards(count, processes)
    assert [n for run in runs for n in run] == list(range(count))
    assert max(map(len, runs)) - min(map(len, runs)) <= 1


@pytest.mark.parametrize(
    ("cores", "asked", "pictures", "processes"),
    [(4, None, 100, 4), (4, None, 3, 3), (4, 8, 100, 8), (4, 8, 3, 3), (4, 2, 3, 2), (1, None, 3, 1)],
)
def test_as_many_processes_as_cores_but_never_more_than_pictures(
    cores: int, asked: int | None, pictures: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)))
    request = fast.Request("m.mlir", "pictures", pictures, "auto", asked, None)
    loaded = SimpleNamespace(graph=GRAPH, pictures=range(pictures))
    assert fast._decide(request, loaded, PRINTS, COSTS).processes == processes  # type: ignore[arg-type]


def test_there_is_memory() -> None:
    assert available_bytes() > 0


def _control_group(folder: Path, most: str) -> Path:
    folder.mkdir()
    for name, text in (("max", most), ("current", str(50 * KB)), ("stat", f"anon 1\ninactive_file {20 * KB}\n")):
        (folder / f"memory.{name}").write_text(text)
    return folder


def test_a_control_groups_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [_control_group(tmp_path / "own", "max\n"), _control_group(tmp_path / "above", f"{90 * KB}\n"), tmp_path]
    monkeypatch.setattr("cvicast_remote.memory._control_groups", lambda: groups)
    # What is only a cache of files can be had back.
    assert available_bytes() == (90 - 50 + 20) * KB
    monkeypatch.setattr("cvicast_remote.memory._control_groups", lambda: groups[:1])
    assert available_bytes() > (90 - 50 + 20) * KB
