"""A page as a person reads it: its words in order, a line for each block, without any markup."""

from __future__ import annotations

from html.parser import HTMLParser

BLOCKS = {
    "p", "h1", "h2", "h3", "li", "tr", "caption", "dt", "dd", "div", "section", "figcaption",
    "summary", "header", "footer", "nav", "main", "ul", "ol", "dl", "table", "title",
}  # fmt: skip
LEFT_OUT = {"style", "svg", "head"}
VOID = {"meta", "link", "img", "source", "br", "rect", "circle"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self.skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in LEFT_OUT:
            self.skipping += 1
        if self.skipping:
            return
        if tag in BLOCKS:
            self.lines.append({"h1": "# ", "h2": "## ", "h3": "### ", "li": "- "}.get(tag, ""))
        if tag in {"td", "th"}:
            self.lines[-1] += " | "
        if tag == "img":
            self.lines.append(f"[picture: {dict(attrs).get('alt')}]")

    def handle_endtag(self, tag: str) -> None:
        if tag in LEFT_OUT:
            self.skipping -= 1
        if not self.skipping and tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.lines[-1] += data


def plain_text(html: str) -> str:
    """Return the words of a page."""
    reader = _Reader()
    reader.feed(html)
    lines = [" ".join(line.split()) for line in reader.lines]
    return "\n".join(line for line in lines if line) + "\n"
