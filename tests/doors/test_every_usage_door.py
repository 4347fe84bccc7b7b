"""Hostile bodies at every door that takes usage: a clear answer, and nothing stored."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from sqlalchemy import text

from tests.doors.test_bad_input import bearer, is_problem, stored
from tests.doors.usage_doors import PROTOBUF, TIME, USAGE_DOORS, UsageDoor

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.doors.worlds import World

WRONG_COUNTS: tuple[Any, ...] = (-1, 10**18, "many", "-5", "1e400")
WRONG_TIMES = ("2027-01-01T00:00:00Z", "2026-11-20T12:11:00Z", "2001-01-01T00:00:00Z")
NEVER_READ = {
    "invalid UTF-8": b'[{"id": "\xff\xfe", "events": "\xff"}]\xff',
    "not closed": b'{"events":[{',
    "nested deeply": b'{"events":' + b"[" * 100_000,
    "other JSON": b'"events"',
}


@pytest.fixture
def key(world: World) -> str:
    return world.key("ingest", "ingest")


def send(client: FlaskClient, door: UsageDoor, key: str, body: bytes, **more: str) -> TestResponse:
    headers = bearer(key) | door.headers | {"Content-Type": door.content_type} | more
    return client.post(door.path, data=body, headers=headers)


def rejected(answer: TestResponse) -> int:
    """How many items an answer says were not taken; a body that was refused as a whole counts."""
    if answer.status_code == 400:
        errors = is_problem(answer, 400, "invalid_input")["errors"]
        assert all(each["code"] and each["message"] for each in errors)
        return max(1, len(errors))
    assert answer.status_code == 200
    if answer.mimetype == PROTOBUF:
        partial = ExportTraceServiceResponse.FromString(answer.data).partial_success
        assert bool(partial.error_message) == bool(partial.rejected_spans)
        return int(partial.rejected_spans)
    said = json.loads(answer.data)
    if "rejected" in said:
        return len(said["rejected"])
    told = said.get("partialSuccess", {})
    kinds = ("rejectedSpans", "rejectedLogRecords", "rejectedDataPoints")
    return sum(int(told.get(kind, 0)) for kind in kinds)


def test_a_sound_call_is_taken_at_every_door(client: FlaskClient, world: World, key: str) -> None:
    for name, door in USAGE_DOORS.items():
        if door.counts:
            before = stored(world, "ledger_entry")
            assert rejected(send(client, door, key, door.body(300, TIME))) == 0, name
            assert stored(world, "ledger_entry") >= before, name
    # Each of these is a call of its own; what comes again in another format is the same call.
    assert stored(world, "ledger_entry") >= 8


def test_absurd_counts_and_times_are_rejected_at_every_door(
    client: FlaskClient, world: World, key: str, subtests: pytest.Subtests
) -> None:
    for name, door in USAGE_DOORS.items():
        bodies = {
            count: door.body(count, TIME)
            for count in (*WRONG_COUNTS, door.absurd)
            if door.takes_text or isinstance(count, int)
        }
        if door.counts:
            bodies |= {when: door.body(300, when) for when in WRONG_TIMES}
        for what, body in bodies.items():
            with subtests.test(f"{name}: {what}"):
                assert rejected(send(client, door, key, body)) == 1
    assert stored(world, "ledger_entry") == 0


def test_what_cannot_be_read_is_refused_at_every_door(
    client: FlaskClient, world: World, key: str, subtests: pytest.Subtests
) -> None:
    for name, door in USAGE_DOORS.items():
        for what, body in NEVER_READ.items():
            with subtests.test(f"{name}: {what}"):
                is_problem(send(client, door, key, body), 400, "invalid_input")
    assert stored(world, "ledger_entry") == 0


def test_large_bodies_and_bombs_are_refused_at_every_door(
    client: FlaskClient, world: World, key: str, subtests: pytest.Subtests
) -> None:
    limit = world.service.max_body_bytes
    bomb = gzip.compress(b" " * (50 * limit))
    assert len(bomb) < limit
    for name, door in USAGE_DOORS.items():
        with subtests.test(name):
            is_problem(send(client, door, key, b" " * (limit + 1)), 413, "payload_too_large")
            zipped = send(client, door, key, bomb, **{"Content-Encoding": "gzip"})
            is_problem(zipped, 413, "payload_too_large")
            damaged = send(client, door, key, bomb[:99], **{"Content-Encoding": "gzip"})
            is_problem(damaged, 400, "invalid_input")


def test_a_compressed_body_is_read_at_every_door(
    client: FlaskClient, world: World, key: str
) -> None:
    for name, door in USAGE_DOORS.items():
        zipped = gzip.compress(door.body(300, TIME))
        answer = send(client, door, key, zipped, **{"Content-Encoding": "gzip"})
        assert rejected(answer) == 0, name


def test_codecarbons_story_and_time_zone_stand_in_the_query(
    client: FlaskClient, world: World, key: str
) -> None:
    door = USAGE_DOORS["CodeCarbon"]
    body = door.body(3600, "2026-11-20T10:00:00")
    headers = bearer(key) | {"Content-Type": "text/csv"}

    def sent(query: str) -> TestResponse:
        return client.post(f"{door.path}?{query}", data=body, headers=headers)

    for query in ("time_zone=Atlantis", "time_zone=../etc", "story_key=" + "x" * 300, "branch=%00"):
        is_problem(sent(query), 400, "invalid_input")
    assert rejected(sent("time_zone=Asia/Tokyo&story_key=SHOP-1")) == 0
    with world.service.engine.connect() as connection:
        found = connection.execute(text("SELECT occurred_at, story_key FROM ledger_entry")).one()
    assert found[0].isoformat() == "2026-11-20T01:00:00+00:00"
    assert found[1] == "SHOP-1"
