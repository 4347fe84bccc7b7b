"""Finds a customer's own template before ours, and refuses one that could undo our escaping."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import BaseLoader, FileSystemLoader, TemplateSyntaxError, nodes
from jinja2.loaders import split_template_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jinja2 import Environment

UNDOES_ESCAPING = frozenset({"safe"})


class OverrideLoader(BaseLoader):
    """Looks through a customer's folders, then through ours. A change of a file is noticed."""

    def __init__(self, own: Sequence[Path], ours: FileSystemLoader) -> None:
        self._own = [Path(folder) for folder in own]
        self._ours = ours

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return the text, where it is from, and whether that still holds."""
        for folder in self._own:
            path = folder.joinpath(*split_template_path(template))
            if path.is_file():
                source = path.read_text(encoding="utf-8")
                check(environment, source, template)
                return source, str(path), partial(_is_same, path, path.stat().st_mtime_ns)
        source, filename, is_same = self._ours.get_source(environment, template)
        places = [folder.joinpath(*split_template_path(template)) for folder in self._own]
        return source, filename, lambda: is_same() and not any(p.is_file() for p in places)

    def list_templates(self) -> list[str]:
        """Return the names of ours: a customer's folder can replace, not add."""
        return self._ours.list_templates()


def check(environment: Environment, source: str, template: str) -> None:
    """Refuse a template that could hand out text unescaped.

    Raises:
        TemplateSyntaxError: it is no template, or undoes the escaping.
    """
    tree = environment.parse(source, template)
    for node in tree.find_all((nodes.EvalContextModifier, nodes.Filter)):
        if isinstance(node, nodes.EvalContextModifier):
            raise TemplateSyntaxError("it may not switch escaping off", node.lineno, template)
        if isinstance(node, nodes.Filter) and node.name in UNDOES_ESCAPING:
            said = f"it may not use the filter {node.name}, which undoes escaping"
            raise TemplateSyntaxError(said, node.lineno, template)


def overridden(folder: Path, ours: FileSystemLoader) -> tuple[list[str], list[str]]:
    """Return which of our templates a folder replaces, and which of its files replace nothing."""
    known = set(ours.list_templates())
    found = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    return [name for name in found if name in known], [n for n in found if n not in known]


def _is_same(path: Path, mark: int) -> bool:
    try:
        return path.stat().st_mtime_ns == mark
    except OSError:
        return False
