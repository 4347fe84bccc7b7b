"""docs/connect/agent.py in a Python that has nothing but the wheel's client."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

from benchmarks.gateways_stage import PAGES, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def unpacked_client(folder: Path) -> Path:
    """Build the wheel and unpack the client alone."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=sys.stderr)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        names = [name for name in wheel.namelist() if name.startswith("storymeter/")]
        wheel.extractall(folder, names)
    return folder


def run(
    client: Path, story: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the script for a story, without the packages of this environment."""
    return subprocess.run(
        [sys.executable, "-S", str(PAGES / "agent.py"), story, f"For {story}."],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(client), **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
