"""How Nexus is doing, and what happened in it: for the settings page and the `doctor` command."""

from nexus.status.service import findings
from nexus.status.spec import Finding, State

__all__ = ["Finding", "State", "findings"]
