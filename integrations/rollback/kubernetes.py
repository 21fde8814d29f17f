"""A Kubernetes Deployment: back to an image, back to an earlier revision, or down to no replicas.

Plain REST with the cluster's certificate authority and a service account's token. One JSON patch tests the resource
version that was read, changes the Deployment, and writes the key into an annotation; the API server applies all of it
or nothing. An earlier revision is named by its ReplicaSet, because revision numbers move with every rollback.
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from integrations.http import check_answer
from integrations.rollback.base import (
    Description,
    Drifted,
    Fields,
    Outcome,
    Plan,
    Snapshot,
    TargetError,
    TwoWay,
    Verification,
)
from integrations.rollback.evidence import digest
from integrations.rollback.remote import Remote, refuse_secrets, secret
from integrations.rollback.running import wait_until_seen

MARK = "rai-incident/keys"
MARKS_KEPT = 20
REVISION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"
LEVERS = ("image", "revision", "replicas")
# Controllers write the status every few moments, and each write makes a new resource version.
TRIES = 5
VERIFY_SECONDS = 180.0


@dataclass(frozen=True)
class Deployment(TwoWay):
    """One Deployment. `to` is an image, a revision (a number or `previous`), or a number of replicas."""

    id: str
    title: str
    remote: Remote
    namespace: str
    name: str
    lever: str
    container: str | None
    to: str

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Deployment":
        """From `url`, `ca_file`, `token_file` or `token_env`, `namespace`, `deployment`, `lever`, `to`, `container`."""
        fields = Fields(entry)
        lever, to = fields.text("lever"), fields.text("to")
        if lever not in LEVERS:
            raise TargetError(f"Rollback target {fields.text('id')}: lever must be one of {', '.join(LEVERS)}.")
        if lever == "replicas" and not (to.isascii() and to.isdigit()):
            raise TargetError(f"Rollback target {fields.text('id')}: to must be a number of replicas.")
        return cls(
            id=fields.text("id"),
            title=fields.optional("title") or fields.text("id"),
            remote=Remote.of(
                "Kubernetes", fields, lambda token: {"Authorization": f"Bearer {token}"}, token=_token(fields)
            ),
            namespace=fields.text("namespace"),
            name=fields.text("deployment"),
            lever=lever,
            container=fields.text("container") if lever == "image" else None,
            to=to,
        )

    def describe(self) -> Description:
        """Which Deployment, and where it would go."""
        where = f"{self.namespace}/{self.name}"
        words = {
            "image": f"Runs {where} with the image {self.to}.",
            "revision": f"Puts {where} back to its {self.to} revision."
            if self.to == "previous"
            else f"Puts {where} back to revision {self.to}.",
            "replicas": f"Scales {where} to {self.to} replicas.",
        }
        return Description(self.title, "kubernetes", words[self.lever])

    def current(self) -> str:
        """The image, the ReplicaSet or the number of replicas that the Deployment asks for now."""
        return self._value(*self._read())

    def snapshot(self) -> Snapshot:
        """Versions, images and revisions, and hashes of the whole objects. Values of variables stay out: secrets."""
        deployment, sets = self._read()
        values = {
            "namespace": self.namespace,
            "deployment": self.name,
            "resource_version": deployment["metadata"]["resourceVersion"],
            "revision": _revision(deployment),
            "replicas": deployment["spec"].get("replicas", 1),
            "images": _images(deployment),
            "available": deployment.get("status", {}).get("availableReplicas", 0),
            "value": self._value(deployment, sets),
            "to": self._wanted(deployment, sets),
            "revisions": [
                {"name": one["metadata"]["name"], "revision": _revision(one), "images": _images(one)} for one in sets
            ],
        }
        name = f"kubernetes/{self.namespace}/{self.name}"
        hashes = {name: digest(deployment), f"{name}/template": digest(deployment["spec"]["template"])}
        return Snapshot(values, hashes)

    def plan(self, snapshot: Snapshot) -> Plan:
        """From the state in the snapshot to the configured one."""
        values = snapshot.values
        before, after = str(values["value"]), str(values["to"])
        if before == after:
            raise TargetError(f"The Deployment {self.name} is at {after} already; this rollback would change nothing.")
        stops = self.lever == "replicas" and after == "0"
        return Plan(
            from_=before,
            to=after,
            blast_radius=(
                f"All {values['replicas']} replicas of {self.namespace}/{self.name}"
                + (": nobody is served any more." if stops else " are replaced one after the other.")
                if stops or self.lever != "replicas"
                else f"{self.namespace}/{self.name} runs {after} replicas instead of {before}."
            ),
            dry_run=f"Would set the {self.lever} of {self.namespace}/{self.name} from {before} to {after}"
            + (f" ({self._images_of(values, after)})." if self.lever == "revision" else "."),
        )

    def verify(self, plan: Plan) -> Verification:
        """The Deployment must ask for `plan.to`, and the cluster must have finished rolling it out."""
        return wait_until_seen(lambda: self._look(plan.to), VERIFY_SECONDS)

    def _look(self, expected: str) -> Verification:
        deployment, sets = self._read()
        seen = self._value(deployment, sets)
        if seen != expected:
            return Verification(False, f"{self.name} asks for {seen}, not {expected}")
        status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
        if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
            return Verification(False, f"{self.name} asks for {seen}, but the cluster has not taken it up yet")
        total, updated, available = (
            status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")
        )
        words = (
            f"{self.name} runs {seen}: {updated} of {wanted} replicas updated, {available} available, {total} in all"
        )
        return Verification(total == updated == available == wanted, words)

    def _change(self, before: str, after: str, key: str) -> Outcome | Drifted:
        response = None
        for _ in range(TRIES):
            deployment, sets = self._read()
            seen = self._value(deployment, sets)
            if key in _marks(deployment):
                return Outcome(changed=False, seen=seen)
            if seen != before:
                return Drifted(before, seen, already=seen == after)
            patch = [*_guard(deployment, key), self._step(deployment, sets, after)]
            response = self.remote.send(
                "PATCH", self._path(), body=patch, kind="application/json-patch+json", also=(409, 422)
            )
            if response.is_success:
                return Outcome(changed=True, seen=after)
        assert response is not None
        check_answer(self.remote.service, response)
        raise AssertionError("check_answer raises for a refusal")

    def _step(self, deployment: dict[str, Any], sets: list[dict[str, Any]], after: str) -> dict[str, Any]:
        """The one operation that makes the change."""
        if self.lever == "replicas":
            return {"op": "add", "path": "/spec/replicas", "value": int(after)}
        if self.lever == "image":
            index = self._container_index(deployment)
            return {"op": "replace", "path": f"/spec/template/spec/containers/{index}/image", "value": after}
        for one in sets:
            if one["metadata"]["name"] == after:
                return {"op": "replace", "path": "/spec/template", "value": _template(one)}
        raise TargetError(f"The ReplicaSet {after} of {self.name} is gone; its revision cannot be put back.")

    def _value(self, deployment: dict[str, Any], sets: list[dict[str, Any]]) -> str:
        if self.lever == "replicas":
            return str(deployment["spec"].get("replicas", 1))
        if self.lever == "image":
            containers = deployment["spec"]["template"]["spec"]["containers"]
            return str(containers[self._container_index(deployment)]["image"])
        template = _template(deployment)
        for one in sets:
            if _template(one) == template:
                return str(one["metadata"]["name"])
        return f"a change that has no revision yet ({digest(template)[:12]})"

    def _wanted(self, deployment: dict[str, Any], sets: list[dict[str, Any]]) -> str:
        """What `to` means now: for a revision the name of its ReplicaSet."""
        if self.lever != "revision":
            return self.to
        current = self._value(deployment, sets)
        others = sorted((one for one in sets if one["metadata"]["name"] != current), key=_revision)
        fitting = others[-1:] if self.to == "previous" else [one for one in sets if str(_revision(one)) == self.to]
        if not fitting:
            raise TargetError(f"The Deployment {self.name} has no {self.to} revision any more.")
        return str(fitting[0]["metadata"]["name"])

    def _images_of(self, values: Mapping[str, Any], name: str) -> str:
        return ", ".join(image for one in values["revisions"] if one["name"] == name for image in one["images"])

    def _container_index(self, deployment: dict[str, Any]) -> int:
        names = [one["name"] for one in deployment["spec"]["template"]["spec"]["containers"]]
        if self.container not in names:
            raise TargetError(
                f"The Deployment {self.name} has no container {self.container}. It has: {', '.join(names)}."
            )
        return names.index(self.container)

    def _read(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The Deployment, and where they matter the ReplicaSets that keep its revisions."""
        deployment = self.remote.find(self._path())
        if not isinstance(deployment, dict):
            raise TargetError(f"Kubernetes has no Deployment {self.name} in the namespace {self.namespace}.")
        if self.lever != "revision":
            return deployment, []
        found = self.remote.read(f"/apis/apps/v1/namespaces/{quote(self.namespace, '')}/replicasets")
        uid = deployment["metadata"]["uid"]
        owned = [
            one
            for one in found["items"]
            if any(owner.get("uid") == uid for owner in one["metadata"].get("ownerReferences", []))
        ]
        return deployment, owned

    def _path(self) -> str:
        return f"/apis/apps/v1/namespaces/{quote(self.namespace, '')}/deployments/{quote(self.name, '')}"


