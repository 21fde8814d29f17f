"""The assistant's prompt: a version in a model registry, named by an alias, as in MLflow.

Only what moving an alias needs, in the paths and answers of MLflow 3's REST API:
https://mlflow.org/docs/latest/api_reference/rest-api.html
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.faults import Faults

MODEL: Final = "support-assistant-prompt"
ALIAS: Final = "production"


class PromptRegistry:
    """One registered model with versions 5 to 7; the alias says which one the assistant uses."""

    def __init__(self, on_change: Callable[[], None], faults: Faults) -> None:
        self.version = "7"
        self._on_change = on_change
        self._faults = faults
        self._versions: dict[str, dict[str, str]] = {"5": {}, "6": {}, "7": {}}  # version -> its tags

    def routes(self) -> list[BaseRoute]:
        """To be mounted where the registry is to be."""
        base = "/api/2.0/mlflow"
        return [
            self._route(f"{base}/registered-models/alias", "alias.get", self._get_alias, "GET"),
            self._route(f"{base}/registered-models/alias", "alias.set", self._set_alias, "POST"),
            self._route(f"{base}/model-versions/get", "version.get", self._get_version, "GET"),
            self._route(f"{base}/model-versions/set-tag", "version.tag", self._set_tag, "POST"),
        ]

    async def _get_alias(self, request: Request) -> Response:
        asked = request.query_params
        known = (asked.get("name"), asked.get("alias")) == (MODEL, ALIAS)
        return self._version(self.version) if known else _unknown()

    async def _set_alias(self, request: Request) -> Response:
        body = await request.json()
        if (body.get("name"), body.get("alias")) != (MODEL, ALIAS) or body.get("version") not in self._versions:
            return _unknown()
        self.version = body["version"]
        self._on_change()
        return JSONResponse({})

    async def _get_version(self, request: Request) -> Response:
        asked = request.query_params
        version = asked.get("version", "")
        return self._version(version) if asked.get("name") == MODEL and version in self._versions else _unknown()

    async def _set_tag(self, request: Request) -> Response:
        body = await request.json()
        if body.get("name") != MODEL or body.get("version") not in self._versions:
            return _unknown()
        self._versions[body["version"]][str(body["key"])] = str(body["value"])
        return JSONResponse({})

    def _version(self, version: str) -> Response:
        tags = [{"key": key, "value": value} for key, value in self._versions[version].items()]
        about: dict[str, Any] = {"name": MODEL, "version": version, "status": "READY", "tags": tags}
        return JSONResponse({"model_version": about})

    def _route(self, path: str, method: str, do: Callable[[Request], Awaitable[Response]], verb: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._faults.apply("assistant", f"registry.{method}", lambda: do(request))

        return Route(path, endpoint, methods=[verb])


def _unknown() -> Response:
    words = "There is no such model, version or alias."
    return JSONResponse({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": words}, status_code=404)
