"""What an operator sees while a cluster changes: lines, and on a terminal a bar of the steps."""

from __future__ import annotations

import re
import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """Lines on the error stream; colours and the bar only on a terminal, `NO_COLOR` respected by rich."""

    def __init__(self, steps: int) -> None:
        console = Console(file=sys.stderr, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._console = console
        self._task = self._bar.add_task("rollout", total=steps or None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def tell(self, text: str) -> None:
        """Print one line; a line about a step moves the bar."""
        self._console.print(text, markup=False, soft_wrap=True)
        found = re.match(r"step (\d+) (\w+ ?[\w-]*)", text)
        if found:
            self._bar.update(self._task, completed=int(found[1]) - 1, description=found[2])
