"""People as beans, and finding them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.refusals import not_found

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject, Person
    from integration.sandbox.jira.state import Site

SIZES = ("16x16", "24x24", "32x32", "48x48")


def avatars(site: Site, path: str) -> dict[str, str]:
    """Return avatar addresses; the sandbox draws none."""
    return {size: f"{site.base_url}/avatars/{path}?size={size}" for size in SIZES}


def user_bean(site: Site, account_id: str | None, rest_version: str = "3") -> JsonObject | None:
    """Return a user as issues and comments show them; None for nobody."""
    person = site.people.get(account_id) if account_id else None
    if person is None:
        return None
    bean: JsonObject = {
        "self": f"{site.base_url}/rest/api/{rest_version}/user?accountId={person.account_id}",
        "emailAddress": person.email,
        "avatarUrls": avatars(site, person.account_id),
        "displayName": person.display_name,
        "active": True,
        "timeZone": person.time_zone,
    }
    if site.config.deployment == "Server":
        bean["self"] = f"{site.base_url}/rest/api/2/user?username={person.username}"
        return bean | {"name": person.username, "key": person.username}
    return bean | {"accountId": person.account_id, "accountType": "atlassian"}


def full_user(site: Site, person: Person, rest_version: str) -> JsonObject:
    """Return a user as `/myself` and `/user` show them."""
    bean = user_bean(site, person.account_id, rest_version) or {}
    return bean | {
        "locale": "en_US",
        "groups": {"size": 0, "items": []},
        "applicationRoles": {"size": 0, "items": []},
        "expand": "groups,applicationRoles",
    }


def find_person(site: Site, given: Json) -> Person | None:
    """Find whom a request means: an account id, a user name or an object with one of them."""
    if isinstance(given, dict):
        given = given.get("accountId") or given.get("id") or given.get("name") or given.get("key")
    if not isinstance(given, str):
        return None
    if given in site.people:
        return site.people[given]
    wanted = given.casefold()
    for person in site.people.values():
        if wanted in (person.username.casefold(), person.email.casefold()):
            return person
    return None


def person_or_404(site: Site, given: str | None) -> Person:
    """Find a person; raises 404."""
    person = find_person(site, given)
    if person is None:
        raise not_found("Specified user does not exist or you do not have required permissions")
    return person
