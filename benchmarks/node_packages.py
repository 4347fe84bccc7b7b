"""Others' programs from npm, pinned, under `.storymeter/peers`, with a node to run them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NODE = "node@24.21.0"


class CannotRun(Exception):
    """What a judge needs is not at hand."""


def installed(folder: Path, *packages: str) -> Path:
    """Install the packages and a node that runs them, once; returns that node.

    Raises:
        CannotRun: there is no npm, or it could not.
    """
    node = folder / "node_modules" / "node" / "bin" / "node"
    named = (*packages, NODE)
    wanted = json.dumps({"private": True, "description": " ".join(named)})
    manifest = folder / "installed.json"
    if manifest.is_file() and manifest.read_text() == wanted and node.exists():
        return node
    npm = shutil.which("npm")
    if npm is None:
        raise CannotRun("npm is not installed")
    tell(f"Installing {', '.join(named)} …")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact", *named],
        cwd=folder, stdout=sys.stderr, check=False,
    )  # fmt: skip
    if done.returncode or not node.exists():
        raise CannotRun(f"npm could not install {', '.join(named)}")
    manifest.write_text(wanted)
    return node


def tell(sentence: str) -> None:
    """Say how it goes; the result alone goes to the output."""
    print(sentence, file=sys.stderr, flush=True)
