"""The `storymeter` command as it is installed: says what to install where only the client is."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a command of the server."""
    try:
        from integration.cli import main as run
    except ModuleNotFoundError as missing:
        sys.exit(
            f"storymeter: only the client is installed here ({missing.name} is missing). "
            "For the service: pip install 'storymeter[server]'"
        )
    run()
