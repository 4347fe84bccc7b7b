"""How a workspace and its teams are served: set by command or API, checked at once, audited."""

from __future__ import annotations

import gc
import warnings
from datetime import time
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from integration.cli import commands
from integration.foundation.errors import InvalidInput
from integration.workspaces import queries, store
from integration.workspaces.changes import TeamChange, changed_team
from integration.workspaces.workspace import Team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from tests.doors.worlds import World

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
TEAM = Team("acme", "assist", "Acme Assist", 7, "C0ASSIST")


def patch(client: FlaskClient, world: World, path: str, body: dict[str, Any]) -> Any:
    key = world.key("settings", "admin")
    return client.patch(path, json=body, headers={"Authorization": f"Bearer {key}"})


def test_a_team_is_changed_over_the_api_and_who_did_it_is_kept(
    client: FlaskClient, world: World
) -> None:
    body = {
        "digest_at": "08:30", "workdays": [4, 1, 2, 3], "quiet_days_are_silent": False,
        "quiet_from": "18:00", "quiet_until": "07:30",
    }  # fmt: skip
    answer = patch(client, world, "/v1/teams/assist", body)
    assert answer.status_code == 200
    assert (answer.json["digest_at"], answer.json["workdays"]) == ("08:30:00", [1, 2, 3, 4])
    with world.service.transactions.begin() as session:
        (team,) = store.teams(session, "acme")
        (line,) = queries.audit_of(session, "acme", "team:assist")
    assert (team.quiet_from, team.quiet_until) == (time(18), time(7, 30))
    assert (team.channel_id, team.quiet_days_are_silent) == ("C0ASSIST", False)
    assert line.actor.startswith("key:")
    assert line.detail["changes"]["digest_at"] == ["09:15:00", "08:30:00"]


def test_the_allocation_rule_is_set_and_saying_it_again_is_no_change(
    client: FlaskClient, world: World
) -> None:
    for _ in range(2):
        answer = patch(client, world, "/v1/workspaces/current", {"allocation_rule": "by_tokens"})
        assert answer.json["allocation_rule"] == "by_tokens"
    with world.service.transactions.begin() as session:
        lines = queries.audit_of(session, "acme", "workspace")
    assert [line.detail["changes"] for line in lines] == [
        {"allocation_rule": ["none", "by_tokens"]}
    ]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"digest_at": "half past nine"}, ["/digest_at"]),
        ({"workdays": [0, 8], "time_zone": "Mars/Base"}, ["/time_zone", "/workdays"]),
        ({"quiet_from": "18:00"}, ["/quiet_until"]),
        ({"channel_id": "#stand-up", "name": " "}, ["/channel_id", "/name"]),
    ],
)
def test_everything_that_cannot_be_so_is_named_at_once(
    client: FlaskClient, world: World, body: dict[str, Any], pointers: list[str]
) -> None:
    answer = patch(client, world, "/v1/teams/assist", body)
    assert answer.status_code == 400
    assert sorted(error["pointer"] for error in answer.json["errors"]) == pointers
    with world.service.transactions.begin() as session:
        assert queries.audit_of(session, "acme", "team:assist") == []


def test_an_unknown_team_and_an_unknown_field_are_refused(
    client: FlaskClient, world: World
) -> None:
    assert patch(client, world, "/v1/teams/nobody", {"name": "X"}).status_code == 404
    assert patch(client, world, "/v1/teams/assist", {"secret": 1}).status_code == 400


def test_quiet_hours_may_be_taken_away() -> None:
    quiet = changed_team(TEAM, TeamChange(quiet_from="18:00", quiet_until="08:00"))
    assert changed_team(quiet, TeamChange(quiet_from=None, quiet_until=None)) == TEAM
    with pytest.raises(InvalidInput, match="both a beginning and an end"):
        changed_team(quiet, TeamChange(quiet_from=None))


@pytest.fixture
def typed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    yield lambda *words: CliRunner().invoke(commands, ["workspace", *words])
    with warnings.catch_warnings():
        # A command ends with its process, which closes its connections; here the process goes on.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_the_commands_set_the_same_and_show_it(typed: Any, world: World) -> None:
    said = typed(
        "set-team", "acme", "assist", "--workdays", "mon-thu", "--quiet-hours", "18:00-07:30",
        "--told-of-quiet-days", "--digest-at", "08:45",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    assert said.output == (
        "Team assist (Acme Assist): board 7, channel C0ASSIST, digest at 08:45 UTC on mon, tue, "
        "wed, thu, a short line on a quiet day, quiet from 18:00 to 07:30.\n"
    )
    assert typed("set-team", "acme", "assist", "--quiet-hours", "none").exit_code == 0
    assert "shared: even" in typed("set", "acme", "--allocation-rule", "even").output
    assert "no quiet hours" in typed("show", "acme").output
    assert '"allocation_rule": "even"' in typed("show", "acme", "--json").output
    with world.service.transactions.begin() as session:
        actors = {line.actor for line in queries.audit_of(session, "acme", "team:assist")}
    assert all(actor.startswith("cli") for actor in actors)


@pytest.mark.usefixtures("world")
def test_a_weekday_that_is_none_is_wrong_usage(typed: Any) -> None:
    assert typed("set-team", "acme", "assist", "--workdays", "mon-frx").exit_code == 2


def test_an_empty_change_changes_nothing() -> None:
    assert changed_team(TEAM, TeamChange()) == TEAM
