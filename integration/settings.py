"""Settings of a deployment, read once. A boot error names every bad variable at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from integration.foundation.errors import FieldError, InvalidInput

ZONE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,8}){0,3}")


class Settings(BaseSettings):
    """Everything a deployment can set. Each is documented in docs/settings.md (a test holds it)."""

    model_config = SettingsConfigDict(
        env_prefix="STORYMETER_", env_ignore_empty=True, extra="forbid"
    )

    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    """PostgreSQL address; empty starts the embedded one under `data_dir`."""
    data_dir: Path = Path(".storymeter")
    secret_key: SecretStr | None = None
    """Encrypts stored tokens; made and kept under `data_dir` when unset."""
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = ""
    """How people and Jira reach this deployment; links in messages use it."""
    web_processes: int = Field(default=2, ge=1, le=64)
    web_threads: int = Field(default=16, ge=1, le=256)
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    clock_file: Path | None = None
    """A file that moves this installation's clock: for the demo and for fault tests only."""
    electricity_maps_token: SecretStr | None = None
    """With the zones below: grid intensity is read live, by the hour."""
    electricity_maps_zones: str = ""
    """Region and zone, as `eu-west-3=FR`, separated by spaces or commas."""
    electricity_maps_url: str = "https://api.electricitymaps.com"
    price_overrides: Path | None = None
    """A JSON file of dated price rows for all workspaces; docs/prices.md describes them."""
    login: Literal["loopback", "oidc"] = "loopback"
    """Who may open pages: somebody at this machine, or who signs in with a provider."""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    oidc_admins: str = ""
    """E-mail addresses of admins of every workspace, separated by commas."""
    oidc_groups_claim: str = "groups"
    oidc_trust_email: bool = False
    sign_in_hours: int = Field(default=8, ge=1, le=720)
    templates_dir: Path | None = None
    """A folder with a folder for each workspace that words things its own way."""
    slack_client_id: str = ""
    """With both secrets: people install the Slack app from our pages, for several workspaces."""
    slack_client_secret: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    """`xapp-…`, for `storymeter slack socket` only."""
    requests_per_key_s: float = Field(default=1000.0, gt=0, le=1_000_000)
    """How many requests a second one API key may send to one web process; more are answered 429."""
    max_body_mb: int = Field(default=32, ge=1, le=256)

    @property
    def url(self) -> str:
        """The address that links use, without a slash at its end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def admin_emails(self) -> list[str]:
        """The addresses in `oidc_admins`, in lower case."""
        return [each.strip().lower() for each in self.oidc_admins.split(",") if each.strip()]

    @property
    def live_zones(self) -> dict[str, str]:
        """Electricity Maps' zone by our region; empty where nothing is read live."""
        named = self.electricity_maps_zones.replace(",", " ").split()
        pairs = (each.partition("=") for each in named)
        return {region.strip().lower(): zone for region, _, zone in pairs}

    def as_environment(self) -> dict[str, str]:
        """The variables by which a child process reads the same settings."""
        secrets = {
            "secret_key", "oidc_client_secret", "slack_client_secret", "slack_signing_secret",
            "slack_app_token", "electricity_maps_token",
        }  # fmt: skip
        plain = self.model_dump(exclude_none=True, exclude={"database_url", *secrets})
        found = {f"STORYMETER_{name.upper()}": str(value) for name, value in plain.items()}
        for name in secrets:
            secret: SecretStr | None = getattr(self, name)
            if secret is not None:
                found[f"STORYMETER_{name.upper()}"] = secret.get_secret_value()
        return found | {"DATABASE_URL": self.database_url}


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        InvalidInput: one FieldError for each variable that is missing or wrong.
    """
    try:
        found = Settings()
    except ValidationError as wrong:
        errors = tuple(
            FieldError(_variable(error["loc"]), error["type"], error["msg"])
            for error in wrong.errors()
        )
        raise _unusable(errors) from wrong
    if missing := (*sign_in_faults(found), *live_grid_faults(found)):
        raise _unusable(missing)
    return found


def sign_in_faults(settings: Settings) -> tuple[FieldError, ...]:
    """What signing in with a provider still needs."""
    if settings.login != "oidc":
        return ()
    needed = (
        ("oidc_issuer", _is_safe(settings.oidc_issuer), "the provider's address, with https://"),
        ("oidc_client_id", settings.oidc_client_id, "the client id that the provider gave"),
        ("oidc_client_secret", settings.oidc_client_secret, "the client secret that it gave"),
        ("public_url", _is_safe(settings.public_url), "where people come in, with https://"),
    )
    return tuple(
        FieldError(f"STORYMETER_{name.upper()}", "missing", f"STORYMETER_LOGIN=oidc needs {what}")
        for name, is_there, what in needed
        if not is_there
    )


def live_grid_faults(settings: Settings) -> tuple[FieldError, ...]:
    """What reading grid intensity live still needs, or has wrong."""
    token, zones = settings.electricity_maps_token, settings.live_zones
    if token is None and not zones:
        return ()
    are_zones = bool(zones) and all(
        region and ZONE.fullmatch(zone) for region, zone in zones.items()
    )
    needed = (
        ("electricity_maps_token", token is not None, "the token of your account there"),
        ("electricity_maps_zones", are_zones, "regions and zones, such as eu-west-3=FR"),
        ("electricity_maps_url", _is_safe(settings.electricity_maps_url), "https://"),
    )
    return tuple(
        FieldError(f"STORYMETER_{name.upper()}", "missing", f"live grid intensity needs {what}")
        for name, is_there, what in needed
        if not is_there
    )


def _is_safe(address: str) -> bool:
    """Whether what goes there is kept from listeners: by TLS, or by not leaving this machine."""
    parts = urlsplit(address)
    local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return parts.scheme == "https" or local


def _unusable(errors: tuple[FieldError, ...]) -> InvalidInput:
    lines = "\n".join(f"  {error.pointer}: {error.message}" for error in errors)
    return InvalidInput(f"These settings need mending:\n{lines}", errors=errors)


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return name if name.isupper() else f"STORYMETER_{name.upper()}"
