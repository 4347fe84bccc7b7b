"""What clients get wrong: refused with a code and what to mend, and nothing half stored."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sqlalchemy import text, update

from integration.sandbox.server import serve
from integration.workspaces.models import ApiKeyRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.doors.worlds import World

USAGE = "/v1/usage-events"
HOOK = "/webhooks/jira/acme"
SOUND: dict[str, Any] = {
    "event_id": "call-1", "request_model": "gpt-4o-mini", "provider_name": "openai",
    "input_tokens": 1000, "output_tokens": 200, "story_key": "SHOP-1",
}  # fmt: skip


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def stored(world: World, table: str) -> int:
    with world.service.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def is_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Check the one form of every error; returns its body."""
    body: dict[str, Any] = json.loads(answer.data)
    assert (answer.status_code, body["code"]) == (status, code), body
    assert answer.mimetype == "application/problem+json"
    assert body["status"] == status
    assert body["type"] == f"urn:storymeter:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body


def signed(body: bytes, secret: str = "webhook-secret", **more: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-Hub-Signature": f"sha256={digest}",
        "X-Atlassian-Webhook-Identifier": "delivery-1",
    }
    return headers | {name.replace("_", "-"): value for name, value in more.items()}


BODY = json.dumps(
    {
        "webhookEvent": "jira:issue_created", "timestamp": 1,
        "issue": {"id": "10001", "key": "SHOP-1"},
    }
).encode()  # fmt: skip


FORGED: dict[str, dict[str, str]] = {
    "another secret": signed(BODY, "guessed"),
    "another body": signed(BODY + b" "),
    "an empty signature": signed(BODY, X_Hub_Signature="sha256="),
    "a weaker method": signed(BODY, X_Hub_Signature="sha1=0123"),
    "a signature that is not ASCII": signed(BODY, X_Hub_Signature="sha256=é"),
    "no signature": {"X-Atlassian-Webhook-Identifier": "delivery-1"},
    "a forged JWT": {"X-Atlassian-Webhook-Identifier": "1", "Authorization": "Bearer a.b.c"},
}


def test_a_wrong_signature_is_refused_and_nothing_is_stored(
    client: FlaskClient, world: World, subtests: pytest.Subtests
) -> None:
    for name, headers in FORGED.items():
        with subtests.test(name):
            is_problem(client.post(HOOK, data=BODY, headers=headers), 401, "unauthenticated")
    assert stored(world, "inbox") == 0


def test_a_webhook_without_a_delivery_id_is_refused_and_nothing_is_stored(
    client: FlaskClient, world: World
) -> None:
    headers = {"X-Hub-Signature": signed(BODY)["X-Hub-Signature"]}
    is_problem(client.post(HOOK, data=BODY, headers=headers), 401, "unauthenticated")
    assert stored(world, "inbox") == 0


def test_a_right_webhook_is_stored_once_under_its_delivery_id(
    client: FlaskClient, world: World
) -> None:
    answers = [client.post(HOOK, data=BODY, headers=signed(BODY)) for _ in range(2)]
    assert [(answer.status_code, answer.json) for answer in answers] == [
        (202, {"stored": True}),
        (202, {"stored": False}),
    ]
    assert stored(world, "inbox") == 1


def test_a_signed_body_that_nobody_can_read_is_kept_to_be_looked_at(
    client: FlaskClient, world: World
) -> None:
    for place, body in enumerate((b"", b"not json", b"[]", b'{"webhookEvent": "new_thing"}')):
        headers = signed(body, X_Atlassian_Webhook_Identifier=f"delivery-{place}")
        assert client.post(HOOK, data=body, headers=headers).status_code == 202
    assert stored(world, "inbox") == 4


def test_a_webhook_for_an_unknown_workspace_is_not_found(client: FlaskClient, world: World) -> None:
    answer = client.post("/webhooks/jira/nobody", data=BODY, headers=signed(BODY))
    is_problem(answer, 404, "not_found")


MALFORMED: list[tuple[dict[str, Any], str]] = [
    ({"input_tokens": "many"}, "/events/0/input_tokens"),
    ({"input_tokens": -1}, "/events/0/input_tokens"),
    ({"output_tokens": 1.5}, "/events/0/output_tokens"),
    ({"cache_read_input_tokens": 1001}, "/events/0/input_tokens"),
    ({"occurred_at": "yesterday"}, "/events/0/occurred_at"),
    ({"occurred_at": "2026-11-20T12:00:00"}, "/events/0/occurred_at"),
    ({"occurred_at": "2027-01-01T00:00:00Z"}, "/events/0/occurred_at"),
    ({"request_model": ""}, "/events/0/request_model"),
    ({"prompt_tokens": 1}, "/events/0/prompt_tokens"),
    ({"outcome": "maybe"}, "/events/0/outcome"),
]
NO_USAGE = (b"", b"{", b"null", b"7", b'"events"', b"\xff\xfe", b"[" * 5000, b'{"events": 7}')


