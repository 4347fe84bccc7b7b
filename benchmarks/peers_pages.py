"""What axe makes of our pages, in a real Chromium, after the demo's Sprint.

Every page is opened in both themes, on a phone and on a projector. The last line of the output is
JSON; without npm or Chromium it is `{"skipped": why}`. STORYMETER_SHOTS names a folder that gets a
picture of each page.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.node_packages import FOLDER, ROOT, CannotRun, installed, tell

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GRAVE = ("critical", "serious")
SHOWN = 30


def main() -> int:
    """Play the Sprint, let axe look; 1 when it finds anything serious."""
    try:
        node, browser = installed(), found_browser()
    except CannotRun as why:
        print(json.dumps({"skipped": str(why)}))
        return 0
    found = run(node, browser)
    for each in found["findings"][:SHOWN]:
        nodes = " | ".join(each["nodes"])
        tell(f"{each['impact']}: {each['id']} on {each['where']}: {each['help']}: {nodes}")
    for complaint in [*found["too_wide"], *found["without_focus"]][:SHOWN]:
        tell(complaint)
    impacts = Counter(each["impact"] for each in found["findings"])
    result = {
        "pages": found["pages"],
        "looks": found["looks"],
        "serious": sum(impacts[impact] for impact in GRAVE),
        "moderate_or_minor": impacts["moderate"] + impacts["minor"],
        "too_wide": len(found["too_wide"]),
        "without_visible_focus": len(found["without_focus"]),
    }
    print(json.dumps(result))
    bad = ("serious", "too_wide", "without_visible_focus")
    return 1 if any(result[name] for name in bad) else 0


def found_browser() -> str:
    """The machine's Chromium; raises CannotRun."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise CannotRun("there is no Chromium: apt-get install chromium")


def run(node: Path, browser: str) -> dict[str, Any]:
    """Play the demo's Sprint and look at every page of it."""
    from rich.console import Console

    from integration.cli.demo.narrator import Narrator
    from integration.cli.demo.play import play
    from integration.cli.demo.world import WORKSPACE, world
    from integration.settings import read_settings

    with tempfile.TemporaryDirectory() as scratch:
        settings = read_settings().model_copy(update={"data_dir": Path(scratch)})
        with world(settings, fixed_ports=False) as acme:
            sprint = play(acme, Narrator(Console(stderr=True, highlight=False)))
            tell("The Sprint is over; axe looks at the pages.")
            return look(node, browser, acme.settings.url, pages(WORKSPACE, sprint.sprint_id))


def pages(workspace_id: str, sprint_id: int) -> list[str]:
    """Every kind of page, some in two states."""
    below = [
        "", f"sprints/{sprint_id}", f"sprints/{sprint_id + 1}", f"sprints/{sprint_id}/changes",
        f"reports/{sprint_id}", "stories/ACME-6", "stories/ACME-10", "caps", "caps/sprint-7",
        "new-cap", "new-cap?scope=team", "unattributed", "settings", "doctor",
    ]  # fmt: skip
    return [f"/{workspace_id}/{path}" for path in below]


def look(node: Path, browser: str, base_url: str, paths: list[str]) -> dict[str, Any]:
    """Let axe look at the pages."""
    script = ROOT / "benchmarks" / "axe_pages.mjs"
    shots = os.environ.get("STORYMETER_SHOTS", "")
    done = subprocess.run(
        [str(node), "--input-type=module", "-", browser, base_url, shots, *paths],
        cwd=FOLDER, input=script.read_text(), stdout=subprocess.PIPE, stderr=sys.stderr, text=True,
        check=True, timeout=900,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
