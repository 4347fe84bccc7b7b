"""Says what happens, with how long it took, and waits for what must happen next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from integration.cli.demo.people import StepDidNotHappen

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

Found = TypeVar("Found")
PATIENCE_S = 25.0


class Narrator:
    """Tells a person what happens; raises when something does not."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._began = time.monotonic()

    def chapter(self, title: str) -> None:
        """Begin a Scrum event."""
        self.console.print(f"\n[bold]{title}[/bold]")

    def tell(self, sentence: str) -> None:
        """Say what was seen to happen."""
        seconds = time.monotonic() - self._began
        self.console.print(f"  [dim]{seconds:5.1f} s[/dim]  {sentence}")

    def until(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Look again and again until there is something to see.

        Raises:
            StepDidNotHappen: it did not appear in time.
        """
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise StepDidNotHappen(f"This did not happen: {what}")
