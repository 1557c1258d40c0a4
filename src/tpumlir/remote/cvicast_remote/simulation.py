"""What the chip's simulator made of the test picture with a finished model: deploy has it run, and verify needs it.

`model_deploy` compares the simulator's outputs and deletes them. The comparison, which is ours (compare.py), keeps them
with the hash of the file that was simulated: a second simulation takes 2.5 s for the sample, 3.9 s at 640 (2 cores,
2026-11-30).
"""

import contextlib
import hashlib
from pathlib import Path

OUTPUTS_OF_DEPLOY = "_model_outputs.npz"
"""How `model_deploy` names them, after its own prefix."""
KEPT = Path("simulated_outputs.npz")
HASH = Path("simulated_model.sha256")


def _hash(model: Path) -> str:
    return hashlib.sha256(model.read_bytes()).hexdigest()


def keep(outputs: Path) -> None:
    """When deploy compares: keeps the outputs past its end, where it is clear of which model they are."""
    models = list(Path().glob("*.cvimodel"))
    if not outputs.name.endswith(OUTPUTS_OF_DEPLOY) or len(models) != 1:
        return
    # Where it cannot (no links there, no room), the simulator runs once more.
    with contextlib.suppress(OSError):
        for old in (HASH, KEPT):
            old.unlink(missing_ok=True)
        KEPT.hardlink_to(outputs)
        HASH.write_text(_hash(models[0]))


def kept_of(model: Path) -> Path | None:
    """The outputs that were kept of this very file; None when there are none."""
    if not (KEPT.exists() and HASH.exists() and HASH.read_text() == _hash(model)):
        return None
    return KEPT
