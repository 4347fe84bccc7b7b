"""/healthz, /readyz, /metrics: what operators and load balancers ask."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST

from integration.foundation.database import takes_writes
from integration.foundation.migration import is_current
from integration.web import house_metrics
from integration.web.access import open_to_all
from integration.web.errors import problem
from integration.web.service import service

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
@open_to_all
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@operations.get("/readyz")
@open_to_all
def readyz() -> Response:
    """The process can do its work: the database takes writes, its schema is new, prices are read.

    What is costly to load is loaded here at the latest, so that traffic finds it there.
    """
    service().books.plain.prices.warm_up()
    with service().engine.connect() as connection:
        if not takes_writes(connection):
            return problem(503, "database_read_only", "The database is a standby: it only reads")
    if not is_current(service().engine):
        return problem(503, "schema_behind", "The database schema is not the newest: migrate first")
    return jsonify(status="ready")


@operations.get("/metrics")
@open_to_all
def metrics() -> Response:
    """Prometheus metrics: what the web's processes counted, and what waits in the house."""
    here = service()
    with here.transactions.begin() as session:
        waiting = house_metrics.gauges(session, here.clock.now())
    return Response(house_metrics.counters() + waiting, content_type=CONTENT_TYPE_LATEST)
