"""Known faults of what is locked, looked up in a copy of the advisories: no network is asked.

The copy is a folder of OSV records, such as a clone of https://github.com/pypa/advisory-database or
the unpacked export of OSV for PyPI. How old it is is said first, for it finds nothing newer.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def locked(file: Path) -> dict[str, str]:
    """Name and version of everything a requirements file locks."""
    found = filter(None, map(LOCKED.match, file.read_text().splitlines()))
    return {canonicalize_name(each[1]): each[2] for each in found}


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield each advisory that was not withdrawn; YAML and JSON."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".yaml", ".yml", ".json"} or ".git" in path.parts[-3:]:
            continue
        text = path.read_text(encoding="utf-8")
        record = json.loads(text) if path.suffix == ".json" else yaml.load(text, LOADER)  # noqa: S506
        if isinstance(record, dict) and record.get("affected") and not record.get("withdrawn"):
            yield record


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Whether a version is among those an advisory names, one by one or from and to.

    >>> span = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.7.2"}]}
    >>> is_affected("2.7.1", {"ranges": [span]}), is_affected("2.7.2", {"ranges": [span]})
    (True, False)
    >>> is_affected("1.0", {"versions": ["1.0"]}), is_affected("1.1", {"versions": ["1.0"]})
    (True, False)
    """
    if version in map(str, affected.get("versions") or ()):
        return True
    spans = [each for each in affected.get("ranges") or () if each["type"] == "ECOSYSTEM"]
    return any(_is_in(Version(version), each["events"]) for each in spans)


def _is_in(version: Version, events: list[dict[str, str]]) -> bool:
    """Play the events in their order: each one up to the version opens the span or ends it."""
    is_open = False
    for event in events:
        ((kind, at),) = event.items()
        try:
            place = Version("0" if str(at) == "0" else str(at))
        except InvalidVersion:
            continue
        if kind == "introduced" and version >= place:
            is_open = True
        elif version > place or (kind == "fixed" and version == place):
            is_open = False
    return is_open


def main() -> None:
    """Print what is found; ends with 1 where anything is, and where there is nothing to look in."""
    requirements, folder = Path(sys.argv[1]), Path(sys.argv[2])
    ours, faults, count, newest = locked(requirements), [], 0, ""
    for record in records(folder):
        count += 1
        newest = max(newest, str(record.get("modified") or record.get("published") or "")[:10])
        for affected in record["affected"]:
            package = affected.get("package") or {}
            name = canonicalize_name(str(package.get("name", "")))
            is_ours = package.get("ecosystem") == "PyPI" and name in ours
            if is_ours and is_affected(ours[name], affected):
                faults.append(f"{name} {ours[name]}: {record['id']}")
    print(f"{len(ours)} packages of {requirements} against {count:,} advisories of {folder}.")
    print(f"The newest is of {newest or 'no day'}: nothing that became known later is found.")
    for fault in sorted(set(faults)):
        print(f"  {fault}")
    print(json.dumps({"packages": len(ours), "advisories": count, "newest": newest,
                      "faults": len(set(faults))}))  # fmt: skip
    sys.exit(bool(faults) or not count)


if __name__ == "__main__":
    main()