def test_malformed_usage_is_refused_naming_the_field(
    client: FlaskClient, world: World, subtests: pytest.Subtests
) -> None:
    headers = bearer(world.key("ingest", "ingest"))
    for change, pointer in MALFORMED:
        with subtests.test(json.dumps(change)):
            answer = client.post(USAGE, json={"events": [SOUND | change]}, headers=headers)
            body = is_problem(answer, 400, "invalid_input")
            assert [error["pointer"] for error in body["errors"]] == [pointer]
            assert all(error["code"] and error["message"] for error in body["errors"])
    assert stored(world, "ledger_entry") == 0


def test_a_body_that_is_no_usage_is_refused(
    client: FlaskClient, world: World, subtests: pytest.Subtests
) -> None:
    headers = bearer(world.key("ingest", "ingest"))
    for body in NO_USAGE:
        with subtests.test(repr(body[:10])):
            is_problem(client.post(USAGE, data=body, headers=headers), 400, "invalid_input")


def test_one_bad_event_in_a_batch_is_rejected_alone(client: FlaskClient, world: World) -> None:
    events = [
        SOUND,
        SOUND | {"event_id": "call-2", "output_tokens": -5},
        SOUND | {"event_id": "call-3"},
    ]
    key = world.key("ingest", "ingest")
    answer = client.post(USAGE, json={"events": events}, headers=bearer(key))
    assert answer.status_code == 200
    said = answer.json
    assert said is not None
    assert (said["accepted"], said["duplicates"]) == (2, 0)
    (rejected,) = said["rejected"]
    assert (rejected["index"], rejected["id"], rejected["code"]) == (1, "call-2", "out_of_range")
    assert rejected["message"].startswith("/events/1/output_tokens: ")
    assert stored(world, "ledger_entry") == 2


def test_an_unknown_model_is_taken_shown_as_unpriced_and_counted_in_the_coverage(
    client: FlaskClient, world: World
) -> None:
    world.sprint()
    story_key = world.story(1, "Speak aloud")
    unknown = {"request_model": "acme-voice-1", "provider_name": "acme"}
    events = [
        SOUND | {"occurred_at": "2026-11-10T10:00:00Z"},
        SOUND | unknown | {"event_id": "call-2", "occurred_at": "2026-11-10T11:00:00Z"},
    ]
    answer = client.post(USAGE, json={"events": events}, headers=bearer(world.key("i", "ingest")))
    assert (answer.status_code, answer.json and answer.json["accepted"]) == (200, 2)

    reads = bearer(world.key("r", "read"))
    said = client.get(f"/v1/stories/{story_key}", headers=reads).json
    assert said is not None
    # (1000 · $0.15 + 200 · $0.60) / 10⁶ = $0.00027, of the known model alone.
    assert (said["actual"]["calls"], said["actual"]["unpriced_calls"]) == (2, 1)
    assert said["actual"]["list_cost_nanousd"] == 270_000
    assert said["actual"]["calls_without_factor"] == 1
    models = {row["model"]: row["actual"]["unpriced_calls"] for row in said["models"]}
    assert models == {"gpt-4o-mini": 0, "acme-voice-1": 1}
    page = client.get(f"/stories/{story_key}", follow_redirects=True).text
    assert "acme-voice-1" in page
    assert "1 call had no known price" in page
    assert "1 call had no carbon factor" in page


def test_a_key_without_the_scope_is_forbidden(client: FlaskClient, world: World) -> None:
    for scope in ("read", "authorize"):
        headers = bearer(world.key("other", scope))
        answer = client.post(USAGE, json={"events": [SOUND]}, headers=headers)
        assert "ingest" in is_problem(answer, 403, "not_permitted")["detail"]
    assert stored(world, "ledger_entry") == 0


