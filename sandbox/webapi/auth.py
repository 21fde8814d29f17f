"""api.test, auth.test, team.info, bots.info, apps.connections.open."""

from sandbox.errors import SlackError
from sandbox.people import BOT_ID, BOT_NAME, BOT_USER, TEAM, TEAM_DOMAIN, TEAM_ID
from sandbox.webapi.call import Call, method
from sandbox.workspace import Json, bot_profile


@method("api.test")
def api_test(call: Call) -> Json:
    if "error" in call.args:
        raise SlackError(call.args.text("error"))
    return {"args": {}}


@method("auth.test")
def auth_test(call: Call) -> Json:
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM["name"],
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


@method("team.info")
def team_info(call: Call) -> Json:
    return {"team": {**TEAM, "email_domain": "sandbox.invalid", "icon": {"image_default": True}}}


@method("bots.info")
def bots_info(call: Call) -> Json:
    if call.args.text("bot", BOT_ID) != BOT_ID:
        raise SlackError("bot_not_found")
    return {"bot": bot_profile()}


@method("apps.connections.open")
def open_connection(call: Call) -> Json:
    return {"url": call.open_link()}
