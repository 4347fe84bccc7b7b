"""The charts: what is in the specifications, and that they can be drawn."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args
from xml.etree import ElementTree as ET

import msgspec
import pytest

from integration.foundation.wording import Wordings, templates_folder
from integration.reports.chart_look import COLOURS, Theme
from integration.reports.chart_specs import burn_up_spec, stories_spec
from integration.reports.chart_words import chart_words, english
from integration.reports.pictures import png, svg
from tests import report_examples as acme

if TYPE_CHECKING:
    from pathlib import Path

REPORTS = {
    "running": acme.running_report(),
    "closed": acme.sprint_report(),
    "no_ai": acme.report_without_ai(),
    "planned": acme.planned_report(),
    "two_hundred": acme.sprint_report(
        stories=tuple(
            msgspec.structs.replace(
                acme.STORIES[n % 10], story_key=f"ACME-{n}", summary="x" * 3_000
            )
            for n in range(200)
        )
    ),
}


@pytest.mark.parametrize("theme", get_args(Theme))
@pytest.mark.parametrize("name", REPORTS)
def test_every_chart_can_be_drawn_in_both_themes(name: str, theme: Theme) -> None:
    for spec in (burn_up_spec(REPORTS[name], theme), stories_spec(REPORTS[name], theme)):
        json.dumps(spec, allow_nan=False)
        drawn = svg(spec)
        ET.fromstring(drawn)
        assert COLOURS[theme].paper in drawn


def test_the_burn_up_adds_the_days_up_to_the_total() -> None:
    spent = _rows(burn_up_spec(acme.sprint_report()), "$214.60")
    assert [row["usd"] for row in spent][:3] == [9.8, 24.0, 41.1]
    assert spent[-1]["usd"] == 214.6


def test_the_burn_up_names_cap_spend_and_forecast() -> None:
    drawn = svg(burn_up_spec(acme.running_report()))
    for words in ("Cap $300.00", "$128.70", "$236.00", "Acme Sprint 14: AI spend against the cap"):
        assert words in drawn


def test_a_forecast_starts_at_the_last_day_and_ends_with_the_sprint() -> None:
    first, last = _rows(burn_up_spec(acme.running_report()), "$236.00", "high")
    assert (first["day"][:10], first["low"], first["high"]) == ("2026-11-09", 128.7, 128.7)
    assert (last["day"][:10], last["low"], last["usd"], last["high"]) == (
        *("2026-11-13", 188.0, 236.0, 318.0),
    )


def test_a_closed_sprint_shows_no_forecast() -> None:
    report = acme.sprint_report(forecast_nanousd=acme.spread("1", "2", "3"))
    assert "forecast" not in svg(burn_up_spec(report))


def test_a_sprint_without_a_cap_does_not_speak_of_one() -> None:
    spec = burn_up_spec(acme.report_without_ai())
    assert spec["title"]["text"] == "Acme Sprint 14: AI spend so far"
    assert spec["title"]["subtitle"] == "Nothing spent"


def test_a_story_says_by_shape_and_word_how_its_actual_lies_to_its_range() -> None:
    rows = {row["story"][:8]: row for row in stories_spec(acme.sprint_report())["data"]["values"]}
    assert {key: row["verdict"] for key, row in rows.items()} == {
        "ACME-102": "above",
        "ACME-104": "within the range",
        "ACME-101": "within the range",
        "ACME-105": "within the range",
        "ACME-108": "within the range",
        "ACME-107": "below",
        "ACME-109": "above",
        "ACME-103": "within the range",
        "ACME-106": "within the range",
        "ACME-110": "not estimated",
    }
    assert rows["ACME-102"]["label"] == "$72.80 (+304 %)"
    assert (rows["ACME-102"]["low"], rows["ACME-102"]["central"]) == (12.0, 18.0)
    assert "low" not in rows["ACME-110"]


def test_of_many_stories_the_twelve_largest_are_shown_and_the_rest_is_said() -> None:
    spec = stories_spec(REPORTS["two_hundred"])
    assert len(spec["data"]["values"]) == 12
    assert "The 12 largest of 200 stories are shown." in spec["description"]
    assert all(len(row["story"]) <= 38 for row in spec["data"]["values"])


def test_stories_of_the_same_name_keep_their_own_rows() -> None:
    twins = tuple(
        msgspec.structs.replace(acme.STORIES[0], story_key=f"LONGPROJECTKEYOFACME-{n}", summary="s")
        for n in (1001, 1002)
    )
    rows = stories_spec(acme.sprint_report(stories=twins))["data"]["values"]
    assert len({row["story"] for row in rows}) == 2


def test_texts_of_people_are_drawn_as_texts() -> None:
    story = msgspec.structs.replace(acme.STORIES[0], summary="<script>alert(1)</script>")
    drawn = svg(stories_spec(acme.sprint_report(stories=(story,))))
    assert "<script" not in drawn
    ET.fromstring(drawn)


def test_a_picture_is_a_png_of_readable_size() -> None:
    drawn = png(burn_up_spec(acme.sprint_report()))
    assert drawn.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(drawn[16:20]) >= 1_200


def test_specifications_and_pictures_are_imported_without_the_renderer() -> None:
    code = (
        "import sys, integration.reports.chart_specs, integration.reports.pictures;"
        "sys.exit('vl_convert' in sys.modules or 'altair' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("theme", get_args(Theme))
def test_words_and_marks_stand_out_from_the_paper(theme: Theme) -> None:
    """WCAG 2.2: 4.5 to 1 for text, 3 to 1 for graphics that carry meaning."""
    colours = COLOURS[theme]
    for colour in (colours.ink, colours.faint_ink):
        assert _contrast(colour, colours.paper) >= 4.5
    for colour in (colours.actual, colours.cap, colours.above, colours.below):
        assert _contrast(colour, colours.paper) >= 3


def test_a_chart_writes_figures_and_days_as_the_workspaces_language_does() -> None:
    german = chart_words(Wordings(), "acme", "de_DE")
    report = acme.running_report()
    assert _texts(burn_up_spec(report, "light", german)) == [
        "3. Nov.", "5. Nov.", "7. Nov.", "9. Nov.", "11. Nov.", "13. Nov.",
        "0 $", "100 $", "200 $", "300 $",
        "236,00 $", "Cap 300,00 $", "128,70 $",
        "Acme Sprint 14: AI spend against the cap",
        "Dashed: forecast, with the range from P10 to P90.",
    ]  # fmt: skip
    rows = stories_spec(report, "light", german)["data"]["values"]
    assert rows[0]["label"].replace("\xa0", " ") == "72,80 $ (+304 %)"


@pytest.mark.parametrize(("locale", "ticks"), [
    ("en_US", ["3 Nov", "$100"]),
    ("fr_FR", ["3 nov.", "100 $US"]),
    ("pt_BR", ["3 de nov.", "US$ 100"]),
    ("ja_JP", ["11月3日", "$100"]),
    ("en_IN", ["3 Nov", "$100"]),
])  # fmt: skip
def test_axes_follow_the_locale(locale: str, ticks: list[str]) -> None:
    texts = _texts(
        burn_up_spec(acme.running_report(), "light", chart_words(Wordings(), "", locale))
    )
    assert [texts[0], texts[7]] == ticks


def test_a_workspaces_own_words_stand_in_its_charts(tmp_path: Path) -> None:
    own = tmp_path / "acme" / "words"
    own.mkdir(parents=True)
    ours = (templates_folder() / "words" / "charts.json.j2").read_text(encoding="utf-8")
    (own / "charts.json.j2").write_text(ours.replace('"Cap"', '"Deckel"'), encoding="utf-8")
    drawn = _texts(
        burn_up_spec(
            acme.running_report(), "light", chart_words(Wordings(tmp_path), "acme", "de_DE")
        )
    )
    assert "Deckel 300,00 $" in drawn


@pytest.mark.parametrize("broken", ["{", '{"cap": "Deckel"}', "{{ unheard_of }}", '{"more": 3}'])
def test_words_that_cannot_be_read_give_way_to_ours(tmp_path: Path, broken: str) -> None:
    own = tmp_path / "acme" / "words"
    own.mkdir(parents=True)
    (own / "charts.json.j2").write_text(broken, encoding="utf-8")
    told: list[str] = []
    wordings = Wordings(tmp_path, lambda _, template, fault: told.append(template))
    assert chart_words(wordings, "acme", "en_US") == english()
    assert told == ["charts.json.j2"]


def _texts(spec: dict[str, Any]) -> list[str]:
    """All that a drawing says, in its order, with plain spaces."""
    drawn = ET.fromstring(svg(spec))
    found = ("".join(each.itertext()) for each in drawn.iter("{http://www.w3.org/2000/svg}text"))
    return [" ".join(text.split()) for text in found]


def _rows(spec: dict[str, Any], label: str, member: str = "label") -> list[dict[str, Any]]:
    """Return the first layer's data that has this label and member."""
    return next(
        values
        for layer in spec["layer"]
        if (values := layer["data"]["values"])
        and values[-1].get("label") == label
        and member in values[-1]
    )


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