def _token(fields: Fields) -> str:
    """From a file that the cluster renews, read afresh each time, or from the environment."""
    refuse_secrets(fields)
    path = fields.optional("token_file")
    if path is None:
        return secret(fields, "token_env")
    try:
        token = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        token = ""
    if not token:
        raise TargetError(f"Rollback target {fields.text('id')}: the token_file {path} cannot be read or is empty.")
    return token


def _guard(deployment: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Nothing may have changed since it was read; then the key is written."""
    metadata = deployment["metadata"]
    marks = " ".join([*_marks(deployment), key][-MARKS_KEPT:])
    same = {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    if not metadata.get("annotations"):
        return [same, {"op": "add", "path": "/metadata/annotations", "value": {MARK: marks}}]
    return [same, {"op": "add", "path": f"/metadata/annotations/{MARK.replace('/', '~1')}", "value": marks}]


def _marks(deployment: dict[str, Any]) -> list[str]:
    return str((deployment["metadata"].get("annotations") or {}).get(MARK, "")).split()


def _template(owner: dict[str, Any]) -> dict[str, Any]:
    """The pod template without the label by which the controller tells revisions apart."""
    template = dict(owner["spec"]["template"])
    metadata = dict(template.get("metadata") or {})
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _revision(owner: dict[str, Any]) -> int:
    return int((owner["metadata"].get("annotations") or {}).get(REVISION, 0))


def _images(owner: dict[str, Any]) -> list[str]:
    return [str(one["image"]) for one in owner["spec"]["template"]["spec"]["containers"]]
