"""A polite request to stop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class StopRequest:
    """Set from a signal handler, read by a pipeline: the chunk in hand is finished and committed, then work ends."""

    signal_number: int | None = None

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self.signal_number is not None

    def ask(self, signal_number: int) -> None:
        """Ask to stop because of a signal."""
        self.signal_number = signal_number
