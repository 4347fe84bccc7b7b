"""What every answer carries: headers for browsers once each, JSON as written, cookies when used."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from flask import Response, jsonify

from integration.web.headers import HEADERS, add_headers

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient


def test_each_header_is_there_once_and_an_answers_own_goes_before(
    app: Flask, client: FlaskClient
) -> None:
    answer = client.get("/healthz")
    for name, value in HEADERS.items():
        assert answer.headers.getlist(name) == [value]
    with app.test_request_context():
        own = add_headers(Response(headers={"content-security-policy": "sandbox"}))
    assert own.headers.getlist("Content-Security-Policy") == ["sandbox"]
    assert own.headers.getlist("X-Frame-Options") == ["DENY"]


def test_an_answer_without_a_cookie_sets_none_and_varies_by_none(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers


def test_json_says_amounts_and_instants_as_text(app: Flask) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    with app.test_request_context():
        answer = jsonify(limit=Decimal("0.10"), at=noon, name="Zoë", none=None)
    assert answer.get_data(as_text=True) == (
        '{"limit":"0.10","at":"2026-11-20T12:00:00Z","name":"Zoë","none":null}'
    )
    assert answer.content_type == "application/json"
