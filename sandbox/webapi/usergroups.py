"""usergroups.*: the groups a person may be in, read only."""

from sandbox.errors import SlackError
from sandbox.people import TEAM_ID, Usergroup
from sandbox.webapi.call import Call, method
from sandbox.workspace import Json


def _group_object(group: Usergroup, *, with_users: bool) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 1700000000,
        "date_update": 1700000000,
        "date_delete": 0,
        "user_count": len(group.users),
    }
    return shown | ({"users": group.users} if with_users else {})


@method("usergroups.list")
def list_groups(call: Call) -> Json:
    with_users = call.args.flag("include_users")
    return {"usergroups": [_group_object(group, with_users=with_users) for group in call.workspace.usergroups.values()]}


@method("usergroups.users.list")
def list_users(call: Call) -> Json:
    """The members who are active."""
    group = call.workspace.usergroups.get(call.args.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": [user for user in group.users if not call.workspace.people[user].deactivated]}
