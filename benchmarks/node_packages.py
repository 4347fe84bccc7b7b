"""Others' programs from npm, locked in `from_npm/`, with a node to run them."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKED = ROOT / "benchmarks" / "from_npm"
FOLDER = ROOT / ".storymeter" / "peers" / "npm"
OLDEST_NODE = 22
BEGAN = time.monotonic()


class CannotRun(Exception):
    """What a judge needs is not at hand."""


def installed() -> Path:
    """Install what is locked below `FOLDER`, once for each lock file; returns a node that runs it.

    Raises:
        CannotRun: there is no npm, or it could not; or there is no node that is new enough.
    """
    lock = (LOCKED / "package-lock.json").read_bytes()
    done = FOLDER / "installed-lock.json"
    if not (done.is_file() and done.read_bytes() == lock):
        npm = shutil.which("npm")
        if npm is None:
            raise CannotRun("npm is not installed")
        tell("npm installs Prism, jira.js, emulate, axe and node …")
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(LOCKED / name, FOLDER / name)
        asked = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        if subprocess.run(asked, cwd=FOLDER, stdout=sys.stderr, check=False).returncode:
            raise CannotRun("npm could not install what is locked")
        done.write_bytes(lock)
    return _node()


def _node() -> Path:
    """Return the installed node, else the machine's own where it is not too old."""
    chip = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "")
    ours = FOLDER / "node_modules" / f"node-linux-{chip}" / "bin" / "node"
    if sys.platform == "linux" and ours.is_file():
        return ours
    found = shutil.which("node")
    if found is not None:
        asked = [found, "--version"]
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        if int(said.removeprefix("v").partition(".")[0]) >= OLDEST_NODE:
            return Path(found)
    raise CannotRun(f"there is no node of version {OLDEST_NODE} or newer for this machine")


def tell(sentence: str) -> None:
    """Say how it goes and when; the result alone goes to the output."""
    print(f"{time.monotonic() - BEGAN:6.1f} s  {sentence}", file=sys.stderr, flush=True)
