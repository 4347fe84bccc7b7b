"""auth.*, oauth.* and what an app asks about itself."""

from __future__ import annotations

from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal


def api_test(call: Call) -> Json:
    if call.optional("error"):
        raise SlackRefusal(str(call.optional("error")), args=dict(call.args))
    return {"ok": True, "args": dict(call.args)}


def auth_test(call: Call) -> Json:
    config = call.workspace.config
    return {
        "ok": True,
        "url": f"{call.base_url}/",
        "team": config.team_name,
        "user": config.app_name.lower(),
        "team_id": config.team_id,
        "user_id": config.bot_user_id,
        "bot_id": config.bot_id,
        "is_enterprise_install": False,
    }


def auth_revoke(call: Call) -> Json:
    for token in list(call.workspace.tokens):
        call.workspace.dead_tokens[token] = "token_revoked"
    call.workspace.tokens.clear()
    return {"ok": True, "revoked": True}


def bots_info(call: Call) -> Json:
    config = call.workspace.config
    if call.optional("bot") not in {None, config.bot_id}:
        raise SlackRefusal("bot_not_found")
    bot = {
        "id": config.bot_id,
        "deleted": False,
        "name": config.app_name,
        "updated": 0,
        "app_id": config.app_id,
        "user_id": config.bot_user_id,
        "icons": {},
    }
    return {"ok": True, "bot": bot}


def team_info(call: Call) -> Json:
    config = call.workspace.config
    team = {"id": config.team_id, "name": config.team_name, "domain": config.team_name.lower()}
    return {"ok": True, "team": team}


def oauth_access(call: Call) -> Json:
    config, workspace = call.workspace.config, call.workspace
    if call.optional("client_id") != config.client_id:
        raise SlackRefusal("invalid_client_id")
    if call.optional("client_secret") != config.client_secret:
        raise SlackRefusal("bad_client_secret")
    code = call.optional("code") or ""
    redirect_uri, used = workspace.oauth_codes.get(code, ("", None))
    if used is None:
        raise SlackRefusal("invalid_code")
    if used:
        raise SlackRefusal("code_already_used")
    if (call.optional("redirect_uri") or redirect_uri) != redirect_uri:
        raise SlackRefusal("bad_redirect_uri")
    workspace.oauth_codes[code] = (redirect_uri, True)
    return {
        "ok": True,
        "access_token": _living_token(call),
        "token_type": "bot",
        "scope": ",".join(config.scopes),
        "bot_user_id": config.bot_user_id,
        "app_id": config.app_id,
        "team": {"name": config.team_name, "id": config.team_id},
        "enterprise": None,
        "is_enterprise_install": False,
        "authed_user": {"id": next(iter(workspace.users))},
    }


def _living_token(call: Call) -> str:
    workspace = call.workspace
    if workspace.config.bot_token in workspace.tokens:
        return workspace.config.bot_token
    token = f"{workspace.config.bot_token}-{workspace.new_id('')}"
    workspace.tokens.add(token)
    return token


def connections_open(_call: Call) -> Json:
    raise SlackRefusal("socket_mode_not_enabled")


METHODS: dict[str, Method] = {
    "api.test": api_test,
    "auth.test": auth_test,
    "auth.revoke": auth_revoke,
    "bots.info": bots_info,
    "team.info": team_info,
    "oauth.v2.access": oauth_access,
    "apps.connections.open": connections_open,
}
