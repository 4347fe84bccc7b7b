"""What others make of our Jira traffic: Prism with Atlassian's documents, the ADF schema, jira.js.

The whole demo Sprint runs with Prism between everybody and the local Jira; then every rich text
that was sent is held against Atlassian's schema, and jira.js reads the site. The last line of the
output is JSON; where node or the documents are not at hand it is `{"skipped": why}`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastjsonschema
import requests
from jsonschema import Draft4Validator

from benchmarks.node_packages import FOLDER, ROOT, CannotRun, installed, tell
from benchmarks.prism_proxies import AGILE, CORRECTIONS, PLATFORM, Verdicts, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

ADF = "adf-schema-v1-full.*.json"
PRISM = Path("node_modules/@stoplight/prism-cli/dist/index.js")
SHOWN = 20


def main() -> int:
    """Run the Sprint before its judges; 1 when one of them objects."""
    try:
        folder = documents()
        node = installed()
    except CannotRun as why:
        print(json.dumps({"skipped": str(why)}))
        return 0
    tell(f"Read with {len(CORRECTIONS)} corrections to Atlassian's platform document:")
    for correction in CORRECTIONS:
        tell(f"  {correction}")
    result = run(folder, node)
    print(json.dumps(result))
    bad = ("request_violations", "response_violations", "adf_invalid", "jirajs_mismatches")
    return 1 if any(result[name] for name in bad) or not all(
        result[name] for name in ("requests", "adf_documents", "jirajs_reads")
    ) else 0  # fmt: skip


def run(folder: Path, node: Path) -> dict[str, int]:
    """Play the demo's Sprint through Prism and let the others read what is there afterwards."""
    from rich.console import Console

    from integration.cli.demo.acme import PROJECT
    from integration.cli.demo.narrator import Narrator
    from integration.cli.demo.play import play
    from integration.cli.demo.world import JIRA_EMAIL, JIRA_TOKEN, world
    from integration.settings import read_settings

    seen: list[Verdicts] = []

    @contextmanager
    def front(jira_url: str) -> Iterator[str]:
        with judged(jira_url, node, FOLDER / PRISM, folder) as (address, verdicts):
            seen.append(verdicts)
            tell("Prism stands before the local Jira.")
            yield address

    with tempfile.TemporaryDirectory() as scratch:
        settings = read_settings().model_copy(update={"data_dir": Path(scratch)})
        with world(settings, fixed_ports=False, jira_front=front) as acme:
            try:
                sprint = play(acme, Narrator(Console(stderr=True, highlight=False)))
            finally:
                tell_verdicts(seen[0])
            tell("The Sprint is over.")
            sent = requests.get(f"{acme.jira_url}/_sandbox/adf", timeout=30).json()
            reader = [acme.jira_url, JIRA_EMAIL, JIRA_TOKEN, PROJECT, str(sprint.sprint_id)]
            read = read_with_jira_js(node, reader)
            tell("jira.js has read the site.")
    verdicts = seen[0]
    invalid = adf_errors(folder, sent)
    tell("Every rich text is judged.")
    tell_all("ADF", invalid)
    tell_all("jira.js", read["mismatches"])
    return {
        "requests": verdicts.calls,
        "request_violations": len(verdicts.request_violations),
        "response_violations": len(verdicts.response_violations),
        "adf_documents": len(sent),
        "adf_invalid": len(invalid),
        "jirajs_reads": read["reads"],
        "jirajs_mismatches": len(read["mismatches"]),
    }


def tell_verdicts(verdicts: Verdicts) -> None:
    """Say what Prism objected to, and what it could not judge."""
    for call, times in verdicts.unjudged.items():
        tell(f"In no document of Atlassian's, so not judged: {call} ({times})")
    tell_all("Request", verdicts.request_violations)
    tell_all("Response", verdicts.response_violations)


def tell_all(title: str, found: list[str]) -> None:
    """Say the first of many complaints."""
    for line in found[:SHOWN]:
        tell(f"{title}: {line}")


def documents() -> Path:
    """Return the folder of Atlassian's documents; raises CannotRun."""
    given = os.environ.get("STORYMETER_OPENAPI_DIR")
    folder = Path(given) if given else ROOT.parent / "shared" / "openapi"
    for pattern in (PLATFORM, AGILE, ADF):
        if not any(folder.glob(pattern)):
            raise CannotRun(f"no {pattern} of Atlassian's; set STORYMETER_OPENAPI_DIR")
    return folder


def adf_errors(folder: Path, sent: list[Any]) -> list[str]:
    """Hold every document against Atlassian's schema; returns one line per invalid document."""
    schema = json.loads(next(folder.glob(ADF)).read_text(encoding="utf-8"))
    fits = fastjsonschema.compile(schema)
    found = []
    for one in sent:
        try:
            fits(one)
        except fastjsonschema.JsonSchemaException:
            # Jsonschema takes a second for a comment, but finds the words for what is wrong.
            errors = Draft4Validator(schema).iter_errors(one)
            found.append("; ".join(f"{e.json_path}: {e.message[:200]}" for e in errors))
    return found


def read_with_jira_js(node: Path, arguments: list[str]) -> dict[str, Any]:
    """Let jira.js read the site; every answer that does not fit its types is a mismatch."""
    script = ROOT / "benchmarks" / "jira_js_reader.mjs"
    done = subprocess.run(
        [str(node), "--input-type=module", "-", *arguments], cwd=FOLDER, input=script.read_text(),
        stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True, timeout=120,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
