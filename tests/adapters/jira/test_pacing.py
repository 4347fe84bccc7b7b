from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from integration.jira.failures import JiraFailure, failure_of_answer, retry_after
from integration.jira.limiter import WINDOWS, IssueWriteLimiter
from integration.jira.retry import Patience

NOW = datetime(2026, 11, 3, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "1847"}, 1847),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "Tue, 03 Nov 2026 12:00:30 GMT"}, 30),
        ({"Retry-After": "Tue, 03 Nov 2026 11:00:00 GMT"}, 0),
        ({"X-RateLimit-Reset": "2026-11-03T12:01:00Z"}, 60),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "2026-11-03T12:01Z"}, 60),
        ({"Retry-After": "7", "X-RateLimit-Reset": "2026-11-03T12:01Z"}, 7),
        ({"X-RateLimit-Reset": "later"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(
    headers: dict[str, str], seconds: float | None
) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert retry_after(headers, NOW) == expected


def answer(status: int, body: bytes = b"", **headers: str) -> JiraFailure:
    made = requests.Response()
    made.status_code = status
    made.url = "https://acme.example.com/rest/api/3/issue/DEMO-1?notifyUsers=false"
    made._content = body
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    made.request = requests.Request("PUT", made.url).prepare()
    return failure_of_answer(made, NOW)


@pytest.mark.parametrize(
    ("status", "permanent", "may_have_happened"),
    [
        (400, True, False),
        (403, True, False),
        (404, True, False),
        (410, True, False),
        (408, False, True),
        (409, False, False),
        (429, False, False),
        (500, False, True),
        (502, False, True),
        (504, False, True),
    ],
)
def test_each_status_has_a_class(status: int, permanent: bool, may_have_happened: bool) -> None:
    failure = answer(status)

    assert (failure.permanent, failure.may_have_happened) == (permanent, may_have_happened)
    assert failure.status == status


def test_a_failure_quotes_jiras_words_and_no_query() -> None:
    failure = answer(400, b'{"errorMessages":["No."],"errors":{"summary":"Too long."}}')

    assert failure.message == (
        "Jira answered 400 to PUT /rest/api/3/issue/DEMO-1: No. summary: Too long."
    )


def test_an_html_page_is_not_quoted() -> None:
    assert "<html" not in answer(502, b"<html>secret</html>").message


def test_maintenance_with_a_date_rests_the_workspace() -> None:
    failure = answer(503, Retry_After="600")

    assert failure.workspace_wide
    assert failure.retry_after == timedelta(seconds=600)


def test_failed_log_ins_behind_a_captcha_rest_the_workspace() -> None:
    failure = answer(403, X_Seraph_LoginReason="AUTHENTICATION_DENIED")

    assert (failure.permanent, failure.workspace_wide) == (False, True)


def failure(**changes: object) -> JiraFailure:
    values: dict[str, object] = {"permanent": False, **changes}
    return JiraFailure("Jira answered 503.", **values)  # type: ignore[arg-type]  # Test shorthand.


def test_waits_double_with_jitter_and_end_after_four_tries() -> None:
    for tried, base in ((1, 2), (2, 4), (3, 8)):
        wait = Patience().wait_s(tried, failure(), idempotent=True)
        assert wait is not None
        assert 0.7 * base <= wait <= 1.3 * base
    assert Patience().wait_s(4, failure(), idempotent=True) is None


@pytest.mark.parametrize(
    ("changes", "idempotent"),
    [
        ({"permanent": True}, True),
        ({"workspace_wide": True, "retry_after": timedelta(seconds=1)}, True),
        ({"may_have_happened": True}, False),
        ({"retry_after": timedelta(seconds=16)}, True),
    ],
)
def test_what_is_not_waited_for(changes: dict[str, object], idempotent: bool) -> None:
    assert Patience().wait_s(1, failure(**changes), idempotent=idempotent) is None


def test_jiras_own_wait_is_the_least() -> None:
    asked = failure(retry_after=timedelta(seconds=12))

    assert Patience().wait_s(1, asked, idempotent=False) == 12


@given(st.lists(st.floats(0, 3), max_size=300))
def test_no_window_ever_holds_more_writes_than_jira_allows(pauses: list[float]) -> None:
    now = 0.0
    limiter = IssueWriteLimiter(lambda: now)
    written: list[float] = []
    for pause in pauses:
        now += pause / 10
        if limiter.reserve("DEMO-1") == 0:
            written.append(now)
    for seconds, most in WINDOWS:
        for at in written:
            assert len([one for one in written if at <= one < at + seconds]) <= most


def test_a_promised_wait_is_enough() -> None:
    now = 0.0
    limiter = IssueWriteLimiter(lambda: now)
    for _ in range(20):
        assert limiter.reserve("DEMO-1") == 0
    now = 0.5
    wait = limiter.reserve("DEMO-1")
    assert wait == 1.5

    now += wait

    assert limiter.reserve("DEMO-1") == 0


def test_issues_do_not_wait_for_each_other_and_old_ones_are_forgotten() -> None:
    now = 0.0
    limiter = IssueWriteLimiter(lambda: now)
    for number in range(2_500):
        now += 1
        assert limiter.reserve(f"DEMO-{number}") == 0

    assert len(limiter._writes) <= 1_030
