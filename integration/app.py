"""The web process: puts the doors together."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask

from integration.assembly import book_shelf, secret_box, set_up_logs, wordings_of
from integration.foundation.clock import clock_from
from integration.foundation.database import connect, transactions_on
from integration.settings import Settings, read_settings
from integration.web import cookie_sessions, errors, headers, json_answers, paths
from integration.web.authorizations import authorizations
from integration.web.cap_pages import cap_pages
from integration.web.cap_raises import cap_raises
from integration.web.caps import caps
from integration.web.house_metrics import FOLDER
from integration.web.jira_webhooks import jira_webhooks
from integration.web.litellm_guardrail import litellm_guardrail
from integration.web.login import Login, Loopback, OpenId
from integration.web.openapi import openapi
from integration.web.operations import operations
from integration.web.otlp import otlp
from integration.web.own_rows import own_rows
from integration.web.own_settings import own_settings
from integration.web.page_frame import assets, unknown_address
from integration.web.pages import pages
from integration.web.reads import reads
from integration.web.retraining import retraining
from integration.web.service import EXTENSION, Service, SlackApp
from integration.web.settings_pages import settings_pages
from integration.web.sign_in import sign_in_pages
from integration.web.slack_events import slack_events
from integration.web.slack_install import slack_install
from integration.web.spend_pages import spend_pages
from integration.web.sprint_pages import sprint_pages
from integration.web.sub_requests import sub_requests
from integration.web.unattributed_pages import unattributed_pages
from integration.web.usage import usage
from integration.web.usage_exports import usage_exports
from integration.web.what_if import what_if

if TYPE_CHECKING:
    from flask import Blueprint

    from integration.foundation.findings import Finding

THREAD_SWITCH_S = 0.0005
"""A tenth of Python's own. The thread that commits for many others waits for the interpreter after
each answer of the database; with the usual 5 ms those waits were most of a small commit."""

COLLECT_AFTER = 20_000
"""New objects before Python looks for cycles among them; its own 700 are made by 50 events, which
make no cycles. Looking took a tenth of the time of usage."""

COLLECTED_AFTER = (50_000, 20, 100)
"""Python's own is 700, 10, 10: it looked through all objects of price book and libraries again with
every few pages, for a quarter of a second each time. Cycles are still found, only later."""

DOORS: tuple[Blueprint, ...] = (
    operations, jira_webhooks, slack_events, slack_install,
    usage, usage_exports, otlp, authorizations, sub_requests, litellm_guardrail, caps, reads,
    openapi, assets, pages, sprint_pages, spend_pages, cap_pages, settings_pages,
    sign_in_pages, unattributed_pages, own_rows,
    own_settings, what_if, retraining,
    cap_raises,
)  # fmt: skip


def create_app(settings: Settings | None = None) -> Flask:
    """Make the web app. Connects to nothing before its first request."""
    settings = settings or read_settings()
    set_up_logs(settings)
    tune()
    return app_with(service_of(settings))


def tune() -> None:
    """Set the interpreter up for many threads over many long-lived objects."""
    sys.setswitchinterval(THREAD_SWITCH_S)
    gc.set_threshold(COLLECT_AFTER)
    gc.set_threshold(*COLLECTED_AFTER)


def service_of(settings: Settings) -> Service:
    """Put together what the doors work with."""
    engine = connect(settings.database_url, pool_size=settings.web_threads)
    transactions = transactions_on(engine)
    books, box = book_shelf(settings, transactions), secret_box(settings)
    clock = clock_from(settings.clock_file)

    def examine(workspace_id: str) -> dict[str, list[Finding]]:
        from integration.jobs.diagnose_outside import diagnose_outside  # Rarely asked for.
        from integration.jobs.house import House
        from integration.jobs.outside import Outside

        outside = Outside(transactions, box, clock)
        house = House(transactions, books, outside, clock, settings.url)
        return diagnose_outside(house, workspace_id)

    return Service(
        engine=engine,
        transactions=transactions,
        books=books,
        box=box,
        clock=clock,
        examine=examine,
        public_url=settings.url,
        max_body_bytes=settings.max_body_mb * 1024 * 1024,
        requests_per_key_s=settings.requests_per_key_s,
        pace_file=Path(shared) / "key_pace" if (shared := os.environ.get(FOLDER)) else None,
        login=login_of(settings),
        slack_app=slack_app(settings),
        wordings=wordings_of(settings, transactions),
    )


def login_of(settings: Settings) -> Login:
    """The way in to the pages."""
    if settings.login == "loopback" or settings.oidc_client_secret is None:
        return Loopback((settings.host, urlsplit(settings.url).hostname or ""))
    return OpenId(
        settings.oidc_issuer, settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        admins=frozenset(settings.admin_emails), groups_claim=settings.oidc_groups_claim,
        trusts_email=settings.oidc_trust_email, lasts_s=settings.sign_in_hours * 3600,
    )  # fmt: skip


def slack_app(settings: Settings) -> SlackApp | None:
    """The Slack app of this deployment, where all of its credentials are set."""
    client_secret, signing_secret = settings.slack_client_secret, settings.slack_signing_secret
    if not (settings.slack_client_id and client_secret and signing_secret):
        return None
    return SlackApp(
        settings.slack_client_id, client_secret.get_secret_value(),
        signing_secret.get_secret_value(),
    )  # fmt: skip


def app_with(service: Service) -> Flask:
    """Make the web app around a service."""
    app = Flask("storymeter", template_folder=None, static_folder=None)
    json_answers.register(app)
    cookie_sessions.register(app)
    app.config["MAX_CONTENT_LENGTH"] = service.max_body_bytes
    app.config.update(cookie_settings(service))
    app.extensions[EXTENSION] = service
    paths.register(app)
    for door in DOORS:
        app.register_blueprint(door)
    errors.register(app)
    app.register_error_handler(404, unknown_address)
    headers.register(app)
    return app


def cookie_settings(service: Service) -> dict[str, object]:
    """The signed cookie: unreadable to scripts, not sent with other sites' forms, kept to TLS."""
    is_secure = service.public_url.startswith("https://")
    newest, *older = service.box.derived("pages")
    return {
        "SECRET_KEY": newest,
        "SECRET_KEY_FALLBACKS": older,
        # Browsers take the prefix only with Secure, for this host alone.
        "SESSION_COOKIE_NAME": "__Host-storymeter" if is_secure else "storymeter",
        "SESSION_COOKIE_SECURE": is_secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
    }
