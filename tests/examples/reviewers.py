"""A small multi-agent program: reviewers claim documents, note findings, and agree on a verdict.

It is written once, against the common protocol, and runs on any backend.
"""

from __future__ import annotations

from redis_crdt import Backend


class Reviewer:
    """An agent of one region; it knows its own region's replica only."""

    def __init__(self, name: str, replica: Backend) -> None:
        self.name = name
        self.documents = replica.or_set("documents", str)
        self.findings = replica.or_set("findings", tuple[str, str])
        self.reviewed = replica.g_counter("reviewed")
        self.budget = replica.pn_counter("budget")
        self.verdict = replica.mv_register("verdict", str)
        self.doing = replica.lww_map("doing", str)

    def work(self) -> None:
        """Review whatever nobody in this region has claimed yet."""
        for document in sorted(self.documents.get_elements()):
            if not self.documents.remove(document):
                continue  # another agent of this region was faster
            self.doing[self.name] = document
            self.findings.add((document, f"read by {self.name}"))
            self.budget.decrement()
            self.reviewed.increment()
        self.doing[self.name] = "idle"

    def judge(self, verdict: str) -> None:
        """Say what is thought of it all; who judges at the same time is heard as well."""
        self.verdict.set(verdict)
