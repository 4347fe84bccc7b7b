"""The client can be installed where nothing of the server is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.house.house import CLIENT, ROOT, imported

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = "litellm_plugin"


@pytest.mark.parametrize("path", CLIENT, ids=lambda path: path.stem)
def test_the_client_needs_the_standard_library_alone(path: Path) -> None:
    known = sys.stdlib_module_names
    brought = {"fastapi", "httpx", "litellm"} if path.stem == PLUGIN else {"storymeter"}
    assert imported(path) <= known | brought


def test_installing_the_client_installs_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == []
    assert [name.partition("[")[0] for name in project["optional-dependencies"]["litellm"]] == [
        "litellm"
    ]


def test_the_command_says_what_to_install_where_only_the_client_is() -> None:
    asked = subprocess.run(
        [sys.executable, "-I", "-S", "-c",
         (f"import sys; sys.path.insert(0, {str(ROOT)!r}); import storymeter; "
         "import integration.command as c; c.main()")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 1
    assert "pip install 'storymeter[server]'" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_the_wheel_carries_both_houses(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"storymeter/__init__.py", "storymeter/py.typed", f"storymeter/{PLUGIN}.py"} <= names
    assert {"integration/command.py", "integration/_data/templates/api/denial.txt.j2"} <= names
