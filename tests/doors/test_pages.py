"""The pages in the states that people meet, played through the real journeys."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace as replace_struct

from integration.app import app_with
from integration.foundation.clock import FixedClock
from integration.reports.sprint_page import sprint_page
from integration.reports.sprint_report import sprint_report
from integration.reports.standing import revision_report
from integration.web.login import Loopback
from tests.doors import worlds
from tests.doors.plain_text import plain_text
from tests.doors.worlds import World, at, over_cap
from tests.golden_files import check_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from integration.web.service import Service

STATES = {
    "quiet_day": worlds.quiet_day, "spike": worlds.spike, "over_cap": worlds.over_cap,
    "no_ai_stories": worlds.no_ai_stories, "unpriced_models": worlds.unpriced_models,
    "second_revision": worlds.second_revision,
}  # fmt: skip
PAGES = {
    "overview": "/acme/", "sprint": "/acme/sprints/14", "report": "/acme/reports/14",
    "caps": "/acme/caps",
}  # fmt: skip
SHOWN_OF_SPRINT = (
    "sprint", "revision", "as_of", "totals", "unattributed", "estimated", "caps", "spikes", "burn",
    "forecast_nanousd", "interval_coverage_pct", "median_error_pct",
)  # fmt: skip
SHOWN_OF_STORY = (
    "story_key", "summary", "status", "is_ai_work", "estimate", "actual", "variance", "error_pct",
    "within_range",
)  # fmt: skip


def words_of(client: FlaskClient, address: str) -> str:
    """Return a page's words; versions of prices and factors change with their packages."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    words = re.sub(r"genai-prices \S+?(?=[;.]? |;)", "(price version)", plain_text(answer.text))
    return re.sub(r"storymeter-carbon-2 [^.;,]*?\d[\d.]* life-cycle tables \w+", "(factors)", words)


@pytest.mark.parametrize("state", STATES)
def test_pages_say_what_they_should(
    state: str, client: FlaskClient, world: World, update_golden: bool
) -> None:
    STATES[state](world)
    for name, address in PAGES.items():
        check_golden(f"pages/{state}.{name}.txt", words_of(client, address), update_golden)


def test_a_story_page_says_what_it_should(
    client: FlaskClient, world: World, update_golden: bool
) -> None:
    worlds.unpriced_models(world)
    world.story(
        1, "Answer billing questions in chat",
        ("Chat answers", "gpt-4o", "8000", "1200", "300", "50%", "eu-west-1"), at=at(12, 9),
    )  # fmt: skip
    for key in ("SHOP-1", "SHOP-3", "SHOP-6", "SHOP-7"):
        words = words_of(client, f"/acme/stories/{key}")
        check_golden(f"pages/story.{key}.txt", words, update_golden)


def test_an_epic_and_its_story_say_what_they_should(
    client: FlaskClient, world: World, update_golden: bool
) -> None:
    worlds.epic(world)
    epic = words_of(client, "/acme/epics/shop-9")
    check_golden("pages/epic.txt", epic, update_golden)
    story = client.get("/acme/stories/SHOP-1").text
    check_golden("pages/story.in_epic.txt", words_of(client, "/acme/stories/SHOP-1"), update_golden)
    assert 'href="/acme/epics/SHOP-9"' in story
    assert client.get("/acme/epics/SHOP-1").status_code == 404


def test_unattributed_and_settings_say_what_they_should(
    client: FlaskClient, world: World, update_golden: bool
) -> None:
    worlds.unpriced_models(world)
    world.key("gateway", "ingest", "authorize")
    words = words_of(client, "/acme/unattributed")
    check_golden("pages/unattributed.txt", words, update_golden)
    settings = re.sub(r"gateway \w{12}", "gateway (id)", words_of(client, "/acme/settings"))
    check_golden("pages/settings.txt", settings, update_golden)


@pytest.mark.parametrize("address", ["/", "/acme/", "/acme/caps", "/acme/unattributed"])
def test_a_workspace_without_anything_says_what_to_do_next(
    address: str, client: FlaskClient, world: World
) -> None:
    words = plain_text(client.get(address, follow_redirects=True).text)
    assert re.search("what is wrong|storymeter|POST|Back to the overview", words)
    assert "$0.00" not in words


def test_an_empty_installation_says_how_to_begin(client: FlaskClient) -> None:
    assert "storymeter workspace create" in client.get("/").text


