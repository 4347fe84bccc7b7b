"""Other people's programs, in virtual environments of their own that are kept between runs."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".storymeter"
INSTALL_TIMEOUT_S = 1200


class CannotRun(Exception):
    """The peers are not at hand; the message says why."""


def kept_venv(group: str, name: str, packages: Sequence[str]) -> Path:
    """Return the `bin` folder of an environment with exactly these packages asked for.

    Installs them by name from the package index of this machine, once. Raises CannotRun.
    """
    folder = KEPT / group / name
    wanted = "\n".join(packages)
    done = folder / "installed.txt"
    if done.is_file() and done.read_text() == wanted:
        return folder / "bin"
    print(f"Installing {', '.join(packages)} …", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    try:
        ended = subprocess.run(
            [*pip, "--disable-pip-version-check", *packages], check=False, text=True,
            capture_output=True, timeout=INSTALL_TIMEOUT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CannotRun(f"pip took over {INSTALL_TIMEOUT_S} s for {packages[0]}") from None
    if ended.returncode:
        errors = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")]
        raise CannotRun(
            f"pip cannot install {packages[0]}: {(errors or ['it does not say why'])[-1]}"
        )
    done.write_text(wanted)
    return folder / "bin"
