"""The page: what it shows, that its buttons work, and that nothing on it acts by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from integration.sandbox.slack.mrkdwn import as_html, markdown_as_html, notifications
from tests.sandbox.slack.world import button, modal, section, text_input

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from tests.sandbox.slack.world import Control, Receiver

HOSTILE = "<script>alert(1)</script> <!channel> <img src=x onerror=alert(1)>"


def page(control: Control, **query: str) -> str:
    answer = requests.get(f"{control.base_url}/", params=query, timeout=5)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    return answer.text


@pytest.mark.parametrize(
    ("mrkdwn", "html"),
    [
        ("*b* _i_ ~s~", "<strong>b</strong> <em>i</em> <s>s</s>"),
        ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
        ("`a *b* <c>`", "<code>a *b* &lt;c&gt;</code>"),
        ("&lt;!channel&gt; &amp;amp;", "&lt;!channel&gt; &amp;amp;"),
        ("<@U1>", '<span class="mention">@U1</span>'),
        ("<!here>", '<span class="mention everyone">@here</span>'),
        ("> said\nnext", "<blockquote>said</blockquote>next"),
        ("a\nb", "a<br>b"),
        (
            '<https://example.com/?a=1&amp;b="2"|*x* & y>',
            (
                '<a href="https://example.com/?a=1&amp;b=&#34;2&#34;" rel="noreferrer noopener">'
                "*x* &amp; y</a>"
            ),
        ),
        ("<javascript:alert(1)|x>", "&lt;javascript:alert(1)|x&gt;"),
        ("\ue0000\ue001", "0"),
        (":warning: :no_such_name:", "⚠️ :no_such_name:"),
        ("<!date^0^{date_num} {time}|long ago>", "1970-01-01 00:00"),
    ],
)
def test_mrkdwn_becomes_html(mrkdwn: str, html: str) -> None:
    assert as_html(mrkdwn) == html


def test_a_markdown_block_becomes_html() -> None:
    shown = markdown_as_html("# Head\n**b** [t](https://example.com)\n- <b>x</b>")
    assert shown == (
        '<p class="md-heading">Head</p><p><strong>b</strong> '
        '<a href="https://example.com" rel="noreferrer noopener">t</a></p>'
        '<p class="md-item">• &lt;b&gt;x&lt;/b&gt;</p>'
    )


def test_an_escaped_mention_notifies_nobody() -> None:
    loud = [section("hi <!channel> and <@U0ANN>")]
    assert notifications("", loud) == ["!channel", "@U0ANN"]
    assert notifications("", [section("hi &lt;!channel&gt;")]) == []


def test_hostile_text_is_shown_and_never_acts(client: WebClient, control: Control) -> None:
    hostile_button = button("a", value=HOSTILE, text=HOSTILE[:70])
    table = {
        "type": "data_table",
        "caption": HOSTILE,
        "rows": [[{"type": "raw_text", "text": HOSTILE}]] * 2,
    }
    blocks = [
        section(HOSTILE),
        {"type": "markdown", "text": HOSTILE},
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        {"type": "actions", "elements": [hostile_button]},
        table,
    ]
    client.chat_postMessage(channel="C0STANDUP", text=HOSTILE, blocks=blocks)
    client.chat_postMessage(channel="C0STANDUP", text=HOSTILE)
    control.post("say", channel="C0STANDUP", user="U0ANN", text=HOSTILE)
    shown = page(control)
    assert shown.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown


def test_an_ephemeral_message_is_seen_by_its_person_alone(
    client: WebClient, control: Control
) -> None:
    client.chat_postEphemeral(channel="C0STANDUP", user="U0BO", text="For Bo")
    assert "For Bo" in page(control, **{"as": "U0BO"})
    assert "For Bo" not in page(control, **{"as": "U0ANN"})


def test_times_are_shown_in_the_persons_own_zone(client: WebClient, control: Control) -> None:
    client.chat_postMessage(channel="C0STANDUP", text="noon in London")
    assert "Fri 20 Nov, 12:00" in page(control, **{"as": "U0ANN"})
    assert "Fri 20 Nov, 07:00" in page(control, **{"as": "U0BO"})


def test_a_button_on_the_page_reaches_the_app(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    row = {"type": "actions", "block_id": "row", "elements": [button("approve", "cap-1")]}
    ts = client.chat_postMessage(channel="C0STANDUP", text="Cap", blocks=[row])["ts"]
    form = {
        "user": "U0ANN",
        "channel": "C0STANDUP",
        "in_channel": "C0STANDUP",
        "ts": ts,
        "block_id": "row",
        "action_id": "approve",
        "value": "cap-1",
    }
    answer = requests.post(f"{control.base_url}/page/click", data=form, timeout=5)
    assert answer.history[0].status_code == 302
    assert "cap-1" in receiver.received[0][1].decode()


def test_a_modal_on_the_page_is_filled_in_and_submitted(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    view = client.views_open(
        trigger_id=control.trigger(), view=modal(text_input("why <not>"), section("Hint"))
    )["view"]
    shown = page(control, **{"as": "U0ANN"})
    assert "Raise the cap" in shown
    assert "[&#34;why \\u" not in shown
    assert "Raise the cap" not in page(control, **{"as": "U0BO"})
    form = {"user": "U0ANN", "view_id": view["id"], '["why <not>", "value"]': ""}
    again = requests.post(f"{control.base_url}/page/modal", data=form, timeout=5).text
    assert "Please complete this required field." in again
    form['["why <not>", "value"]'] = "launch"
    requests.post(f"{control.base_url}/page/modal", data=form, timeout=5)
    assert "launch" in receiver.received[0][1].decode()
    assert "Raise the cap" not in page(control, **{"as": "U0ANN"})


def test_typing_a_mention_or_a_command_works(control: Control, receiver: Receiver) -> None:
    form = {"user": "U0ANN", "channel": "C0STANDUP", "text": "@StoryMeter <b>hi</b>"}
    requests.post(f"{control.base_url}/page/say", data=form, timeout=5)
    (message,) = control.get("messages")["messages"]
    assert message["text"] == "<@U0BOT> &lt;b&gt;hi&lt;/b&gt;"
    receiver.wait_for(2)
    form["text"] = "/storymeter sprint"
    requests.post(f"{control.base_url}/page/say", data=form, timeout=5)
    assert b"command=%2Fstorymeter" in receiver.received[2][1]


def test_the_page_says_when_the_app_does_not_answer(control: Control) -> None:
    form = {"user": "U0ANN", "channel": "C0STANDUP", "text": "/storymeter sprint"}
    answer = requests.post(f"{control.base_url}/page/say", data=form, timeout=5)
    assert "StoryMeter could not be reached." in answer.text


def test_the_home_tab_is_shown_to_its_person(client: WebClient, control: Control) -> None:
    client.views_publish(user_id="U0ANN", view={"type": "home", "blocks": [section("My stories")]})
    assert "My stories" in page(control, **{"as": "U0ANN", "tab": "home"})
    assert "has not published" in page(control, **{"as": "U0BO", "tab": "home"})


def test_an_uploaded_page_is_never_shown_as_a_page(client: WebClient, control: Control) -> None:
    uploaded = client.files_upload_v2(
        channel="C0STANDUP", content=b"<script>alert(1)</script>", filename="a.html"
    )
    file_id = uploaded["file"]["id"]
    answer = requests.get(f"{control.base_url}/page/files/{file_id}", timeout=5)
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_the_page_tells_that_it_has_changed(client: WebClient, control: Control) -> None:
    before = control.get("version")["version"]
    client.chat_postMessage(channel="C0STANDUP", text="new")
    assert control.get("version")["version"] > before


def test_the_install_page_asks_and_escapes(control: Control) -> None:
    address = f"{control.base_url}/oauth/v2/authorize"
    wrong = requests.get(address, params={"client_id": "x"}, timeout=5)
    assert wrong.status_code == 400
    client_id = control.workspace.config.client_id
    asked = {"client_id": client_id, "state": '"><script>', "redirect_uri": "http://localhost/"}
    shown = requests.get(address, params=asked, timeout=5).text
    assert "asks to join Acme" in shown
    assert '"><script>' not in shown
