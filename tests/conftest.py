"""What tests share: a real PostgreSQL for the run, and a fresh database for each test that asks."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, text

from integration.foundation.clock import FixedClock
from integration.foundation.database import Transactions, connect, transactions_on
from integration.foundation.embedded_database import running
from integration.foundation.migration import upgrade
from tests.databases import TEMPLATE, Databases

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine is no fault of the code: what is slow is measured in benchmarks.
settings.register_profile("storymeter", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("storymeter")

ROOT = Path(__file__).resolve().parents[1]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each run a temporary folder of its own.

    The folder that pytest shares between runs is closed to other users whenever a run begins: to
    the user of a PostgreSQL that another run has in there, too.
    """
    if config.option.basetemp is None and not hasattr(config, "workerinput"):
        config.option.basetemp = tempfile.mkdtemp(prefix="storymeter-tests-")
        config.add_cleanup(lambda: shutil.rmtree(config.option.basetemp, ignore_errors=True))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that rewrites golden files."""
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are being rewritten."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo how a command or an app under test sets up the logs of its process."""
    factory, configuration = logging.getLogRecordFactory(), structlog.get_config()
    yield
    logging.setLogRecordFactory(factory)
    structlog.configure(**configuration)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of samples and data, which a clone of the project alone does not have."""
    folder = Path(os.environ.get("STORYMETER_SHARED_DIR", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("no shared samples; set STORYMETER_SHARED_DIR")
    return folder


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL: the one in TEST_DATABASE_URL, or an embedded one.

    Each parallel test process has a server of its own: they start in under a second.
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with running(tmp_path_factory.mktemp("pg"), database=TEMPLATE) as url:
        _spare_the_disk(url)
        yield url


def _spare_the_disk(url: str) -> None:
    """Wait for no disk: tests kill processes, never the machine."""
    engine = connect(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """A database with the newest schema, from which the tests' databases are copied."""
    engine = connect(server_url)
    upgrade(engine)
    engine.dispose()
    return server_url


@pytest.fixture(scope="session")
def databases(template: str) -> Iterator[Databases]:
    """The databases of this run's server."""
    made = Databases(template)
    yield made
    made.close()


@pytest.fixture
def engine(databases: Databases) -> Iterator[Engine]:
    """An engine on a database with all tables and nothing in them."""
    engine = databases.take()
    yield engine
    databases.give_back(engine)


@pytest.fixture
def transactions(engine: Engine) -> Transactions:
    """Transactions on a fresh database."""
    return transactions_on(engine)


@pytest.fixture
def clock() -> FixedClock:
    """Friday 20 November 2026, noon UTC."""
    return FixedClock(NOON)
