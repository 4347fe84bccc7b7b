"""/v1/prices/overrides and /v1/carbon/factors: what a workspace states itself. Only ever added."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response

from integration.carbon import store as factors
from integration.carbon.statements import ModelStatement, ZoneStatement
from integration.journeys.enter_rows import enter_factors, enter_prices
from integration.pricing import store as prices
from integration.pricing.override_rows import OverrideRow
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.service import service

own_rows = Blueprint("own_rows", __name__)


class SentPrices(msgspec.Struct, forbid_unknown_fields=True):
    """Dated price rows; amounts are Decimal strings in US dollars."""

    rows: list[OverrideRow]


class SentFactors(msgspec.Struct, forbid_unknown_fields=True):
    """Statements: `{"kind": "zone", …}` or `{"kind": "model", …}`."""

    factors: list[ZoneStatement | ModelStatement]


@own_rows.get("/v1/prices/overrides")
@needs("read")
def get_prices() -> Response:
    """List the workspace's own price rows in the order of entry, and the version they make."""
    here, workspace_id = service(), caller().workspace_id
    with here.transactions.begin() as session:
        entered = prices.overrides(session, workspace_id)
    books = here.books.for_workspace(workspace_id)
    return _json(
        {
            "price_version": books.prices.price_version,
            "rows": [_price(each) for each in entered],
        }
    )


@own_rows.post("/v1/prices/overrides")
@needs("admin")
def post_prices() -> tuple[Response, int]:
    """Add price rows. A row is never replaced: a correction is a later row."""
    sent = sent_json(SentPrices)
    here, who = service(), caller()
    entered = enter_prices(
        here.transactions, who.workspace_id, sent.rows, here.books,
        actor=f"key:{who.key_id}", now=here.clock.now(),
    )  # fmt: skip
    version = here.books.for_workspace(who.workspace_id).prices.price_version
    body = {"price_version": version, "rows": [_price(each) for each in entered]}
    return _json(body), 201


@own_rows.get("/v1/carbon/factors")
@needs("read")
def get_factors() -> Response:
    """List the workspace's own factors in the order of entry, and the version they make."""
    here, workspace_id = service(), caller().workspace_id
    with here.transactions.begin() as session:
        entered = factors.statements(session, workspace_id)
    books = here.books.for_workspace(workspace_id)
    return _json(
        {
            "factor_version": books.carbon.factor_version,
            "factors": [_factor(each) for each in entered],
        }
    )


@own_rows.post("/v1/carbon/factors")
@needs("admin")
def post_factors() -> tuple[Response, int]:
    """Add factors of zones or suppliers' figures of models. None is ever replaced."""
    sent = sent_json(SentFactors)
    here, who = service(), caller()
    entered = enter_factors(
        here.transactions, who.workspace_id, sent.factors, here.books,
        actor=f"key:{who.key_id}", now=here.clock.now(),
    )  # fmt: skip
    version = here.books.for_workspace(who.workspace_id).carbon.factor_version
    return _json({"factor_version": version, "factors": [_factor(each) for each in entered]}), 201


def _price(entered: prices.EnteredPrice) -> dict[str, Any]:
    row = msgspec.to_builtins(entered.row, str_keys=True)
    said = {name: value for name, value in row.items() if value not in (None, "", {})}
    return {
        "id": entered.override_id, "added_at": entered.added_at, "added_by": entered.added_by,
        **said,
    }  # fmt: skip


def _factor(entered: factors.EnteredFactor) -> dict[str, Any]:
    row = msgspec.to_builtins(entered.statement)
    said = {name: value for name, value in row.items() if value not in (None, "")}
    return {
        "id": entered.factor_id, "added_at": entered.added_at, "added_by": entered.added_by,
        **said,
    }  # fmt: skip


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")