def test_short_addresses_lead_to_the_only_workspace(client: FlaskClient, world: World) -> None:
    world.sprint()
    for address in ("/sprints/14", "/reports/14", "/stories/SHOP-1", "/caps", "/unattributed", "/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/acme/")


def test_short_addresses_ask_which_workspace_when_there_are_several(
    client: FlaskClient, service: Service, world: World
) -> None:
    World(service, "other").found("Other")
    answer = client.get("/sprints/14")
    assert answer.status_code == 404
    assert "Which workspace?" in answer.text
    assert client.get("/").text.count("Acme") == 1


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({"X-Forwarded-For": "203.0.113.9"}, {}),
        ({"Host": "evil.example.com"}, {}),
        ({}, {"REMOTE_ADDR": "203.0.113.9"}),
        ({}, {"REMOTE_ADDR": ""}),
    ],
)
def test_pages_without_sign_in_answer_this_machine_alone(
    headers: dict[str, str], base: dict[str, str], client: FlaskClient, world: World
) -> None:
    world.sprint()
    answer = client.get("/acme/sprints/14", headers=headers, environ_base=base)
    assert answer.status_code == 403
    assert "Only at this machine" in answer.text
    assert "Acme" not in answer.text


@pytest.mark.parametrize("reached_at", [("0.0.0.0",), ("127.0.0.1", "meter.example.com"), ("",)])
def test_pages_without_sign_in_stay_shut_where_others_can_come_in(
    reached_at: tuple[str, ...], service: Service, world: World
) -> None:
    world.sprint()
    client = app_with(replace(service, login=Loopback(reached_at))).test_client()
    answer = client.get("/acme/sprints/14")
    assert answer.status_code == 403
    assert "need a sign-in" in answer.text
    assert "Acme" not in answer.text


