"""Jira on one machine: the REST API v2 the bot and the `jira` package use, over one project."""

import base64
import html
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.counterparts import jql
from sandbox.counterparts.issues import (
    ISSUE_TYPES,
    PROJECT,
    PROJECT_NAME,
    TOKEN,
    TRANSITIONS,
    USER,
    Comment,
    Issue,
    field_errors,
    now,
    rendered,
    stamp,
    text_error,
)
from sandbox.faults import Faults

_ACCOUNT: Final = {"accountId": "sandbox-rai-bot", "displayName": "rai-incident", "emailAddress": USER, "active": True}
_CREDENTIALS: Final = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()

Handler = Callable[[Request, dict[str, Any]], Awaitable[Response]]


class Jira:
    """`app` to serve over TLS and `panel()` for the page.

    `deployment` decides which search exists, as in the field: "Cloud" only `search/jql`, "Server" only `search`.
    `index_lag` is how long, in seconds, a new issue stays invisible to the search (never to its own address).
    """

    def __init__(
        self, on_change: Callable[[], None], faults: Faults, deployment: Literal["Cloud", "Server"] = "Cloud"
    ) -> None:
        self.issues: list[Issue] = []
        self.index_lag = 0.0
        self._deployment = deployment
        self._on_change = on_change
        self._faults = faults
        self._url = ""
        self._comments = 0
        search = "search/jql" if deployment == "Cloud" else "search"
        self.app = Starlette(
            routes=[
                *self._at("serverInfo", "serverInfo", self._server_info),
                *self._at("myself", "myself", self._myself),
                *self._at("field", "field.list", self._list_fields),
                *self._at("project/{project}", "project.get", self._get_project),
                *self._at("issue/createmeta/{project}/issuetypes", "createmeta", self._create_meta),
                *self._at(search, "search", self._search),
                *self._at(search, "search", self._search, "POST"),
                *self._at("issue", "issue.create", self._create, "POST"),
                *self._at("issue/{key}", "issue.get", self._get),
                *self._at("issue/{key}", "issue.update", self._update, "PUT"),
                *self._at("issue/{key}/transitions", "transitions.list", self._list_transitions),
                *self._at("issue/{key}/transitions", "transitions.do", self._transition, "POST"),
                *self._at("issue/{key}/comment", "comment.list", self._list_comments),
                *self._at("issue/{key}/comment", "comment.create", self._create_comment, "POST"),
                *self._at("issue/{key}/properties/{name}", "properties.get", self._get_property),
                *self._at("issue/{key}/properties/{name}", "properties.set", self._set_property, "PUT"),
                *self._at("issue/{key}/remotelink", "remotelink.list", self._list_remote_links),
                *self._at("issue/{key}/remotelink", "remotelink.create", self._create_remote_link, "POST"),
                *self._at("{path:path}", "unknown", self._unknown),
                Route("/browse/{key}", self._browse, methods=["GET"]),
            ]
        )

    def panel(self) -> dict[str, Any]:
        """This service's part of the page's state, newest issue first, texts as a reader sees them."""
        return {"issues": [self._panel(issue) for issue in reversed(self.issues)]}

    def _panel(self, issue: Issue) -> dict[str, Any]:
        comments = [
            {"at": stamp(one.at), "author": "rai-incident", "body": rendered(one.body)} for one in issue.comments
        ]
        return {
            "key": issue.key,
            "summary": issue.summary,
            "status": issue.status.name,
            "labels": issue.labels,
            "description": rendered(issue.description),
            "url": f"{self._url}/browse/{issue.key}",
            "comments": comments,
        }

    def _at(self, path: str, method: str, do: Handler, verb: str = "GET") -> list[Route]:
        """The same call under each version of the API that has it; version 3 only for the search."""

        async def endpoint(request: Request) -> Response:
            self._url = str(request.base_url).rstrip("/")
            try:
                parsed = await request.json() if verb != "GET" else {}
            except ValueError:
                parsed = None

            async def checked() -> Response:
                if request.headers.get("Authorization") != _CREDENTIALS:
                    return _refused(401, "Client must be authenticated to access this resource.")
                if not isinstance(parsed, dict) and method != "properties.set":
                    return _refused(400, "The request body is not a JSON object.")
                if isinstance(parsed, dict) and not _are_properties(parsed.get("properties", [])):
                    return _refused(400, "Entity properties must be a list of objects with 'key' and 'value'.")
                if "key" in request.path_params and self._issue(request) is None:
                    return _refused(404, "Issue does not exist or you do not have permission to see it.")
                return await do(request, parsed if isinstance(parsed, dict) else {"value": parsed})

            return await self._faults.apply("jira", method, checked, key=_call_key(request, parsed))

        versions = ("2", "latest", "3") if method == "search" else ("2", "latest")
        return [Route(f"/rest/api/{version}/{path}", endpoint, methods=[verb]) for version in versions]

    async def _unknown(self, request: Request, body: dict[str, Any]) -> Response:
        return _refused(404, "null for uri")

    async def _server_info(self, request: Request, body: dict[str, Any]) -> Response:
        info = {"baseUrl": self._url, "version": "1001.0.0", "versionNumbers": [1001, 0, 0]}
        return JSONResponse({**info, "deploymentType": self._deployment, "serverTitle": "Sandbox"})

    async def _myself(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse(_ACCOUNT)

    async def _list_fields(self, request: Request, body: dict[str, Any]) -> Response:
        names = ("summary", "description", "labels", "status", "issuetype", "project", "comment")
        return JSONResponse([{"id": name, "name": name.title(), "clauseNames": [name]} for name in names])

    async def _get_project(self, request: Request, body: dict[str, Any]) -> Response:
        if request.path_params["project"] != PROJECT:
            return _refused(404, f"No project could be found with key '{request.path_params['project']}'.")
        return JSONResponse({"id": "10000", "key": PROJECT, "name": PROJECT_NAME, "issueTypes": _issue_types()})

    async def _create_meta(self, request: Request, body: dict[str, Any]) -> Response:
        if request.path_params["project"] != PROJECT:
            return _refused(404, "Project is not valid.")
        types = _issue_types()
        return JSONResponse({"startAt": 0, "maxResults": 50, "total": len(types), "issueTypes": types})

    async def _search(self, request: Request, body: dict[str, Any]) -> Response:
        asked: dict[str, Any] = {**request.query_params, **body}
        newest = now().timestamp() - self.index_lag
        indexed = [issue for issue in self.issues if issue.created.timestamp() <= newest]
        try:
            found = jql.find(str(asked.get("jql", "")), indexed)
            limit = int(asked.get("maxResults", 50))
        except ValueError as error:
            return _refused(400, str(error))
        wanted = asked.get("fields") or ""
        fields = wanted if isinstance(wanted, list) else [name for name in str(wanted).split(",") if name]
        shown = [self._shown(issue, fields) for issue in found[:limit]]
        if self._deployment == "Cloud":
            # Cloud tells ids only unless fields are asked for, and no total.
            return JSONResponse({"issues": shown if fields else [{"id": one["id"]} for one in shown], "isLast": True})
        page = {"startAt": 0, "maxResults": limit, "total": len(found)}
        return JSONResponse({**page, "issues": shown if fields else [self._shown(issue, ["*all"]) for issue in found]})

    async def _create(self, request: Request, body: dict[str, Any]) -> Response:
        fields = body.get("fields")
        if not isinstance(fields, dict):
            return _refused(400, "one of 'fields' or 'update' required")
        if errors := field_errors(fields, creating=True):
            return _field_refusal(errors)
        number = len(self.issues) + 1
        issue = Issue(
            id=10_000 + number,
            key=f"{PROJECT}-{number}",
            issue_type=fields["issuetype"]["name"],
            summary=fields["summary"],
            description=fields.get("description") or "",
            labels=list(fields.get("labels", [])),
            created=now(),
            properties=_properties(body),
        )
        self.issues.append(issue)
        self._on_change()
        return JSONResponse({"id": str(issue.id), "key": issue.key, "self": self._self(issue)}, status_code=201)

    async def _get(self, request: Request, body: dict[str, Any]) -> Response:
        issue, query = self._known(request), request.query_params
        shown = self._shown(issue, [name for name in query.get("fields", "*all").split(",") if name])
        if "transitions" in query.get("expand", ""):
            shown["transitions"] = _transitions()
        if names := query.get("properties"):
            wanted = names.split(",")
            shown["properties"] = {
                name: value for name, value in issue.properties.items() if name in wanted or "*all" in wanted
            }
        return JSONResponse(shown)

    async def _update(self, request: Request, body: dict[str, Any]) -> Response:
        issue, fields = self._known(request), body.get("fields")
        if not isinstance(fields, dict):
            return _refused(400, "one of 'fields' or 'update' required")
        if errors := field_errors(fields, creating=False):
            return _field_refusal(errors)
        issue.summary = fields.get("summary", issue.summary)
        issue.description = fields.get("description", issue.description) or ""
        issue.labels = list(fields.get("labels", issue.labels))
        self._on_change()
        return Response(status_code=204)

    async def _list_transitions(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"expand": "transitions", "transitions": _transitions()})

    async def _transition(self, request: Request, body: dict[str, Any]) -> Response:
        issue, wanted = self._known(request), body.get("transition")
        # Jira takes the id as text or as a number.
        status = TRANSITIONS.get(str(wanted.get("id"))) if isinstance(wanted, dict) else None
        if status is None:
            return _refused(400, "It seems that you have tried to perform an illegal workflow operation.")
        issue.status = status
        issue.properties |= _properties(body)
        self._on_change()
        return Response(status_code=204)

    async def _list_comments(self, request: Request, body: dict[str, Any]) -> Response:
        issue, query = self._known(request), request.query_params
        newest_first = query.get("orderBy", "created").startswith("-")
        comments = [self._comment(issue, one, "properties" in query.get("expand", "")) for one in issue.comments]
        ordered = list(reversed(comments)) if newest_first else comments
        return JSONResponse({"startAt": 0, "maxResults": 5000, "total": len(comments), "comments": ordered})

    async def _create_comment(self, request: Request, body: dict[str, Any]) -> Response:
        issue = self._known(request)
        if problem := text_error(body.get("body")):
            return _field_refusal({"comment": problem})
        self._comments += 1
        comment = Comment(10_000 + self._comments, now(), body["body"], list(body.get("properties", [])))
        issue.comments.append(comment)
        self._on_change()
        return JSONResponse(self._comment(issue, comment, True), status_code=201)

    async def _get_property(self, request: Request, body: dict[str, Any]) -> Response:
        issue, name = self._known(request), request.path_params["name"]
        if name not in issue.properties:
            return _refused(404, f"The property {name} does not exist.")
        return JSONResponse({"key": name, "value": issue.properties[name]})

    async def _set_property(self, request: Request, body: dict[str, Any]) -> Response:
        issue, name = self._known(request), request.path_params["name"]
        new = name not in issue.properties
        issue.properties[name] = body
        return Response(status_code=201 if new else 200)

    async def _list_remote_links(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse(self._known(request).remote_links)

    async def _create_remote_link(self, request: Request, body: dict[str, Any]) -> Response:
        """A link with a known `globalId` replaces the one that has it."""
        issue, target = self._known(request), body.get("object")
        if not isinstance(target, dict) or not target.get("url") or not target.get("title"):
            return _field_refusal({"object": "'url' and 'title' are required."})
        known = next(
            (one for one in issue.remote_links if body.get("globalId") == one.get("globalId") is not None), None
        )
        if known is not None:
            known["object"] = target
            return JSONResponse({"id": known["id"]})
        link = {"id": 10_000 + len(issue.remote_links), "globalId": body.get("globalId"), "object": target}
        issue.remote_links.append(link)
        return JSONResponse({"id": link["id"]}, status_code=201)

    async def _browse(self, request: Request) -> Response:
        """What a person sees who follows a ticket's link."""
        issue = self._issue(request)
        if issue is None:
            return HTMLResponse("<h1>No such ticket</h1>", status_code=404)
        title = html.escape(f"{issue.key} {issue.summary}")
        comments = "".join(f"<li>{html.escape(rendered(comment.body))}</li>" for comment in issue.comments)
        text = html.escape(rendered(issue.description))
        page = f"<title>{title}</title><h1>{title}</h1><p>{issue.status.name}</p><pre>{text}</pre><ul>{comments}</ul>"
        return HTMLResponse(page)

    def _issue(self, request: Request) -> Issue | None:
        wanted = request.path_params["key"].upper()
        return next((issue for issue in self.issues if wanted in (issue.key, str(issue.id))), None)

    def _known(self, request: Request) -> Issue:
        issue = self._issue(request)
        assert issue is not None  # looked up before the handler ran
        return issue

    def _self(self, issue: Issue) -> str:
        return f"{self._url}/rest/api/2/issue/{issue.id}"

    def _shown(self, issue: Issue, wanted: list[str]) -> dict[str, Any]:
        category = {"key": issue.status.category, "name": issue.status.name}
        fields: dict[str, Any] = {
            "summary": issue.summary,
            "description": issue.description,
            "labels": issue.labels,
            "status": {"id": issue.status.id, "name": issue.status.name, "statusCategory": category},
            "issuetype": {"name": issue.issue_type},
            "project": {"key": PROJECT, "name": PROJECT_NAME},
            "created": stamp(issue.created),
        }
        if not {"*all", "*navigable"} & set(wanted):
            fields = {name: value for name, value in fields.items() if name in wanted}
        return {"id": str(issue.id), "key": issue.key, "self": self._self(issue), "fields": fields}

    def _comment(self, issue: Issue, comment: Comment, with_properties: bool) -> dict[str, Any]:
        shown = {
            "self": f"{self._self(issue)}/comment/{comment.id}",
            "id": str(comment.id),
            "author": _ACCOUNT,
            "body": comment.body,
            "created": stamp(comment.at),
        }
        return {**shown, "properties": comment.properties} if with_properties else shown


def _call_key(request: Request, body: object) -> str | None:
    """What identifies a call in the log: the issue it is about, or the labels it looks for or sets."""
    if "key" in request.path_params:
        return str(request.path_params["key"])
    if isinstance(body, dict) and isinstance(body.get("fields"), dict):
        return ",".join(map(str, body["fields"].get("labels") or []))
    return request.query_params.get("jql")


def _issue_types() -> list[dict[str, Any]]:
    return [{"id": str(10_001 + index), "name": name, "subtask": False} for index, name in enumerate(ISSUE_TYPES)]


def _transitions() -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "name": status.name,
            "to": {"id": status.id, "name": status.name, "statusCategory": {"key": status.category}},
        }
        for number, status in TRANSITIONS.items()
    ]


def _are_properties(properties: object) -> bool:
    return isinstance(properties, list) and all(
        isinstance(one, dict) and {"key", "value"} <= set(one) for one in properties
    )


def _properties(body: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in body.get("properties", [])}


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"errorMessages": [message], "errors": {}}, status_code=status)


def _field_refusal(errors: dict[str, str]) -> Response:
    return JSONResponse({"errorMessages": [], "errors": errors}, status_code=400)
