"""Settings: read from the environment, wrong ones named all at once, handed on to children."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from integration.foundation.errors import InvalidInput
from integration.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    Setting = Callable[..., None]

SECRET = "b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Set these variables and no other of ours."""
    for name in list(os.environ):
        if name.startswith("STORYMETER_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def test_nothing_needs_to_be_set(environment: Setting) -> None:
    settings = read_settings()
    assert settings.database_url == ""
    assert settings.data_dir == Path(".storymeter")
    assert settings.url == "http://127.0.0.1:8080"


def test_every_wrong_variable_is_named_at_once(environment: Setting) -> None:
    environment(
        STORYMETER_PORT="eighty", STORYMETER_WEB_THREADS="0", STORYMETER_LOG_FORMAT="xml",
        STORYMETER_LOGIN="anyone", STORYMETER_MAX_BODY_MB="1.5",
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        read_settings()
    wrong = {
        "STORYMETER_PORT", "STORYMETER_WEB_THREADS", "STORYMETER_LOG_FORMAT", "STORYMETER_LOGIN",
        "STORYMETER_MAX_BODY_MB",
    }  # fmt: skip
    assert {error.pointer for error in refused.value.errors} == wrong
    assert all(name in refused.value.message for name in wrong)
    assert refused.value.message.count("\n") == len(wrong)


def test_a_wrong_secret_is_named_and_not_shown(environment: Setting) -> None:
    environment(STORYMETER_SECRET_KEY=SECRET, STORYMETER_PORT="x")
    with pytest.raises(InvalidInput) as refused:
        read_settings()
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(Settings.model_construct(secret_key=SecretStr(SECRET)))


def test_children_read_the_same_settings(environment: Setting, tmp_path: Path) -> None:
    environment(
        DATABASE_URL="postgresql://storymeter@/storymeter?host=/run/db",
        STORYMETER_DATA_DIR=str(tmp_path), STORYMETER_SECRET_KEY=SECRET,
        STORYMETER_PORT="9090", STORYMETER_PUBLIC_URL="https://meter.example.com/",
        STORYMETER_CLOCK_FILE=str(tmp_path / "clock"), STORYMETER_LOG_FORMAT="json",
    )  # fmt: skip
    settings = read_settings()
    environment(**settings.as_environment())
    assert read_settings() == settings
    assert settings.url == "https://meter.example.com"


def test_an_unset_variable_is_not_handed_on_as_none(environment: Setting) -> None:
    handed_on = Settings().as_environment()
    assert "None" not in handed_on.values()
    assert "STORYMETER_SECRET_KEY" not in handed_on
    environment(**handed_on)
    assert read_settings() == Settings()


def test_an_empty_variable_counts_as_unset(environment: Setting) -> None:
    environment(
        DATABASE_URL="", STORYMETER_PORT="", STORYMETER_SECRET_KEY="", STORYMETER_CLOCK_FILE="",
        STORYMETER_DATA_DIR="",
    )  # fmt: skip
    settings = read_settings()
    assert (settings.port, settings.data_dir) == (8080, Path(".storymeter"))
    assert settings.secret_key is None
    assert settings.clock_file is None


def test_an_unknown_variable_of_ours_does_no_harm(environment: Setting) -> None:
    environment(STORYMETER_KEY="smk_for_the_replay_command", STORYMETER_SOMETHING="1")
    assert read_settings().port == 8080


def test_sign_in_names_everything_that_it_needs_at_once(environment: Setting) -> None:
    environment(
        STORYMETER_LOGIN="oidc", STORYMETER_OIDC_ISSUER="http://id.example.com",
        STORYMETER_PUBLIC_URL="http://meter.example.com",
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        read_settings()
    assert {error.pointer for error in refused.value.errors} == {
        "STORYMETER_OIDC_ISSUER", "STORYMETER_OIDC_CLIENT_ID", "STORYMETER_OIDC_CLIENT_SECRET",
        "STORYMETER_PUBLIC_URL",
    }  # fmt: skip
    assert "https://" in refused.value.message


def test_admins_of_the_deployment_are_compared_in_lower_case(environment: Setting) -> None:
    environment(
        STORYMETER_LOGIN="oidc", STORYMETER_OIDC_ISSUER="https://id.example.com",
        STORYMETER_OIDC_CLIENT_ID="storymeter", STORYMETER_OIDC_CLIENT_SECRET="between us",
        STORYMETER_PUBLIC_URL="https://meter.example.com",
        STORYMETER_OIDC_ADMINS=" Ada@Example.com, , bo@example.com",
    )  # fmt: skip
    settings = read_settings()
    assert settings.admin_emails == ["ada@example.com", "bo@example.com"]
    assert "between us" not in repr(settings)
    environment(**settings.as_environment())
    assert read_settings() == settings


def test_live_grid_intensity_names_what_it_still_needs(environment: Setting) -> None:
    environment(STORYMETER_ELECTRICITY_MAPS_ZONES="eu-west-3=france, us-east-1=US-MIDA-PJM")
    with pytest.raises(InvalidInput) as refused:
        read_settings()
    assert {error.pointer for error in refused.value.errors} == {
        "STORYMETER_ELECTRICITY_MAPS_TOKEN", "STORYMETER_ELECTRICITY_MAPS_ZONES",
    }  # fmt: skip


def test_the_token_goes_only_to_a_safe_address(environment: Setting) -> None:
    environment(
        STORYMETER_ELECTRICITY_MAPS_TOKEN="em-token-x",
        STORYMETER_ELECTRICITY_MAPS_ZONES="EU-West-3=FR us-east-1=US-MIDA-PJM",
        STORYMETER_ELECTRICITY_MAPS_URL="http://169.254.169.254/",
    )
    with pytest.raises(InvalidInput) as refused:
        read_settings()
    assert [error.pointer for error in refused.value.errors] == ["STORYMETER_ELECTRICITY_MAPS_URL"]
    assert "em-token-x" not in str(refused.value)
    environment(STORYMETER_ELECTRICITY_MAPS_URL="http://127.0.0.1:9/")
    assert read_settings().live_zones == {"eu-west-3": "FR", "us-east-1": "US-MIDA-PJM"}
