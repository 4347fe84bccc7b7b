"""What one row of the table says: each cell read into its input, or named as unreadable."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from integration.estimation.headings import SHOWN_AS
from integration.estimation.workload import Missing, Workload
from integration.estimation.workload_kind import kind_of
from integration.estimation.written_numbers import (
    WrittenNumber,
    read_count,
    read_hours,
    read_share,
)

EXAMPLES = {
    "calls": "1200, 4k, 1.2M or 500/day",
    "calls_per_day": "500",
    "input_tokens": "1200, 4k or 10k-20k",
    "output_tokens": "300 or 1.2k",
    "cached_share": "80%, 0.8 or 0%",
    "service_tier": "standard, batch, flex, priority or spot",
    "gpu_count": "2",
    "gpu_hours": "6, 1.5h or 90 min",
    "total_gpu_hours": "12",
}
TIERS = {
    "standard": "standard", "default": "standard", "on demand": "standard", "normal": "standard",
    "batch": "batch", "batches": "batch", "batch api": "batch",
    "flex": "flex", "priority": "priority", "spot": "spot",
}  # fmt: skip
WORKING_DAYS_PER_WEEK = 5
TIMES = r"\s*(?:x|×|\*|times)\s*"
PIECES_FIRST = re.compile(rf"^(\d{{1,5}}){TIMES}(\S.*)$", re.IGNORECASE)
PIECES_LAST = re.compile(r"^(\S.*?)\s*(?:×|\bx\s?|\*|(?<=\s)x)\s*(\d{1,5})$", re.IGNORECASE)


@dataclass(slots=True)
class RowReader:
    """Reads rows one after the other and gathers workloads, problems and assumptions."""

    sprint_days: int
    workloads: list[Workload] = field(default_factory=list)
    problems: list[Missing] = field(default_factory=list)
    assumptions: list[str] = field(default_factory=list)
    _row: int = 0
    _name: str = ""
    _cells: dict[str, str] = field(default_factory=dict)

    def read(self, number: int, cells: dict[str, str]) -> None:
        """Read row `number` (counted from 1, headings included) from its filled cells by input."""
        self._row, self._cells = number, cells
        self._name = self._free_name(cells.get("name") or cells.get("model") or f"Row {number}")
        accelerator, pieces = split_pieces(cells.get("accelerator", ""))
        gpu_count = self._number("gpu_count")
        if gpu_count is None and "gpu_count" not in cells:
            gpu_count = pieces
        model = cells.get("model", "")
        self.workloads.append(
            Workload(
                name=self._name,
                kind=kind_of(
                    cells.get("kind", ""), name=cells.get("name", ""), model=model,
                    on_accelerators=bool(accelerator),
                ),
                provider_name=cells.get("provider_name", ""),
                model=model,
                calls=self._calls(),
                input_tokens=self._tokens("input_tokens"),
                output_tokens=self._tokens("output_tokens"),
                cached_share=self._share(),
                region=cells.get("region", ""),
                service_tier=self._tier(),
                accelerator=accelerator,
                gpu_count=gpu_count,
                gpu_hours=self._hours(gpu_count),
            )
        )  # fmt: skip

    def _free_name(self, wanted: str) -> str:
        taken = {workload.name for workload in self.workloads}
        return f"{wanted} (row {self._row})" if wanted in taken else wanted

    def _calls(self) -> Decimal | None:
        """Calls per Sprint; a column per Sprint outranks a column per day."""
        if "calls" in self._cells:
            return self._per_sprint(self._count("calls"))
        read = self._count("calls_per_day")
        if read is not None and not read.per:
            read = WrittenNumber(read.value, "day", read.notes)
        return self._per_sprint(read)

    def _per_sprint(self, read: WrittenNumber | None) -> Decimal | None:
        if read is None or not read.per:
            return None if read is None else read.value
        if read.per == "day":
            days, what = Decimal(self.sprint_days), f"{self.sprint_days} working days"
        else:
            days = Decimal(self.sprint_days) / WORKING_DAYS_PER_WEEK
            what = f"{_plain(days)} weeks"
        calls = read.value * days
        self._assume(f"{_plain(read.value)} a {read.per} × {what} = {_plain(calls)} calls.")
        return calls

    def _tokens(self, column: str) -> Decimal | None:
        read = self._count(column)
        if read is None:
            return None
        per_period = bool(read.per)
        is_slip = read.value < 10 and read.value != read.value.to_integral_value()
        if per_period or is_slip:
            self._unreadable(column, "is no number of tokens per call")
            return None
        return read.value

    def _share(self) -> Decimal | None:
        if "cached_share" not in self._cells:
            return None
        read = read_share(self._cells["cached_share"])
        if read is None:
            self._unreadable("cached_share", "is no share from 0 % to 100 %")
            return None
        self._assume(*read.notes)
        return read.value

    def _tier(self) -> str:
        written = self._cells.get("service_tier", "standard")
        tier = TIERS.get(written.casefold().replace("_", " ").strip())
        if tier is None:
            self._unreadable("service_tier", "is no service tier")
            return "standard"
        return tier

    def _hours(self, gpu_count: Decimal | None) -> Decimal | None:
        column = "gpu_hours" if "gpu_hours" in self._cells else "total_gpu_hours"
        if column not in self._cells:
            return None
        read = read_hours(self._cells[column])
        if read is None:
            self._unreadable(column, "is no number of hours")
            return None
        self._assume(*read.notes)
        pieces = gpu_count or Decimal(1)
        if column == "total_gpu_hours":
            return read.value / pieces
        if pieces != 1:
            total = _plain(read.value * pieces)
            self._assume(
                f"{_plain(read.value)} h on each of {_plain(pieces)} GPUs = {total} GPU-hours."
            )
        return read.value

    def _number(self, column: str) -> Decimal | None:
        read = self._count(column)
        return None if read is None else read.value

    def _count(self, column: str) -> WrittenNumber | None:
        if column not in self._cells:
            return None
        read = read_count(self._cells[column])
        if read is None:
            self._unreadable(column, "is no number")
            return None
        self._assume(*read.notes)
        return read

    def _assume(self, *sentences: str) -> None:
        self.assumptions.extend(f"{self._name}: {sentence}" for sentence in sentences)

    def _unreadable(self, column: str, what: str) -> None:
        """Name the cell that cannot be read, what it says, and what would be read."""
        reason = (
            f"Row {self._row}, column “{SHOWN_AS[column]}”: “{self._cells[column][:60]}” {what}. "
            f"Write for example {EXAMPLES[column]}."
        )
        named = {"calls_per_day": "calls", "total_gpu_hours": "gpu_hours"}.get(column, column)
        self.problems.append(Missing(self._name, named, reason))


def split_pieces(written: str) -> tuple[str, Decimal | None]:
    """Split `2 x H100` or `H100 ×2` into the accelerator and how many; None when nobody said.

    >>> split_pieces("2 x H100"), split_pieces("A100 80GB")
    (('H100', Decimal('2')), ('A100 80GB', None))
    """
    if match := PIECES_FIRST.match(written):
        return match[2].strip(), Decimal(match[1])
    if match := PIECES_LAST.match(written):
        return match[1].strip(), Decimal(match[2])
    return written, None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
