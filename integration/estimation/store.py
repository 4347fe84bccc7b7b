"""Every version of every estimate, the inputs it stands on, and what alternatives may change."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import BigInteger, Row, Select, Text, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert

from integration.estimation.models import (
    EstimateRow,
    RetrainingCheckRow,
    RetrainingResultRow,
    StoryInputsRow,
    WhatIfOptionsRow,
)
from integration.estimation.retraining import RetrainingCheck, RetrainingResult
from integration.estimation.stated_inputs import StatedInputs
from integration.estimation.whatif import Options
from integration.estimation.workload import Estimate, Range

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy.orm import Session

QUANTITIES = (
    "tokens", "list_cost_nanousd", "energy_uwh", "location_based_ugco2e", "market_based_ugco2e",
)  # fmt: skip
AS_THEY_ARE = (
    "workloads", "assumptions", "missing", "calibration", "coverage_pct",
    "method_version", "price_version", "factor_version", "factor_tier", "factor_sources",
)  # fmt: skip
_COLUMNS = (
    "story_key", "version", "created_at", "digest", *AS_THEY_ARE,
    *(f"{quantity}_{end}" for quantity in QUANTITIES for end in ("low", "central", "high")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EstimateVersion:
    """An estimate as it was saved. Versions of a story count from 1."""

    story_key: str
    version: int
    created_at: datetime
    digest: str
    estimate: Estimate


def digest_of(estimate: Estimate) -> str:
    """SHA-256 over the inputs, assumptions, versions and figures: equal when nothing changed."""
    return hashlib.sha256(msgspec.json.encode(estimate, order="sorted")).hexdigest()


def save_if_changed(
    session: Session, workspace_id: str, story_key: str, estimate: Estimate, now: datetime
) -> tuple[int, bool]:
    """Add a version unless the latest one says the same; return its number and whether it is new.

    Two writers of one story wait for each other, so that no version is lost or doubled.
    """
    name = f"estimate/{workspace_id}/{story_key}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    digest = digest_of(estimate)
    previous = session.execute(
        select(EstimateRow.version, EstimateRow.digest)
        .where(EstimateRow.workspace_id == workspace_id, EstimateRow.story_key == story_key)
        .order_by(EstimateRow.version.desc())
        .limit(1)
    ).first()
    if previous is not None and previous.digest == digest:
        return previous.version, False
    version = 1 if previous is None else previous.version + 1
    session.add(
        EstimateRow(
            workspace_id=workspace_id,
            story_key=story_key,
            version=version,
            created_at=now,
            digest=digest,
            **_columns(estimate),
        )
    )
    session.flush()
    return version, True


def latest(session: Session, workspace_id: str, story_key: str) -> EstimateVersion | None:
    """Return the newest version of a story's estimate."""
    return latest_of(session, workspace_id, [story_key]).get(story_key)


def latest_of(
    session: Session, workspace_id: str, story_keys: Iterable[str]
) -> dict[str, EstimateVersion]:
    """Return the newest version of each story that has one, by story key."""
    return _newest(session, _versions(workspace_id, story_keys))


def with_previous(
    session: Session, workspace_id: str, story_keys: Iterable[str], instant: datetime | None = None
) -> dict[str, tuple[EstimateVersion, EstimateVersion | None]]:
    """Return for each story its newest version, at an instant where given, and the one before."""
    keys = list(story_keys)
    rows = _versions(workspace_id, keys)
    newest = _newest(session, rows if instant is None else _until(rows, instant))
    older = {key: found.version - 1 for key, found in newest.items() if found.version > 1}
    keys_and_versions = (
        cast(list(older), ARRAY(Text)),
        cast(list(older.values()), ARRAY(BigInteger)),
    )
    wanted = func.unnest(*keys_and_versions).table_valued("story_key", "version").render_derived()
    before = tuple_(EstimateRow.story_key, EstimateRow.version).in_(
        select(wanted.c.story_key, wanted.c.version)
    )
    previous = _by_story(session, rows.where(before)) if older else {}
    return {key: (found, previous.get(key)) for key, found in newest.items()}


def first_of(
    session: Session, workspace_id: str, story_keys: Iterable[str]
) -> dict[str, EstimateVersion]:
    """Return the first version of each story that has one, by story key."""
    return _by_story(session, _versions(workspace_id, story_keys).where(EstimateRow.version == 1))


def at(
    session: Session, workspace_id: str, story_key: str, instant: datetime
) -> EstimateVersion | None:
    """Return the version that was in force at an instant; None before the first."""
    return at_of(session, workspace_id, [story_key], instant).get(story_key)


def at_of(
    session: Session, workspace_id: str, story_keys: Iterable[str], instant: datetime
) -> dict[str, EstimateVersion]:
    """Return for each story the version that was in force at an instant."""
    return _newest(session, _until(_versions(workspace_id, story_keys), instant))


def keep_inputs(
    session: Session, workspace_id: str, story_key: str, stated: StatedInputs, now: datetime
) -> None:
    """Keep what a story states now; nothing where it states nothing any more."""
    values = {
        "cells": [list(row) for row in stated.rows], "fields": dict(stated.fields),
        "stated_at": now,
    }  # fmt: skip
    row = insert(StoryInputsRow).values(workspace_id=workspace_id, story_key=story_key, **values)
    session.execute(
        row.on_conflict_do_update(index_elements=["workspace_id", "story_key"], set_=values)
    )


