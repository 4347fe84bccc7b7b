"""Atlassian's own ADF schema as a judge; tests that need it skip where the file is absent."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[3]


@cache
def _validator() -> jsonschema.Draft4Validator | None:
    folder = Path(os.environ.get("STORYMETER_OPENAPI_DIR", ROOT / "../shared/openapi"))
    found = sorted(folder.glob("adf-schema-v1-full.*.json"))
    if not found:
        return None
    return jsonschema.Draft4Validator(json.loads(found[0].read_text(encoding="utf-8")))


def assert_valid_adf(document: dict[str, Any]) -> None:
    """Fail with the first error of Atlassian's schema."""
    validator = _validator()
    if validator is None:
        pytest.skip("no ADF schema; set STORYMETER_OPENAPI_DIR")
    validator.validate(document)
