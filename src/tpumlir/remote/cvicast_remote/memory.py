"""How much memory there is, how much a run will need, how much it used."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

OWN_BYTES = 12 << 20
"""A worker's own pages over the shared ones, whatever the model: interpreter, allocator. Measured, as are the next."""

BUFFERS = 3.5
"""Buffers of the two modules that a worker writes, in activations of one picture. Both together are a little more than
what workers were seen to own with YOLO11n: 14 MiB at 224 (cls), 22 at 320, 58 at 640."""

TRIAL_BUFFERS = 3
"""A tuning trial needs this many tensors of the largest size: difference, quantised tensor, the module's output."""

MARGIN = 0.9
"""Share of the available memory that a plan may take."""


def available_bytes() -> int:
    """What this process and its children may still take: of the machine, its control group and its own limits."""
    limits = [_machine_available()]
    for folder in _control_groups():
        try:
            most = (folder / "memory.max").read_text().strip()
            if most != "max":
                limits.append(int(most) - int((folder / "memory.current").read_text()) + _reclaimable(folder))
        except (OSError, ValueError):
            continue
    space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if space != resource.RLIM_INFINITY:
        limits.append(space - _virtual())
    return max(0, min(limits))


def _machine_available() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _control_groups() -> list[Path]:
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    own = next((line[3:] for line in lines if line.startswith("0::")), None)
    if own is None:
        return []
    folder = root / own.lstrip("/")
    chain = [folder, *folder.parents]
    return [f for f in chain if f == root or root in f.parents]


def _reclaimable(folder: Path) -> int:
    for line in (folder / "memory.stat").read_text().splitlines():
        if line.startswith("inactive_file "):
            return int(line.split()[1])
    return 0


def _virtual() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def proportional_bytes(pid: int) -> int:
    """Memory of a process, pages that several processes share divided among them; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def own_bytes(pid: int) -> int:
    """Resident memory of a process without files and shared memory, but with the pages that a fork left it; 0 when
    it is gone. Quick to ask."""
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    except (OSError, ValueError):
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


KEPT_OVERHEAD = 1.08
"""Kept activations take this many times their size: gaps between them, outputs that wait to be counted. Measured."""


@dataclass(frozen=True)
class Need:
    """What a run needs, in bytes. `base`: this process with the model loaded; `board`: the shared numbers."""

    base: int
    board: int
    picture: int
    """Activations kept for each picture at the worst moment of collecting."""
    working: int
    """Activations of one picture on its way through the graph."""
    largest: int
    """The largest single activation."""
    pictures: int
    tuning_pictures: int
    processes: int

    def total(self) -> int:
        """The peak of all processes together."""
        collecting = int(KEPT_OVERHEAD * self.pictures * self.picture) + self.processes * self.working
        tuning = self.processes * (self.tuning_pictures * self.working + TRIAL_BUFFERS * self.largest)
        own = OWN_BYTES + int(BUFFERS * self.working)
        return self.base + self.board + self.processes * own + max(collecting, tuning)
