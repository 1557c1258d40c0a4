#!/usr/bin/env python3
"""Stands before tpu_mlir's own npz_tool.py on PATH: see cvicast_remote.compare."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cvicast_remote.compare import main

if __name__ == "__main__":
    main(sys.argv[1:])
