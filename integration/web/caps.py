"""/v1/caps: read, set and remove what may be spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify, request

from integration.caps.queries import balances
from integration.caps.written import WrittenCap, cap_of, described
from integration.foundation.errors import NotFound
from integration.journeys.set_cap import remove_cap, set_cap
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.service import service

if TYPE_CHECKING:
    from integration.caps.policy import Balance

caps = Blueprint("caps", __name__)


@caps.get("/v1/caps")
@needs("read")
def get_caps() -> Response:
    """List the caps in force with what is spent, held and available under each."""
    with service().transactions.begin() as session:
        found = balances(session, caller().workspace_id)
    return jsonify(caps=[described(balance) for balance in found.values()])


@caps.get("/v1/caps/<cap_id>")
@needs("read")
def get_cap(cap_id: str) -> Response:
    """Show one cap as it stands."""
    return jsonify(described(standing(cap_id)))


@caps.post("/v1/caps")
@needs("admin")
def post_cap() -> tuple[Response, int]:
    """Set a cap; the same id again replaces its settings."""
    sent = sent_json(WrittenCap)
    here, who = service(), caller()
    balance = set_cap(
        here.transactions, cap_of(sent, who.workspace_id), actor=f"key:{who.key_id}",
        actor_name=f"API key {who.name}", reason=sent.reason, now=here.clock.now(),
    )  # fmt: skip
    return jsonify(described(balance)), 201


@caps.delete("/v1/caps/<cap_id>")
@needs("admin")
def delete_cap(cap_id: str) -> tuple[str, int]:
    """Take a cap out of force; `?reason=` is kept."""
    here, who = service(), caller()
    remove_cap(
        here.transactions, who.workspace_id, cap_id, actor=f"key:{who.key_id}",
        actor_name=f"API key {who.name}", reason=request.args.get("reason", ""),
        now=here.clock.now(),
    )  # fmt: skip
    return "", 204


def standing(cap_id: str) -> Balance:
    """How a cap of the caller's workspace stands.

    Raises:
        NotFound: no such cap.
    """
    with service().transactions.begin() as session:
        found = balances(session, caller().workspace_id, [cap_id])
    if cap_id not in found:
        raise NotFound(f"There is no cap {cap_id!r}")
    return found[cap_id]
