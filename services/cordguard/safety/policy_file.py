"""The policy file: read at start, watched while we run; a bad one is refused and the last good one stays."""

from __future__ import annotations

import logging
from pathlib import Path

from cordguard.engine.policy import Policy, PolicyRefused, parse_policy
from cordguard.runtime.service import SetupError
from cordguard.safety.playback import shipped_policy_text

log = logging.getLogger(__name__)


class PolicyFile:
    """A policy on disk, or the shipped one."""

    def __init__(self, path: Path | None) -> None:
        """Read it.

        Raises:
            SetupError: the file cannot be read, or is no policy.
        """
        self._path = path
        self.refused: str | None = None
        """Why the file as it stands is not used, or None."""
        self.text = self._read()
        policy = parse_policy(self.text)
        if isinstance(policy, PolicyRefused):
            msg = f"the policy {path or 'shipped with the software'} cannot be used: {policy.reason}"
            raise SetupError(msg)
        self.policy: Policy = policy
        self._stamp = self._stamp_now()

    def changed(self) -> str | None:
        """The text of a new, good policy, once; None if there is nothing new. A bad one is logged and remembered."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            text = self._read()
        except SetupError as error:
            self._refuse(str(error))
            return None
        policy = parse_policy(text)
        if isinstance(policy, PolicyRefused):
            self._refuse(policy.reason)
            return None
        self.refused = None
        if text == self.text:
            return None
        self.text, self.policy = text, policy
        log.info("policy %s applies from the next case", policy.hash)
        return text

    def _refuse(self, reason: str) -> None:
        self.refused = reason
        log.error("the changed policy %s is refused (%s); the last good one stays in force", self._path, reason)

    def _stamp_now(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def _read(self) -> str:
        if self._path is None:
            return shipped_policy_text()
        try:
            return self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"the policy file {self._path} cannot be read ({error}); give a readable file with --policy-path"
            raise SetupError(msg) from None
