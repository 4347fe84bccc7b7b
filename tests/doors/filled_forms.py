"""A browser that opens a page, fills in one of its forms and sends it, as a person does."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@dataclass(slots=True)
class Form:
    """A form of a page, with what it would send as it stands."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(said["action"]))
        elif tag == "input" and self.found:
            self._input(said)
        elif tag == "button" and self.found:
            self.found[-1].names.add(said.get("name", ""))
        elif tag == "select":
            self.select = said["name"]
            self.found[-1].names.add(self.select)
        elif tag == "option" and self.select:
            first = self.select not in self.found[-1].values
            if "selected" in said or first:
                self.found[-1].values[self.select] = [said["value"]]

    def _input(self, said: dict[str, str]) -> None:
        self.found[-1].names.add(said["name"])
        if said["type"] in {"radio", "checkbox"} and "checked" not in said:
            return
        self.found[-1].values.setdefault(said["name"], []).append(said["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""


def forms_of(html: str) -> list[Form]:
    """Return the forms of a page in their order."""
    reader = _Forms()
    reader.feed(html)
    return reader.found


def send(client: FlaskClient, page: str, action: str, **values: Any) -> Any:
    """Fill in the form of a page that leads to `action` and send it; returns the answer."""
    html = client.get(page).text
    form = next(each for each in forms_of(html) if each.action == action)
    unknown = set(values) - form.names
    assert not unknown, f"the form has no {unknown}, only {sorted(form.names)}"
    return client.post(action, data=form.values | values)
