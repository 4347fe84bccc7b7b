"""Parts that the web process, the worker and the command line are all put together from."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from integration.carbon.carbon_book import default_carbon_book
from integration.foundation.errors import InvalidInput
from integration.foundation.redaction import RedactedRecord, redact_event
from integration.foundation.secrets import SecretBox, key_in
from integration.foundation.wording import Wordings
from integration.journeys.books import Books
from integration.pricing.override_rows import parse_rows
from integration.pricing.price_book import default_price_book

if TYPE_CHECKING:
    from pathlib import Path

    from integration.foundation.database import Transactions
    from integration.journeys.book_shelf import BookShelf
    from integration.pricing.override_rows import OverrideRow
    from integration.settings import Settings


def secret_box(settings: Settings) -> SecretBox:
    """Open stored tokens under the deployment's key, or the one kept in its folder."""
    if settings.secret_key is not None:
        return SecretBox(settings.secret_key.get_secret_value())
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return SecretBox(key_in(settings.data_dir / "secret.key"))


def wordings_of(settings: Settings, transactions: Transactions) -> Wordings:
    """Every workspace's wording; where its own words fail, that is kept for the doctor."""
    from integration.foundation.clock import clock_from
    from integration.journeys.note_wording import note_wording_fault

    clock = clock_from(settings.clock_file)

    def told(workspace_id: str, template: str, fault: str) -> None:
        note_wording_fault(transactions, workspace_id, template, fault, now=clock.now())

    return Wordings(settings.templates_dir, told)


def set_up_logs(settings: Settings) -> None:
    """Log to stderr: readable lines, or JSON for machines."""
    import structlog  # Commands that only work something out log nothing.

    level = logging.getLevelNamesMapping()[settings.log_level]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Looked up at each line: whoever replaces stderr, as test runners do, gets the lines.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    logging.setLogRecordFactory(RedactedRecord)
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)


def book_shelf(settings: Settings, transactions: Transactions) -> BookShelf:
    """The books of every workspace, the installation's own prices included."""
    from integration.foundation.clock import clock_from
    from integration.journeys.book_shelf import BookShelf  # Commands without a database do without.

    plain, clock = default_books(settings.price_overrides), clock_from(settings.clock_file)
    return BookShelf(transactions, plain, settings.live_zones, clock)


def default_books(price_overrides: Path | None = None) -> Books:
    """List prices and published factors, with the price rows of a file where one is named.

    Raises:
        InvalidInput: the file is absent, or a row in it is wrong.
    """
    rows = rows_in(price_overrides) if price_overrides else ()
    return Books(default_price_book(rows), default_carbon_book())


def rows_in(file: Path) -> tuple[OverrideRow, ...]:
    """Read a file of price rows: a JSON array, as docs/prices.md describes it.

    Raises:
        InvalidInput: the file is absent, or a row in it is wrong.
    """
    try:
        return parse_rows(file.read_bytes())
    except OSError as wrong:
        raise InvalidInput(f"The price file cannot be read: {wrong}") from wrong
    except ValueError as wrong:  # msgspec's errors are ValueErrors.
        raise InvalidInput(f"{file}: {wrong}") from wrong