def test_a_missing_wrong_or_revoked_key_is_refused_and_never_repeated(
    client: FlaskClient, world: World
) -> None:
    revoked = world.key("revoked", "ingest")
    with world.service.transactions.begin() as session:
        session.execute(update(ApiKeyRow).values(revoked_at=world.service.clock.now()))
    tried: list[dict[str, str]] = [
        {}, bearer(""), bearer("secret"), bearer("smk_guessed"), bearer(revoked),
        {"Authorization": revoked}, {"Authorization": "Basic smk_guessed"},
        {"x-api-key": "smk_guessed"}, bearer("smk_\x80"),
    ]  # fmt: skip
    for headers in tried:
        answer = client.post(USAGE, json={"events": [SOUND]}, headers=headers)
        body = is_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "smk_guessed" not in str(body)
        assert revoked not in str(body)
    assert stored(world, "ledger_entry") == 0


def test_a_key_of_one_workspace_reads_nothing_of_another(client: FlaskClient, world: World) -> None:
    world.sprint()
    story_key = world.story(1, "Answer in chat")
    stranger = type(world)(world.service, "globex", project="GLO").found("Globex")
    reads = bearer(stranger.key("r", "read"))
    is_problem(client.get(f"/v1/stories/{story_key}", headers=reads), 404, "not_found")
    is_problem(client.get(f"/v1/sprints/{world.sprint_id}", headers=reads), 404, "not_found")


def test_a_body_over_the_limit_is_refused(client: FlaskClient, world: World) -> None:
    key = world.key("ingest", "ingest")
    too_large = b" " * (world.service.max_body_bytes + 1)
    is_problem(client.post(USAGE, data=too_large, headers=bearer(key)), 413, "payload_too_large")
    is_problem(
        client.post(HOOK, data=too_large, headers=signed(too_large)), 413, "payload_too_large"
    )


def test_a_gzip_bomb_is_refused(client: FlaskClient, world: World) -> None:
    headers = bearer(world.key("ingest", "ingest")) | {"Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 50_000_000)
    members = gzip.compress(b" " * 900_000) * 20  # Of one file, opened one after the other.
    for body in (bomb, members):
        assert len(body) < world.service.max_body_bytes
        is_problem(client.post(USAGE, data=body, headers=headers), 413, "payload_too_large")


def test_a_damaged_or_unknown_compression_is_refused(client: FlaskClient, world: World) -> None:
    headers = bearer(world.key("ingest", "ingest"))
    cut_short = gzip.compress(b'{"events":[]}' * 9)[:-9]
    for body, encoding in ((b"not gzip", "gzip"), (cut_short, "gzip"), (b"{}", "rar")):
        answer = client.post(USAGE, data=body, headers=headers | {"Content-Encoding": encoding})
        is_problem(answer, 400, "invalid_input")


def test_an_unknown_route_is_not_found(client: FlaskClient, world: World) -> None:
    headers = bearer(world.key("r", "read"))
    for path in ("/v1/nowhere", "/v1/sprints/abc", "/webhooks/jira/", "/a/b/c/d"):
        answer = client.get(path, headers=headers, follow_redirects=True)
        is_problem(answer, 404, "not_found")


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    for method, path, allowed in (
        ("GET", USAGE, "POST"), ("DELETE", HOOK, "POST"), ("POST", "/healthz", "GET"),
    ):  # fmt: skip
        answer = client.open(path, method=method)
        is_problem(answer, 405, "method_not_allowed")
        assert allowed in answer.headers["Allow"]


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    with serve(app, None) as running:
        yield running.base_url


def test_a_body_of_unstated_length_has_the_same_limit(served: str, world: World) -> None:
    """A body may come in pieces; one that is over the limit is not cut off and read in part."""
    sound = json.dumps(SOUND).encode() + b"\n"
    pieces = (sound * (100_000 // len(sound)) for _ in range(12))
    answer = requests.post(
        served + USAGE, data=pieces, headers=bearer(world.key("i", "ingest")), timeout=10
    )
    assert (answer.status_code, answer.json().get("code")) == (413, "payload_too_large")
    assert stored(world, "ledger_entry") == 0


@pytest.mark.parametrize("path", ["/v1/sprints/{}", "/v1/sprints/{}/whatif", "/acme/sprints/{}"])
def test_a_number_that_no_sprint_can_have_is_not_found(
    client: FlaskClient, world: World, path: str
) -> None:
    answer = client.get(path.format(2**63), headers=bearer(world.key("r", "read")))
    assert answer.status_code == 404


def test_text_that_postgresql_cannot_hold_is_refused(client: FlaskClient, world: World) -> None:
    nothing = {"regions": ["eu-west-1\u0000"]}
    answer = client.put("/v1/whatif-options", json=nothing, headers=bearer(world.key("a", "admin")))
    is_problem(answer, 400, "invalid_input")
