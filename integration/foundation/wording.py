"""Templates, with the filters that round numbers for people (`worded_figures.py`).

Texts are in `templates/` alone, in a folder for each place where people read. So a customer's own
words, or a translation, are a folder of the same shape that is looked through first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from integration.foundation.override_loader import OverrideLoader
from integration.foundation.worded_figures import Figures

if TYPE_CHECKING:
    from collections.abc import Callable

ENGLISH = "en_US"
usd = Figures().usd
pct_change = Figures().pct_change
co2e = Figures().co2e

log = structlog.get_logger()
Made = TypeVar("Made")


@cache
def templates_folder() -> Path:
    """Return where the templates are: inside an installed package, else beside it in the source."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_data" / "templates"
    return packed if packed.is_dir() else package.parent / "templates"


@cache
def environment(*folders: str, locale: str = ENGLISH) -> Environment:
    """Return the templates of these folders, looked through in order; without any, of all folders.

    Undefined names are errors. HTML is escaped; JSON templates write texts with `tojson`.
    """
    made = Environment(loader=our_loader(*folders), **_MANNERS)  # noqa: S701 -- it is in there.
    made.filters.update(_filters(locale, ()))
    return made


def our_loader(*folders: str) -> FileSystemLoader:
    """Return what finds our templates in these folders."""
    root = templates_folder()
    return FileSystemLoader([root / folder for folder in folders] or [root])


_MANNERS: dict[str, Any] = {
    "autoescape": select_autoescape(
        ("html", "html.j2", "svg", "svg.j2", "xml", "xml.j2"), default_for_string=False
    ),
    "undefined": StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": False,
}


def _filters(locale: str, own: tuple[Path, ...]) -> dict[str, Callable[..., str]]:
    """Filters for a language, with its few words from the first folder that has them."""
    for folder in (*own, templates_folder() / "words"):
        path = folder / "figures.json"
        if path.is_file():
            return Figures(locale, json.loads(path.read_text(encoding="utf-8"))).filters()
    return Figures(locale).filters()


def _only_log(template: str, fault: str) -> None:
    log.warning("wording.override_failed", template=template, fault=fault)


@dataclass(frozen=True)
class Wording:
    """Ours, and before it a customer's own in a sandbox, where there is one."""

    ours: Environment
    own: Environment | None = None
    told: Callable[[str, str], None] = _only_log
    """Is told of a template that a customer's own words failed in, and how."""

    def render(self, template: str, made: Callable[[str], Made], **figures: Any) -> Made:
        """Render a template and make something of the text.

        What a customer's own template cannot do, or what `made` refuses, ours does instead.
        """
        if self.own is not None:
            try:
                return made(self.own.get_template(template).render(**figures))
            except Exception as fault:
                self.told(template, f"{type(fault).__name__}: {fault}")
        return made(self.ours.get_template(template).render(**figures))

    def mapped(self, change: Callable[[Environment], Environment]) -> Wording:
        """The same wording, with each environment changed."""
        return Wording(change(self.ours), self.own and change(self.own), self.told)


@dataclass(frozen=True)
class Wordings:
    """The wording of each customer. `folder` has a folder for each workspace that says things its
    own way: `<folder>/<workspace>/slack/digest.json.j2` replaces `templates/slack/digest.json.j2`.
    """

    folder: Path | None = None
    told: Callable[[str, str, str], None] | None = None
    """Is told of the workspace, the template and the fault."""
    _known: dict[tuple[object, ...], Wording] = field(default_factory=dict, compare=False)

    def of(self, workspace_id: str, locale: str, *folders: str) -> Wording:
        """Return a workspace's wording of these folders of templates, in its language."""
        own = self.own_folders(workspace_id, *folders)
        place = (workspace_id, locale, folders, own)
        if place not in self._known:
            self._known[place] = Wording(
                environment(*folders, locale=locale),
                _sandboxed(own, folders, locale) if own else None,
                partial(self.told, workspace_id) if self.told else _only_log,
            )
        return self._known[place]

    def own_folders(self, workspace_id: str, *folders: str) -> tuple[Path, ...]:
        """Return the folders that a workspace has of its own among these."""
        if self.folder is None:
            return ()
        found = (self.folder / workspace_id / folder for folder in folders)
        return tuple(path for path in found if path.is_dir())


def _sandboxed(own: tuple[Path, ...], folders: tuple[str, ...], locale: str) -> Environment:
    loader = OverrideLoader(own, our_loader(*folders))
    made = SandboxedEnvironment(loader=loader, **_MANNERS)
    try:
        made.filters.update(_filters(locale, own))
    except (ValueError, OSError) as fault:
        log.warning("wording.override_failed", template="figures.json", fault=str(fault))
        made.filters.update(_filters(locale, ()))
    return made
