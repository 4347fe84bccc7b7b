"""Which webhooks are registered, and which of them want an event."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.sandbox.jira.delivery import Courier, signature
from integration.sandbox.jira.jql import JqlError, parse_jql
from integration.sandbox.jira.jql_match import Matcher

if TYPE_CHECKING:
    from datetime import datetime

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.events import Event
    from integration.sandbox.jira.state import Site

EVENTS = (
    "jira:issue_created", "jira:issue_updated", "jira:issue_deleted",
    "comment_created", "comment_updated", "comment_deleted",
    "issue_property_set", "issue_property_deleted",
    "sprint_created", "sprint_updated", "sprint_closed", "sprint_deleted", "sprint_started",
)  # fmt: skip
OTHER_EVENTS = (
    "jira:worklog_updated", "worklog_created", "worklog_updated", "worklog_deleted",
    "issuelink_created", "issuelink_deleted", "attachment_created", "attachment_deleted",
    "project_created", "project_updated", "project_deleted", "board_created", "board_updated",
    "board_deleted", "board_configuration_changed", "user_created", "user_updated",
    "user_deleted", "jira:version_released", "jira:version_unreleased", "jira:version_created",
    "jira:version_moved", "jira:version_updated", "jira:version_merged", "jira:version_deleted",
)  # fmt: skip
DYNAMIC_LIFE = timedelta(days=30)


@dataclass(slots=True)
class Hook:
    """A registered webhook; a dynamic one belongs to an OAuth app and expires."""

    id: int
    url: str
    events: list[str]
    jql: str = ""
    name: str = ""
    secret: str = ""
    exclude_body: bool = False
    enabled: bool = True
    dynamic: bool = False
    owner: str = ""
    updated: datetime | None = None
    expires: datetime | None = None
    field_ids: list[str] = field(default_factory=list)
    property_keys: list[str] = field(default_factory=list)


class Webhooks:
    """The site's webhooks; hears every event and hands the wanted ones to the courier."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.hooks: dict[int, Hook] = {}
        self.courier = Courier(site.clock, site.config.webhook_retry_delay_s)
        site.listeners.all.append(self.hear)

    def hear(self, event: Event) -> None:
        """Post the event to every webhook that wants it."""
        body: JsonObject | None = None
        for hook in list(self.hooks.values()):
            if not self._wants(hook, event):
                continue
            if body is None:
                body = event.payload()
            shown = body | ({"matchedWebhookIds": [hook.id]} if hook.dynamic else {})
            raw = b"" if hook.exclude_body else json.dumps(shown, ensure_ascii=False).encode()
            headers = self._signed(hook, raw)
            self.courier.post(self._address(hook, event, body), event.name, raw, headers)

    def _wants(self, hook: Hook, event: Event) -> bool:
        if not hook.enabled or event.name not in hook.events:
            return False
        if hook.expires and hook.expires <= self._site.now():
            return False
        updated = event.name == "jira:issue_updated"
        if hook.field_ids and updated and not event.field_ids & set(hook.field_ids):
            return False
        if hook.property_keys and event.property_key not in (None, *hook.property_keys):
            return False
        return not hook.jql or event.issue is None or self._matches(hook, event)

    def _matches(self, hook: Hook, event: Event) -> bool:
        try:
            test = Matcher(self._site, hook.owner).test(parse_jql(hook.jql).where)
        except JqlError:
            return False
        return event.issue is not None and test(event.issue)

    def _signed(self, hook: Hook, raw: bytes) -> dict[str, str]:
        if hook.dynamic:
            secret = self._site.config.oauth_client_secret
            return {"Authorization": f"Bearer {self._token(secret)}"}
        return {"X-Hub-Signature": signature(hook.secret, raw)} if hook.secret else {}

    def _token(self, secret: str) -> str:
        """Return the JWT of a dynamic webhook: HS256 with the app's secret; claims undocumented."""
        now = int(self._site.now().timestamp())
        claims = {"iss": self._site.config.oauth_client_id, "iat": now, "exp": now + 900}
        parts = [_encoded({"alg": "HS256", "typ": "JWT"}), _encoded(claims)]
        mac = hmac.new(secret.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
        return ".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])

    @staticmethod
    def _address(hook: Hook, event: Event, body: JsonObject) -> str:
        """Fill in `{issue.key}`, `{project.key}` and the like."""
        url = hook.url
        known = {"sprint.id": str(body["sprint"]["id"])} if "sprint" in body else {}
        if event.issue is not None:
            project_key = event.issue.key.rsplit("-", 1)[0]
            known |= {
                "issue.key": event.issue.key,
                "issue.id": str(event.issue.id),
                "project.key": project_key,
                "project.id": str(event.issue.project_id),
            }
        for name, value in known.items():
            url = url.replace(f"${{{name}}}", value).replace(f"{{{name}}}", value)
        return url


def _encoded(part: JsonObject) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
