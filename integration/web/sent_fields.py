"""Fields of a form, read one by one; what is wrong is collected, so that all is told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from integration.caps.amounts import amount_of_text
from integration.foundation.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import MultiDict

    from integration.caps.policy import Unit

LONGEST_NUMBER = 18
Choice = TypeVar("Choice", bound=str)


@dataclass(slots=True)
class SentFields:
    """A form as it was sent. Reading a field that is wrong notes why, and goes on."""

    form: MultiDict[str, str]
    faults: list[FieldError] = field(default_factory=list)

    def check(self) -> None:
        """Raise InvalidInput when anything that was read so far is wrong."""
        if self.faults:
            raise InvalidInput("Some fields need mending", errors=tuple(self.faults))

    def fault(self, name: str, message: str, code: str = "invalid") -> None:
        """Note what is wrong with a field."""
        self.faults.append(FieldError(f"/{name}", code, message))

    def text(self, name: str) -> str:
        """A text without blanks around it; empty when it was not sent."""
        return self.form.get(name, "").strip()

    def needed(self, name: str, why: str) -> str:
        """A text that must not be empty."""
        found = self.text(name)
        if not found:
            self.fault(name, why, "missing")
        return found

    def choice(self, name: str, choices: Sequence[Choice]) -> Choice:
        """One of several; the first where something else was sent."""
        found = next((each for each in choices if each == self.text(name)), None)
        if found is None:
            self.fault(name, f"choose one of {', '.join(choices)}")
        return found if found is not None else choices[0]

    def listed(self, name: str) -> list[str]:
        """Texts separated by commas or lines."""
        return [
            each.strip() for each in self.text(name).replace("\n", ",").split(",") if each.strip()
        ]

    def whole(self, name: str) -> int | None:
        """A whole number, without the commas of thousands; None for an empty field."""
        written = self.text(name).replace(",", "")
        return self._number(name, written) if written else None

    def wholes(self, name: str) -> list[int]:
        """Whole numbers, separated by commas."""
        return [self._number(name, each.rstrip(" %")) for each in self.listed(name)]

    def amount(self, name: str, unit: Unit) -> int:
        """An amount of money, tokens or mass in the unit that it is stored in."""
        try:
            return amount_of_text(unit, self.text(name), f"/{name}")
        except InvalidInput:
            self.fault(name, "write a number, such as 250 or 72.50")
            return 0

    def day(self, name: str) -> date | None:
        """A day as browsers send it; None for an empty field."""
        try:
            return date.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            self.fault(name, "write a day as 2026-11-30")
            return None

    def moment(self, name: str, zone: str) -> datetime | None:
        """A day and time as browsers send it, in a time zone; None for an empty field."""
        try:
            found = datetime.fromisoformat(self.text(name)) if self.text(name) else None
            return found.replace(tzinfo=ZoneInfo(zone)) if found else None
        except ValueError:
            self.fault(name, "write a day and time as 2026-11-30T18:00")
            return None

    def time_of_day(self, name: str) -> time | None:
        """A time of day; None for an empty field."""
        try:
            written = self.text(name)
            return time.fromisoformat(written).replace(tzinfo=None) if written else None
        except ValueError:
            self.fault(name, "write a time of day as 09:15")
            return None

    def zone(self, name: str) -> str:
        """The name of a time zone."""
        try:
            return ZoneInfo(self.text(name)).key
        except (KeyError, OSError, ValueError):
            self.fault(name, "write a time zone by its IANA name, such as Europe/Berlin")
            return "UTC"

    def _number(self, name: str, written: str) -> int:
        if written.isascii() and written.isdecimal() and len(written) <= LONGEST_NUMBER:
            return int(written)
        self.fault(name, f"{written!r} is not a whole number")
        return 0
