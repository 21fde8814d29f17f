"""The severity policy in force: what two admins agreed on, whatever the operator's file says meanwhile."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from incidents import policies
from incidents.db import reading, writing
from severity.errors import ContentError
from severity.policy import Policy, load_policy

log = logging.getLogger("rai.policy")


@dataclass(frozen=True)
class Edited:
    """What is on file where it is not what is in force: a sound `policy`, or the `fault` that refuses it."""

    policy: Policy | None
    fault: str = ""

    @property
    def words(self) -> str:
        """What it means, for the operator."""
        if self.policy is None:
            return f"The edited policy is refused: {self.fault}"
        return (
            f"The policy on file ({self.policy.version}, {self.policy.short_hash}) is not the one in force: an admin "
            "proposes it with /rai-incident policy, and a second one approves."
        )


class PolicyInForce:
    """The active policy, kept in memory. `begin()` once; `refresh()` every second sees what another replica did."""

    def __init__(self, engine: Engine, config_dir: Path) -> None:
        self._engine = engine
        self._own = config_dir / "policy.yaml"
        self._own_cases = config_dir / "policy_tests.yaml"
        self._shipped = load_policy()
        self._compiled = {self._shipped.hash: self._shipped}  # loading and proving one takes 0.2 s
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], Policy | str] | None = None  # the own file's stamp, and what it holds
        self._hash = ""

    def begin(self) -> None:
        """Keep the shipped policy and the operator's own; say so where what is on file is not in force."""
        own = self._file()
        with writing(self._engine) as session:
            policies.begin_with(session, self._shipped)
            if isinstance(own, Policy):
                policies.remember(session, own, by="operator")
        with reading(self._engine) as session:
            self.refresh(session)
        edited = self.edited()
        if edited is not None:
            log.warning("%s Policy %s stays in force.", edited.words, self.current.short_hash)

    def at(self, session: Session) -> Policy:
        """The policy in force in this transaction: what two admins agreed on counts for the next decision."""
        self.refresh(session)
        return self.current

    def refresh(self, session: Session) -> None:
        """Read which policy is in force now."""
        row = policies.active(session)
        if row is not None and row.hash != self._hash:
            self.by_hash(session, row.hash)
            self._hash = row.hash

    @property
    def current(self) -> Policy:
        """The policy in force, from memory, at most a second behind: enough to show, not to decide by."""
        return self._compiled[self._hash]

    @property
    def cases_file(self) -> Path | None:
        """The operator's named cases; None for the shipped ones."""
        return self._own_cases if self._own_cases.exists() else None

    def by_hash(self, session: Session, policy_hash: str) -> Policy:
        """Any policy that was ever stored."""
        with self._lock:
            if policy_hash not in self._compiled:
                self._compiled[policy_hash] = policies.policy_of(session, policy_hash)
            return self._compiled[policy_hash]

    def edited(self) -> Edited | None:
        """What is on file now (the shipped policy where there is no own one), where it is not in force."""
        found = self._file() or self._shipped
        if isinstance(found, str):
            return Edited(None, found)
        return None if found.hash == self._hash else Edited(found)

    def _file(self) -> Policy | str | None:
        """The own file's policy, or its faults; None without one. Read again only when it was written."""
        try:
            seen = self._own.stat()
        except OSError:
            return None
        stamp = (seen.st_mtime_ns, seen.st_size)
        if self._read is None or self._read[0] != stamp:
            try:
                self._read = stamp, load_policy(self._own)
            except ContentError as error:
                self._read = stamp, str(error)
        return self._read[1]
