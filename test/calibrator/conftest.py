"""Shared by the calibrator's tests: where the toolchain is."""

import os

import pytest
from runs import Toolchain


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """The toolchain under test: CVICAST_TOOLCHAIN, a folder with bin/python."""
    folder = os.environ.get("CVICAST_TOOLCHAIN")
    if folder is None:
        pytest.skip("CVICAST_TOOLCHAIN names no toolchain")
    return Toolchain(folder)
