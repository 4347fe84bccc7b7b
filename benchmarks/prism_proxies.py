"""Prism as a judge between a client and a Jira: one proxy per OpenAPI document, and a router.

Atlassian's documents are read from STORYMETER_OPENAPI_DIR and never kept. Three places in which
they contradict their own examples are corrected in memory; `CORRECTIONS` names each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Document = dict[str, Any]
PLATFORM = "jira-platform-v3.*.examples-parsed.json"
AGILE = "jira-software.*.examples-parsed.json"
PRISM_ERROR = "stoplight.io/prism/errors#"
START_TIMEOUT_S = 60
HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding"})


def _identifiers(schemas: Document) -> None:
    for kind in ("AssociationContextObject", "FieldIdentifierObject"):
        del schemas[kind]["properties"]["identifier"]["type"]


def _screens(schemas: Document) -> None:
    del schemas["ScreenTypes"]["writeOnly"]


def _clauses(schemas: Document) -> None:
    del schemas["JqlQueryClause"]["additionalProperties"]


CORRECTIONS: dict[str, Callable[[Document], None]] = {
    "identifiers in PUT /field/association are objects in the schema, a number and a string in "
    "the example beside it": _identifiers,
    "the screens of a screen scheme are write-only in the schema, answered in every example of "
    "GET /screenscheme": _screens,
    "the clauses of a parsed query may have no properties in the schema, whose anyOf and whose "
    "example give them some": _clauses,
}


def corrected(file: Path) -> Document:
    """Read one of Atlassian's documents, corrected where it is the platform's."""
    document: Document = json.loads(file.read_text(encoding="utf-8"))
    if "jira-platform" in file.name:
        for correct in CORRECTIONS.values():
            correct(document["components"]["schemas"])
    return document


@dataclass(slots=True)
class Verdicts:
    """What Prism said about the traffic."""

    calls: int = 0
    request_violations: list[str] = field(default_factory=list)
    response_violations: list[str] = field(default_factory=list)
    unjudged: Counter[str] = field(default_factory=Counter)
    """Calls to endpoints that Atlassian's documents do not describe."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, call: str, answer: requests.Response) -> None:
        """Count a judged call; a complaint of Prism is kept in words."""
        with self.lock:
            self.calls += 1
            complaint = _complaint(answer)
            if complaint is None:
                return
            of_response, words = complaint
            into = self.response_violations if of_response else self.request_violations
            into.append(f"{call}: {words}")


def _complaint(answer: requests.Response) -> tuple[bool, str] | None:
    """Return whether the answer is to blame, and Prism's words; None where it is content."""
    header = answer.headers.get("sl-violations")
    body = answer.text if PRISM_ERROR in answer.text[:300] else ""
    if not header and not body:
        return None
    of_response = '"response"' in (header or "") or f"{PRISM_ERROR}VIOLATIONS" in body
    return of_response, (body or header or "")[:600]


@contextmanager
def judged(jira_url: str, node: Path, prism: Path, folder: Path) -> Iterator[tuple[str, Verdicts]]:
    """Yield an address in front of a Jira behind which Prism judges, and its verdicts."""
    verdicts = Verdicts()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        behind: dict[str, str] = {}
        for prefix, pattern in (("/rest/api/3/", PLATFORM), ("/rest/agile/", AGILE)):
            document = scratch / f"{len(behind)}.json"
            document.write_text(json.dumps(corrected(next(folder.glob(pattern)))))
            command = [str(node), str(prism), "proxy", "--errors", "-h", "127.0.0.1"]
            behind[prefix] = stack.enter_context(_proxy(command, document, jira_url))
        for address in behind.values():
            _wait_for(address)
        yield stack.enter_context(_router(jira_url, behind, verdicts)), verdicts


@contextmanager
def _proxy(command: list[str], document: Path, upstream: str) -> Iterator[str]:
    port = free_port()
    child = subprocess.Popen(
        [*command, "-p", str(port), str(document), upstream],
        stdout=subprocess.DEVNULL, stderr=sys.stderr, env=os.environ | {"NO_COLOR": "1"},
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for(address: str) -> None:
    """Return once something answers there, whatever it answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            urllib.request.urlopen(f"{address}/", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def _router(jira_url: str, behind: dict[str, str], verdicts: Verdicts) -> Iterator[str]:
    """Send each call to the proxy that knows its path, and everything else to Jira itself."""
    sessions = threading.local()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            if not hasattr(sessions, "http"):
                sessions.http = requests.Session()
                sessions.http.trust_env = False
            upstream = next(
                (to for prefix, to in behind.items() if self.path.startswith(prefix)), jira_url
            )
            length = int(self.headers.get("Content-Length") or 0)
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in HOP_BY_HOP | {"host", "accept-encoding"}
            }
            answer = sessions.http.request(
                self.command, upstream + self.path, data=self.rfile.read(length) or None,
                headers=headers | {"Accept-Encoding": "identity"}, timeout=60,
                allow_redirects=False,
            )  # fmt: skip
            path = self.path.partition("?")[0]
            if upstream != jira_url:
                verdicts.note(f"{self.command} {path}", answer)
            elif path.startswith("/rest/"):
                with verdicts.lock:
                    verdicts.unjudged[f"{self.command} {path}"] += 1
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - The base class's names.

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