def test_an_address_that_leads_nowhere_is_a_page_for_browsers_and_json_for_machines(
    client: FlaskClient,
) -> None:
    browser = client.get("/acme/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    assert browser.status_code == 404
    assert "<h1>Not found</h1>" in browser.text
    assert client.get("/acme/nothing").is_json


def test_what_people_write_is_shown_as_text(client: FlaskClient, world: World) -> None:
    world.sprint(goal="<script>alert(1)</script>", name="<b>Sprint</b>")
    world.story(1, '"><img src=x onerror=alert(1)>', ("<i>x</i>", "gpt-4o", "5", "9", "9"))
    world.daily("SHOP-1", 2, calls=5, tokens=(9, 9))
    world.cap("sprint-14", "sprint", "14", "30")
    world.raised("sprint-14", "45", "<script>alert(2)</script>", at(19, 10))
    for address in ("/", "/sprints/14", "/stories/SHOP-1", "/caps", "/reports/14"):
        body = client.get(f"/acme{address}").text
        assert "<script" not in body
        assert "<b>Sprint" not in body
        assert "<img src=x" not in body
        assert "<i>x" not in body


def test_pages_need_no_script_and_nothing_from_elsewhere(client: FlaskClient, world: World) -> None:
    worlds.spike(world)
    for address in ("/", "/sprints/14", "/stories/SHOP-4", "/caps", "/unattributed", "/settings"):
        answer = client.get(f"/acme{address}")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert " style=" not in answer.text
        assert "<style" not in answer.text
        assert not re.search(r"(?:src|srcset)=\"(?!/|data:)", answer.text)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_report_carries_everything_and_its_policy_allows_only_that(
    client: FlaskClient, world: World
) -> None:
    worlds.spike(world)
    answer = client.get("/acme/reports/14")
    assert "sha256-" in answer.headers["Content-Security-Policy"]
    assert "<style>" in answer.text
    assert 'href="/assets' not in answer.text
    assert answer.text.count("data:image/svg+xml;base64,") == 2


def test_the_stylesheet_may_be_kept_under_its_address(client: FlaskClient, world: World) -> None:
    found = re.search(r'href="(/assets/[^"]+)"', client.get("/acme/").text)
    assert found
    assert "immutable" in client.get(found[1]).headers["Cache-Control"]
    assert "immutable" not in client.get("/assets/storymeter.css").headers["Cache-Control"]


@pytest.mark.parametrize("query", ["", "?theme=dark", "?width=narrow", "?theme=dark&width=narrow"])
def test_the_burn_up_is_drawn_for_both_themes_and_widths(
    query: str, client: FlaskClient, world: World
) -> None:
    worlds.spike(world)
    answer = client.get(f"/acme/sprints/14/burn-up.svg{query}")
    assert answer.mimetype == "image/svg+xml"
    assert "Cap $80.00" in answer.text
    tag = answer.headers["ETag"]
    again = client.get(f"/acme/sprints/14/burn-up.svg{query}", headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_the_burn_up_shows_what_the_cap_was_before_it_was_raised(
    client: FlaskClient, world: World
) -> None:
    worlds.over_cap(world)  # The cap of 30 dollars was raised to 60 in the Sprint.
    drawn = client.get("/acme/sprints/14/burn-up.svg").text
    assert "Cap $60.00" in drawn
    assert "Cap $30.00" in drawn


def test_a_picture_of_an_unknown_theme_is_refused_in_words(
    client: FlaskClient, world: World
) -> None:
    world.sprint()
    assert client.get("/acme/sprints/14/burn-up.svg?theme=pink").status_code == 400


@pytest.mark.parametrize("play", [worlds.spike, worlds.over_cap, worlds.unpriced_models])
def test_the_page_of_a_running_sprint_has_the_figures_of_its_report(
    play: Callable[[World], None], world: World
) -> None:
    play(world)
    now, prices = at(20, 12), world.books.prices
    with world.service.transactions.begin() as session:
        page = sprint_page(session, "acme", 14, prices, shown=100, now=now)
        report = sprint_report(session, "acme", 14, prices, now=now)
    for name in SHOWN_OF_SPRINT:
        assert getattr(page.report, name) == getattr(report, name), name
    assert len(page.report.stories) == len(report.stories)
    for quick, whole in zip(page.report.stories, report.stories, strict=True):
        for name in SHOWN_OF_STORY:
            assert getattr(quick, name) == getattr(whole, name), (whole.story_key, name)


def test_how_many_estimates_held_is_said_once_the_sprint_is_over(
    client: FlaskClient, world: World
) -> None:
    over_cap(world)
    paths = ("/acme/sprints/14", "/acme/reports/14")
    assert all("Estimates that held" not in client.get(path).text for path in paths)
    world.close()
    assert all("Estimates that held" in client.get(path).text for path in paths)


def test_long_lists_show_the_dearest_first_and_the_rest_on_request(
    client: FlaskClient, world: World
) -> None:
    world.sprint()
    for number in range(1, 61):
        world.story(number, f"Story {number}", ("Chat", "gpt-4o", "5", "900", "90"))
    world.daily("SHOP-60", 1, calls=5, tokens=(900, 90))
    first = client.get("/acme/sprints/14").text
    assert first.count('scope="row"><a class="key"') == 15
    assert first.index("SHOP-60") < first.index("SHOP-1<")
    assert "Show all 60 stories" in first
    everything = client.get("/acme/sprints/14?stories=all").text
    assert everything.count('scope="row"><a class="key"') == 60


def test_a_closed_sprint_shows_its_saved_revision(service: Service, world: World) -> None:
    worlds.second_revision(world)
    later = app_with(replace(service, clock=FixedClock(at(25, 9)))).test_client()
    words = plain_text(later.get("/acme/sprints/14").text)
    assert "Revision 2" in words
    assert "As of 21 Nov 2026" in words


def test_revisions_can_be_read_and_compared(
    client: FlaskClient, world: World, update_golden: bool
) -> None:
    worlds.second_revision(world)
    changes = words_of(client, "/acme/sprints/14/changes")
    check_golden("pages/second_revision.changes.txt", changes, update_golden)
    assert words_of(client, "/acme/sprints/14/changes?from=1&to=2") == changes
    first, second = (plain_text(client.get(f"/acme/reports/14?revision={n}").text) for n in (1, 2))
    assert "This is an earlier revision. Revision 2 stands." in first
    assert "earlier revision" not in second
    for address in ("changes?from=1&to=9", "changes?from=0&to=1"):
        assert client.get(f"/acme/sprints/14/{address}").status_code == 404
    assert client.get("/acme/reports/14?revision=7").status_code == 404


def test_a_closed_sprints_page_has_the_first_stories_of_its_revision(world: World) -> None:
    worlds.second_revision(world)
    with world.service.transactions.begin() as session:
        whole = revision_report(session, "acme", 14)
        assert whole is not None
        for shown in (0, 2, 100):
            page = sprint_page(session, "acme", 14, world.books.prices, shown=shown, now=at(25, 9))
            assert page.report == replace_struct(whole, stories=whole.stories[:shown])
            assert (page.story_count, page.ai_story_count) == (4, 3)
