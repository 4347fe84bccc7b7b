"""What is wrong with a workspace's own templates: said to whoever asks, while ours are used."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jinja2 import TemplateError

from integration.foundation.findings import Finding
from integration.foundation.override_loader import check, overridden
from integration.foundation.row_wall import only
from integration.foundation.wording import environment, our_loader
from integration.workspaces import queries as workspace_queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session

    from integration.jobs.house import House


def diagnose_wording(house: House, workspace_id: str) -> list[Finding]:
    """Look at every file of the workspace's own folder; a workspace without one has no finding."""
    if house.wordings.folder is None:
        return []
    folder = house.wordings.folder / workspace_id
    if not folder.is_dir():
        return []
    replacing, idle = overridden(folder, our_loader())
    found = [_finding(name, "idle", is_well=False) for name in idle]
    with only(house.transactions, workspace_id).begin() as session:
        for name in replacing:
            found += _faults(session, workspace_id, folder, name)
    if not found:
        return [_finding("wording", "used", is_well=True, count=len(replacing))]
    return found


def _faults(session: Session, workspace_id: str, folder: Path, name: str) -> Iterator[Finding]:
    path = folder / name
    if name.endswith(".json"):
        return
    try:
        check(environment("slack", "words"), path.read_text(encoding="utf-8"), name)
    except (TemplateError, UnicodeDecodeError) as fault:
        yield _finding(name, "fault", is_well=False, fault=str(fault))
        return
    subject = f"wording:{name.partition('/')[2]}"
    changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    newest = workspace_queries.audit_of(session, workspace_id, subject, limit=1)
    if newest and newest[0].at > changed_at:
        said = str(newest[0].detail.get("fault", ""))
        yield _finding(name, "fault", is_well=False, fault=said, at=newest[0].at)


def _finding(name: str, kind: str, *, is_well: bool, **values: object) -> Finding:
    template = environment("cli").get_template("wording_finding.txt.j2")
    words = template.render(kind=kind, name=name, **values)
    return Finding(name, is_well, " ".join(words.split()), kind)
