"""API keys: used, replaced, ended, and held to a pace."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from integration.app import app_with, service_of
from integration.foundation.errors import NotFound, TooManyRequests
from integration.settings import Settings
from integration.web.house_metrics import FOLDER
from integration.web.key_pace import KeyPace
from integration.workspaces import key_store, queries
from tests.conftest import NOON

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from integration.web.service import Service
    from tests.doors.worlds import World

READ = "/v1/workspaces/current"


def status(client: FlaskClient, key: str) -> int:
    return client.get(READ, headers={"Authorization": f"Bearer {key}"}).status_code


def key_id(world: World) -> str:
    with world.service.across.begin() as session:
        return queries.keys_of(session, world.workspace_id)[0].key_id


def test_its_last_use_is_kept_to_the_minute(client: FlaskClient, world: World) -> None:
    key = world.key("gateway", "read")
    with world.service.across.begin() as session:
        assert queries.keys_of(session, world.workspace_id)[0].last_used_at is None
    assert status(client, key) == 200
    with world.service.across.begin() as session:
        assert queries.keys_of(session, world.workspace_id)[0].last_used_at == NOON


def test_the_old_key_works_until_its_time_is_up(client: FlaskClient, world: World) -> None:
    old = world.key("gateway", "read")
    with world.service.across.begin() as session:
        new = key_store.replace_key(
            session, world.workspace_id, key_id(world), both_for=timedelta(hours=1), actor="test",
            now=NOON,
        )  # fmt: skip
    assert (status(client, old), status(client, new)) == (200, 200)
    with world.service.across.begin() as session:
        assert queries.caller_with(session, old, NOON + timedelta(hours=1)) is None
        assert queries.caller_with(session, new, NOON + timedelta(days=365)) is not None
        (line,) = queries.audit_of(session, world.workspace_id, f"key:{key_id(world)}")
    assert (line.actor, line.action) == ("test", "key.ended")


def test_a_key_that_has_ended_is_not_given_more_time(world: World) -> None:
    world.key("gateway", "read")
    with world.service.across.begin() as session:
        name = key_id(world)
        for at in (NOON, NOON + timedelta(hours=1)):
            key_store.end_key(session, world.workspace_id, name, at=at, actor="test", now=NOON)
        (head,) = queries.keys_of(session, world.workspace_id)
        assert head.revoked_at == NOON
        with pytest.raises(NotFound):
            key_store.end_key(session, "umbrella", name, at=NOON, actor="test", now=NOON)


def test_one_key_over_its_pace_is_told_when_to_come_again(world: World) -> None:
    client = app_with(replace(world.service, requests_per_key_s=1.0)).test_client()
    hasty, calm = world.key("hasty", "read"), world.key("calm", "read")
    assert [status(client, hasty) for _ in range(3)] == [200, 200, 429]
    answer = client.get(READ, headers={"Authorization": f"Bearer {hasty}"})
    assert json.loads(answer.data)["code"] == "too_many_requests"
    assert answer.headers["Retry-After"] == "1"
    assert status(client, calm) == 200


def test_processes_share_a_keys_pace(tmp_path: Path) -> None:
    web = [KeyPace(8.0, tmp_path / "key_pace", now=lambda: 5.0) for _ in range(2)]
    for turn in range(16):
        web[turn % 2].take("a")
    for each in web:
        with pytest.raises(TooManyRequests):
            each.take("a")
    web[0].take("b")
    # The file outlived the machine's start: its moments are of another count.
    KeyPace(8.0, tmp_path / "key_pace", now=lambda: 0.5).take("a")


def test_the_processes_of_one_web_command_count_together(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    address = service.engine.url.render_as_string(hide_password=False)
    given = {"data_dir": tmp_path, "requests_per_key_s": 1.0, "DATABASE_URL": address}
    settings = Settings.model_validate(given)
    first, second = service_of(settings), service_of(settings)
    first.key_pace.take("a")
    second.key_pace.take("a")
    with pytest.raises(TooManyRequests):
        first.key_pace.take("a")


def test_thousands_of_keys_do_not_give_a_busy_one_more() -> None:
    pace = KeyPace(1.0, now=lambda: 5.0)
    pace.take("busy")
    pace.take("busy")
    for other in range(4000):
        pace.take(f"key-{other}")
    with pytest.raises(TooManyRequests):
        pace.take("busy")


def test_a_pace_allows_a_burst_and_then_its_rate() -> None:
    seconds = [0.0]
    pace = KeyPace(8.0, now=lambda: seconds[0])
    for _ in range(16):
        pace.take("a")
    with pytest.raises(TooManyRequests) as refused:
        pace.take("a")
    assert refused.value.retry_after == timedelta(seconds=0.125)
    pace.take("b")
    seconds[0] = 0.125
    pace.take("a")
    with pytest.raises(TooManyRequests):
        pace.take("a")