def kept_inputs(session: Session, workspace_id: str, story_key: str) -> StatedInputs | None:
    """Return what a story stated last, locked until the commit; None when it never did.

    Whoever estimates anew and whoever brings newer inputs wait for each other.
    """
    row = session.execute(
        select(StoryInputsRow.cells, StoryInputsRow.fields)
        .where(StoryInputsRow.workspace_id == workspace_id, StoryInputsRow.story_key == story_key)
        .with_for_update()
    ).one_or_none()
    return StatedInputs(*row) if row else None


def begin_inputs(session: Session, workspace_id: str, story_key: str, now: datetime) -> None:
    """Let a story that states nothing itself be estimated by what its sub-tasks state."""
    row = insert(StoryInputsRow).values(
        workspace_id=workspace_id, story_key=story_key, cells=[], stated_at=now
    )
    session.execute(row.on_conflict_do_nothing())


def set_options(session: Session, workspace_id: str, options: Options, now: datetime) -> None:
    """Replace what the workspace lets alternatives change."""
    values = {"options": msgspec.to_builtins(options), "changed_at": now}
    row = insert(WhatIfOptionsRow).values(workspace_id=workspace_id, **values)
    session.execute(row.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def options_of(session: Session, workspace_id: str) -> Options:
    """Return what the workspace lets alternatives change; the defaults until it says."""
    kept = session.scalar(
        select(WhatIfOptionsRow.options).where(WhatIfOptionsRow.workspace_id == workspace_id)
    )
    return Options() if kept is None else msgspec.convert(kept, Options)


def add_check(session: Session, workspace_id: str, check: RetrainingCheck) -> RetrainingCheck:
    """Keep a retraining check; one with its id that is kept already stands, and is returned."""
    values = msgspec.to_builtins(check)
    values["checked_at"] = check.checked_at
    row = insert(RetrainingCheckRow).values(workspace_id=workspace_id, **values)
    session.execute(row.on_conflict_do_nothing())
    kept = session.get_one(RetrainingCheckRow, (workspace_id, check.check_id))
    return _check(kept)


def checks(session: Session, workspace_id: str) -> list[RetrainingCheck]:
    """Return the workspace's retraining checks, oldest first."""
    rows = session.scalars(
        select(RetrainingCheckRow)
        .where(RetrainingCheckRow.workspace_id == workspace_id)
        .order_by(RetrainingCheckRow.checked_at, RetrainingCheckRow.check_id)
    )
    return [_check(row) for row in rows]


def add_result(session: Session, workspace_id: str, result: RetrainingResult) -> bool:
    """Keep what came of a checked retraining; False when its result is kept already."""
    row = insert(RetrainingResultRow).values(workspace_id=workspace_id, **asdict(result))
    kept = session.execute(row.on_conflict_do_nothing().returning(RetrainingResultRow.check_id))
    return kept.scalar() is not None


def results(session: Session, workspace_id: str) -> list[RetrainingResult]:
    """Return what came of checked retrainings, oldest first."""
    rows = session.scalars(
        select(RetrainingResultRow)
        .where(RetrainingResultRow.workspace_id == workspace_id)
        .order_by(RetrainingResultRow.recorded_at, RetrainingResultRow.check_id)
    )
    return [
        RetrainingResult(
            row.check_id, row.recorded_at, row.realised_error, row.realised_benefit,
            row.threshold_after,
        )
        for row in rows
    ]  # fmt: skip


def _check(row: RetrainingCheckRow) -> RetrainingCheck:
    names = ("check_id", "checked_at", "asked_by", "subject", "proposed", "reference", "decision")
    plain = {name: getattr(row, name) for name in names}
    return msgspec.convert(plain, RetrainingCheck)


def _versions(workspace_id: str, story_keys: Iterable[str]) -> Select[Any]:
    """Columns, not objects: of thousands of versions, each would be tracked for changes."""
    columns = [getattr(EstimateRow, name) for name in _COLUMNS]
    return select(*columns).where(
        EstimateRow.workspace_id == workspace_id,
        EstimateRow.story_key == func.any(list(story_keys)),
    )


def _until(rows: Select[Any], instant: datetime) -> Select[Any]:
    return rows.where(EstimateRow.created_at <= instant)


def _newest(session: Session, rows: Select[Any]) -> dict[str, EstimateVersion]:
    first_of_each = rows.ext(distinct_on(EstimateRow.story_key)).order_by(
        EstimateRow.story_key, EstimateRow.version.desc()
    )
    return _by_story(session, first_of_each)


def _by_story(session: Session, rows: Select[Any]) -> dict[str, EstimateVersion]:
    return {row.story_key: _version(row) for row in session.execute(rows)}


def _columns(estimate: Estimate) -> dict[str, Any]:
    plain = msgspec.to_builtins(estimate)
    columns = {name: plain[name] for name in AS_THEY_ARE}
    for quantity in QUANTITIES:
        for end in ("low", "central", "high"):
            columns[f"{quantity}_{end}"] = plain[quantity] and plain[quantity][end]
    return columns


def _version(row: Row[Any]) -> EstimateVersion:
    plain = {name: getattr(row, name) for name in AS_THEY_ARE}
    ranges = {quantity: _range(row, quantity) for quantity in QUANTITIES}
    return EstimateVersion(
        story_key=row.story_key,
        version=row.version,
        created_at=row.created_at,
        digest=row.digest,
        estimate=msgspec.convert({**plain, **ranges}, Estimate),
    )


def _range(row: Row[Any], quantity: str) -> Range | None:
    low, central, high = (getattr(row, f"{quantity}_{end}") for end in ("low", "central", "high"))
    return None if central is None else Range(low, central, high)
