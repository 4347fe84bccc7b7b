"""Goal: whatever stands in Jira or Slack, a message keeps its form and pings nobody.

Method: every text of every shape is replaced by a hostile one; the blocks must be the same blocks.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.foundation.wording import environment
from integration.slack.answers import Answers
from integration.slack.block_kit import cut, escaped, href, is_web_address, slack_environment, tidy
from integration.slack.messages import Messages
from tests import report_examples as acme
from tests.adapters.slack import notice_examples as notices
from tests.adapters.slack.every_payload import HOME, WHAT_IF, ZONE
from tests.adapters.slack.payload_rules import assert_valid_message, assert_valid_view, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable

HOSTILE = (
    "<!channel> <@U0ANN> <https://evil.example.com|click>",
    '"}},{"type":"divider"},{"x":"',
    "first line\nsecond *line*\r\n\u2028third",
    "a" * 3_000,
    "&" * 3_000,
    "{{ 7 * 7 }}{% raw %}",
    "\\u003c!here\\u003e \\",
    "|>|<",
)
MEANT = {
    *("event", "unit", "mode", "scope", "kind", "state", "subject_kind", "verdict", "trim"),
    *(
        "url",
        "report_url",
        "settings_url",
        "cap_id",
        "spike_id",
        "request_id",
        "found_by",
        "team_id",
    ),
    *("time_zone", "channel_id"),
}
"""Members that choose the form, addresses, which have tests of their own, and ids of ours."""
MESSAGES, ANSWERS = Messages(ZONE), Answers(ZONE)
WRITERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "digest": (notices.spike_digest(), MESSAGES.daily_digest),
    "spike": (acme.SPIKE_OVER, MESSAGES.spike_notice),
    "threshold": (notices.threshold_notice(100), MESSAGES.cap_notice),
    "denied": (notices.denied_notice(), MESSAGES.cap_notice),
    "resolved": (notices.resolved_notice(), MESSAGES.cap_notice),
    "raise_ended": (notices.raise_ended_notice(), MESSAGES.cap_notice),
    "raise_request": (notices.raise_request(), MESSAGES.raise_request),
    "raise_declined": (
        notices.raise_request(state="declined", decided_by="Petra", decided_reason="Later"),
        MESSAGES.raise_request,
    ),
    "review": (acme.second_revision(), MESSAGES.sprint_review),
    "planning": (notices.plan_notice(moved=("ACME-101",)), MESSAGES.planning_notice),
    "sprint": (acme.running_report(), ANSWERS.sprint),
    "story": (acme.STORIES[9], ANSWERS.story),
    "caps": ((acme.SPRINT_CAP, acme.CARBON_CAP), ANSWERS.caps),
    "what_if": (WHAT_IF, ANSWERS.what_if),
    "unknown_story": ("ACME-1", lambda said: ANSWERS.note("unknown_story", said=said)),
    "unknown_command": ("sprnt", lambda said: ANSWERS.note("unknown_command", said=said)),
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", WRITERS)
def test_a_hostile_text_changes_no_block_and_mentions_nobody(name: str, text: str) -> None:
    shape, write = WRITERS[name]
    expected, message = write(shape), write(with_texts(shape, text))
    assert form_of(message.blocks) == form_of(expected.blocks)
    assert_valid_message(message.blocks, message.text)
    for said in (message.text, *texts_of(message.blocks)):
        assert_nothing_is_meant(said)


@pytest.mark.parametrize("text", HOSTILE)
def test_views_keep_their_form_too(text: str) -> None:
    cap = msgspec.structs.replace(acme.STORY_CAP, scope_label=text)
    home = with_texts(HOME, text)
    # The person's own stories are told from the others by their keys.
    own = [msgspec.structs.replace(line, story_key=f"{text}!") for line in home.mine]
    for expected, view in (
        (ANSWERS.home_view(HOME), ANSWERS.home_view(replace(home, mine=tuple(own)))),
        (ANSWERS.raise_cap_view(acme.STORY_CAP), ANSWERS.raise_cap_view(cap)),
    ):
        assert form_of(view["blocks"]) == form_of(expected["blocks"])
        assert_valid_view(view)
        for said in texts_of(view["blocks"]):
            assert_nothing_is_meant(said)


def test_names_with_quotes_are_shown_as_they_are_written() -> None:
    story = msgspec.structs.replace(
        acme.STORIES[1], summary="O'Brien's \"fast\" path & <b>more</b>"
    )
    message = MESSAGES.sprint_review(acme.sprint_report(stories=(story,)))
    assert "O'Brien's \"fast\" path &amp; &lt;b&gt;more&lt;/b&gt;" in "".join(
        texts_of(message.blocks)
    )


def test_a_template_that_forgets_to_cut_a_text_still_escapes_it() -> None:
    made = slack_environment().from_string("{{ said }} {{ said | tidy | tojson }}")
    assert made.render(said="<!here> 'x'") == (
        "&lt;!here&gt; 'x' \"\\u0026lt;!here\\u0026gt; \\u0027x\\u0027\""
    )


def test_less_than_a_cent_is_not_read_as_markup() -> None:
    spike = msgspec.structs.replace(acme.SPIKE, amount_nanousd=9_000_000)
    assert "&lt;$0.01, 0.0× the usual" in MESSAGES.spike_notice(spike).text


def test_the_shared_wording_is_left_as_it_was() -> None:
    slack_environment()
    assert "cut" not in environment("slack", "words").filters
    assert environment("slack", "words").from_string("{{ x }}").render(x="<") == "<"


def test_an_address_that_is_none_is_not_linked_and_makes_no_button() -> None:
    nowhere = "javascript:alert(1)"
    sprint = msgspec.structs.replace(acme.CLOSED, url=nowhere, report_url=nowhere)
    story = msgspec.structs.replace(acme.STORIES[1], url="https://x.example.com/>|<!here>")
    message = MESSAGES.sprint_review(acme.sprint_report(sprint=sprint, stories=(story,)))
    assert all(block["type"] != "actions" for block in message.blocks)
    said = "".join(texts_of(message.blocks))
    assert "<https://x.example.com/%3E%7C%3C!here%3E|ACME-102>" in said
    assert "javascript" not in said


def test_two_hundred_stories_stay_within_the_limits_and_are_counted() -> None:
    many = tuple(
        msgspec.structs.replace(
            acme.STORIES[n % 9], story_key=f"ACME-{200 + n}", summary="<&>" * 1_000
        )
        for n in range(200)
    )
    review = MESSAGES.sprint_review(acme.sprint_report(stories=many))
    assert_valid_message(review.blocks, review.text)
    said = "".join(texts_of(review.blocks))
    assert "The 10 dearest of 200 stories; 67 ended outside their range." in said
    plain = MESSAGES.sprint_review(acme.sprint_report(stories=many), with_table=False)
    assert_valid_message(plain.blocks, plain.text)
    assert "…and 62 more stories." in "".join(texts_of(plain.blocks))
    digest = MESSAGES.daily_digest(
        notices.digest(over_estimate=many, spikes=(acme.SPIKE,) * 40, caps=(acme.STORY_CAP,) * 60)
    )
    assert_valid_message(digest.blocks, digest.text)
    assert "…and 37 more spikes." in "".join(texts_of(digest.blocks))


def test_no_stories_at_all_is_a_valid_review() -> None:
    review = MESSAGES.sprint_review(acme.sprint_report(stories=(), caps=(), spikes=()))
    assert_valid_message(review.blocks, review.text)


def test_a_hundred_caps_fit_the_home_tab_and_an_answer() -> None:
    caps = (acme.STORY_CAP,) * 100
    assert_valid_view(ANSWERS.home_view(replace(HOME, caps=caps)))
    answer = ANSWERS.caps(caps)
    assert_valid_message(answer.blocks, answer.text)
    assert "…and 90 more caps." in "".join(texts_of(answer.blocks))


@given(st.text(), st.integers(2, 60))
def test_a_cut_text_is_short_and_never_ends_within_an_entity(text: str, longest: int) -> None:
    shown = str(cut(text, longest))
    assert len(shown) <= longest
    assert re.sub(r"&(amp|lt|gt);", "", shown).count("&") == 0
    assert "\n" not in shown


@given(st.lists(st.text("ab <>&", max_size=40)), st.integers(10, 60))
@settings(max_examples=50)
def test_tidied_text_fits_and_stays_escaped(lines: list[str], longest: int) -> None:
    shown = str(tidy("\n".join(lines), longest))
    assert len(shown) <= longest
    assert re.sub(r"&(amp|lt|gt);", "", shown).count("&") == 0


@given(st.text())
def test_no_address_can_end_a_link_early(address: str) -> None:
    assert not set(href(address)) & set('<>| \n"')


def test_an_unknown_printed_bare_is_an_error_and_not_the_word_none() -> None:
    with pytest.raises(ValueError, match="unknown"):
        escaped(None)


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://acme.example.com/a", True),
        ("http://127.0.0.1:8000/", True),
        ("", False),
        ("https:///nohost", False),
        ("javascript:alert(1)", False),
        ("http://[::1", False),
        ("https://acme.example.com/" + "a" * 2_000, False),
    ],
)
def test_only_web_addresses_are_linked(address: str, is_one: bool) -> None:
    assert is_web_address(address) is is_one


def with_texts(shape: Any, text: str) -> Any:
    """Replace every text in a shape, but for those that choose its form."""
    if isinstance(shape, str):
        return text
    if isinstance(shape, tuple):
        return tuple(with_texts(member, text) for member in shape)
    if isinstance(shape, msgspec.Struct):
        names = [name for name in shape.__struct_fields__ if name not in MEANT]
        return msgspec.structs.replace(shape, **_changed(shape, names, text))
    if is_dataclass(shape) and not isinstance(shape, type):
        names = [field.name for field in fields(shape) if field.name not in MEANT]
        return replace(shape, **_changed(shape, names, text))
    return shape


def _changed(shape: Any, names: list[str], text: str) -> dict[str, Any]:
    return {
        name: with_texts(getattr(shape, name), text) for name in names if getattr(shape, name) != ""
    }


def form_of(value: Any) -> Any:
    """Return a payload without its texts and values: what kind of thing stands where."""
    if isinstance(value, dict):
        return {key: form_of(member) for key, member in value.items()} | {
            key: value[key] for key in value.keys() & {"type", "action_id", "block_id"}
        }
    if isinstance(value, list):
        return [form_of(member) for member in value]
    return type(value).__name__


def assert_nothing_is_meant(said: str) -> None:
    """Fail when Slack would read a mention, or a link that we did not make, into this text."""
    assert not re.search(r"<[!@]", said)
    for linked in re.findall(r"<([^>]*)>", said):
        assert re.match(r"https://(acme|storymeter)\.example\.com/|#", linked)
    assert re.sub(r"&(amp|lt|gt);", "", said).count("&") == 0
