"""All doors under schemathesis, and every reader of foreign bytes under atheris.

    make fuzz        or: python benchmarks/fuzz.py [--seconds 150] [--runs 50000] [--seed 1]

Schemathesis reads our own `/openapi.json` and sends what it allows and what it forbids to a running
web process; an answer of 5xx, or one that is not as described, fails. Both programs are installed
by name into environments of their own under `.storymeter/`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import acme_world, processes
from benchmarks.peer_venvs import ROOT, CannotRun, kept_venv
from integration.foundation.database import transactions_on
from integration.foundation.embedded_database import running
from integration.workspaces import store as workspaces

SCHEMATHESIS = ("schemathesis==4.32.5",)
ATHERIS = ("atheris==3.0.0",)
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance",
)  # fmt: skip
READERS = (
    "usage_events", "cloudevents", "litellm", "bedrock", "langfuse", "gpu_jobs", "otlp_traces",
    "otlp_logs", "otlp_metrics", "otlp_traces_json", "gzip", "deflate", "signature",
    "workload_table",
)  # fmt: skip
LONGEST_BYTES = 4096


def doors(seconds: int, seed: int) -> tuple[int, int]:
    """Send cases to all doors for so long; returns how many, and how many kinds of failure."""
    program = kept_venv("fuzz", "schemathesis", SCHEMATHESIS) / "schemathesis"
    with tempfile.TemporaryDirectory(prefix="smz-") as name:
        folder = Path(name)
        with running(folder / "pg") as url:
            engine, _ = acme_world.found(url)
            with acme_world.disposed(engine), processes.web(url, threads=8, folder=folder) as (
                port, _,
            ):  # fmt: skip
                with transactions_on(engine).begin() as session:
                    key = workspaces.create_key(
                        session, acme_world.WORKSPACE, "fuzz", ["admin"], datetime.now(UTC)
                    )
                ended = subprocess.run(
                    [
                        program, "run", f"http://127.0.0.1:{port}/openapi.json",
                        "--header", f"Authorization: Bearer {key}", "--seed", str(seed),
                        "--phases", "coverage,fuzzing", "--checks", ",".join(CHECKS),
                        "--continue-on-failure", "--request-timeout", "30",
                        "--max-time", str(seconds), "--warnings", "off",
                    ],
                    check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    cwd=folder,
                )  # fmt: skip
    print(ended.stdout, file=sys.stderr)
    cases = re.search(r"^ *([\d,]+) generated", ended.stdout, re.MULTILINE)
    if cases is None:
        raise CannotRun("Schemathesis did not say how many cases it made")
    failures = re.findall(r"^ *❌ ST\d+ .*: (\d+)$", ended.stdout, re.MULTILINE)
    found = sum(map(int, failures))
    return int(cases[1].replace(",", "")), found or int(ended.returncode != 0)


def is_sound(name: str, runs: int, seed: int) -> bool:
    """Let one reader read so many bodies; False when one of them made it fail."""
    program = kept_venv("fuzz", "atheris", ATHERIS) / "python"
    ours = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    with tempfile.TemporaryDirectory(prefix="smb-") as corpus:
        ended = subprocess.run(
            [
                program, ROOT / "benchmarks" / "fuzz_bytes.py", name, corpus,
                f"-atheris_runs={runs}", f"-seed={seed}", f"-max_len={LONGEST_BYTES}",
                "-rss_limit_mb=2048",
            ],
            check=False, text=True, errors="replace", capture_output=True, cwd=corpus,
            env=os.environ | {"PYTHONPATH": ours},
        )  # fmt: skip
    if ended.returncode:
        print(ended.stdout[-2000:], ended.stderr[-4000:], file=sys.stderr)
    else:
        print(ended.stderr.splitlines()[-2][:100], file=sys.stderr, flush=True)
    return ended.returncode == 0


def main() -> None:
    """Fuzz, print the table, end with one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=150, help="for the doors together")
    parser.add_argument("--runs", type=int, default=50_000, help="for each reader")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    try:
        cases, failures = doors(chosen.seconds, chosen.seed)
        failed = []
        for name in READERS:
            print(f"Fuzzing {name}", file=sys.stderr, flush=True)
            if not is_sound(name, chosen.runs, chosen.seed):
                failed.append(name)
    except CannotRun as reason:
        raise SystemExit(f"Cannot fuzz here: {reason}") from None
    runs = chosen.runs * len(READERS)
    print(f"doors    {cases:>9,} cases, {failures} kinds of failure")
    print(f"readers  {runs:>9,} runs of {len(READERS)}, failed: {failed or 0}")
    result = {"door_cases": cases, "door_failures": failures}
    print(json.dumps(result | {"reader_runs": runs, "reader_failures": len(failed)}))
    if failures or failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
