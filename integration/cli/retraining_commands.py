"""`storymeter retraining check`: a gate for pipelines, by its exit code."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from integration.foundation.errors import InvalidInput

NO_GO = 3
"""Exit code of a no-go; 0 is go, 1 says that nobody could be asked."""


@click.group()
def retraining() -> None:
    """Is a retraining worth its cost and carbon?"""


@retraining.command()
@click.option("--incumbent-error", type=float, required=True, help="In any unit, lower is better.")
@click.option("--candidate-error", type=float, required=True, help="Foreseen, in the same unit.")
@click.option("--list-cost-usd", required=True, help="Of the retraining asked about.")
@click.option("--kgco2e", required=True, help="Of the retraining asked about, location-based.")
@click.option("--usual-improvement", type=float, default=None, help="Share of the error, 0 to 1.")
@click.option("--usual-cost-usd", default=None, help="Of one usual retraining.")
@click.option("--usual-kgco2e", default=None, help="Of one usual retraining.")
@click.option("--subject", default="", help="What would be retrained.")
@click.option("--id", "check_id", default="", help="The run's own id, so that a retry asks once.")
@click.option("--url", default="http://127.0.0.1:8080", envvar="STORYMETER_URL", show_default=True)
@click.option("--key", required=True, envvar="STORYMETER_KEY", help="A key with scope authorize.")
@click.option("--json", "as_json", is_flag=True)
def check(url: str, key: str, as_json: bool, **proposal: Any) -> None:
    """Ask, and exit with 0 (go) or 3 (no-go). The decision is kept."""
    import requests

    body = {
        "id": proposal["check_id"], "subject": proposal["subject"],
        "incumbent_error": proposal["incumbent_error"],
        "candidate_error": proposal["candidate_error"],
        "list_cost_usd": proposal["list_cost_usd"], "location_based_kgco2e": proposal["kgco2e"],
        "reference": _reference(proposal),
    }  # fmt: skip
    try:
        answer = requests.post(
            f"{url.rstrip('/')}/v1/retraining-checks", json=body,
            headers={"Authorization": f"Bearer {key}"}, timeout=30,
        )  # fmt: skip
    except requests.RequestException as failure:
        raise InvalidInput(f"{url} does not answer: {failure}") from failure
    if answer.status_code != 201:
        raise InvalidInput(f"{url} answered {answer.status_code}: {answer.text[:500]}")
    found = answer.json()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(f"{'Go' if found['decision'] == 'go' else 'No-go'}: {found['reason']}")
    sys.exit(0 if found["decision"] == "go" else NO_GO)


def _reference(proposal: dict[str, Any]) -> dict[str, Any] | None:
    names = ("usual_improvement", "usual_cost_usd", "usual_kgco2e")
    given = [name for name in names if proposal[name] is not None]
    if not given:
        return None
    if len(given) < len(names):
        raise InvalidInput("Give all of --usual-improvement, --usual-cost-usd and --usual-kgco2e")
    return {
        "improvement": proposal["usual_improvement"],
        "list_cost_usd": proposal["usual_cost_usd"],
        "location_based_kgco2e": proposal["usual_kgco2e"],
    }
