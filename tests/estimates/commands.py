"""What the command tests share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

if TYPE_CHECKING:
    from click import Command


def run(command: Command, *arguments: str, exit_code: int = 0) -> str:
    """Run a command in this process and return what it prints."""
    done = CliRunner().invoke(command, list(arguments))
    assert done.exit_code == exit_code, done.output
    return done.output


def answer(command: Command, *arguments: str, exit_code: int = 0) -> Any:
    """Run a command with --json and return what it answers."""
    return json.loads(run(command, *arguments, "--json", exit_code=exit_code))
