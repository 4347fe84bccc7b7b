"""JQL: what the parser takes, what a query finds, and that nothing but a JQL error comes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.foundation.clock import FixedClock
from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.fields import PREFIX, create_field
from integration.sandbox.jira.jql import Clause, Compound, JqlError, Listed, Value, parse_jql
from integration.sandbox.jira.jql_match import Matcher, candidates, in_order
from integration.sandbox.jira.jql_structure import where_structure
from integration.sandbox.jira.seed import new_site, seed_issues, seed_project
from integration.sandbox.jira.state import Site, Sprint
from integration.sandbox.jira.wiki_to_adf import wiki_to_adf

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
USER = "557058:storymeter"


def four_stories() -> Site:
    """SHOP-1 to SHOP-4, one hour apart, the last one now; 1 and 2 in Sprint 1, 3 in Sprint 2."""
    site = new_site(JiraConfig(), FixedClock(NOW))
    project = seed_project(site, "SHOP", "Web shop")
    seed_project(site, "OPS", "Operations")
    cost = create_field(site, "Cost USD", PREFIX + "float", PREFIX + "exactnumber")
    cost.project_ids.add(project.id)
    for number, state in ((1, "active"), (2, "future")):
        site.sprints[number] = Sprint(number, 1, f"Sprint {number}", NOW, state)
    stories = seed_issues(site, project, 4, spread_s=3600)
    for issue, sprint_id in zip(stories, (1, 1, 2), strict=False):
        issue.sprint_ids = [sprint_id]
        site.ids_by_sprint[sprint_id].add(issue.id)
    one, two, three, four = stories
    one.values |= {"labels": ["ai", "Chat"], cost.id: 1.5, "assignee": USER}
    two.values |= {"labels": ["ai"], cost.id: 20.0, "summary": "Summarise long documents"}
    three.status_id = "10001"
    three.resolved = NOW
    four.values |= {"description": wiki_to_adf("Uses an *embedding* model"), "parent": one.id}
    site.ids_by_parent[one.id].add(four.id)
    return site


SITE = four_stories()


def found(jql: str) -> list[int]:
    query = parse_jql(jql)
    test = Matcher(SITE, USER).test(query.where)
    pool = [issue for issue in candidates(SITE, query, USER) if test(issue)]
    ordered = in_order(SITE, pool, query.order)
    numbers = [int(issue.key.removeprefix("SHOP-")) for issue in ordered]
    return numbers if query.order else sorted(numbers)


@pytest.mark.parametrize(
    ("jql", "numbers"),
    [
        ("project = SHOP", [1, 2, 3, 4]),
        ("project in (SHOP, OPS) AND project != OPS", [1, 2, 3, 4]),
        ("project = OPS", []),
        ("key in (SHOP-1, shop-3)", [1, 3]),
        ("sprint = 1", [1, 2]),
        ("sprint = 'Sprint 2'", [3]),
        ("Sprint in openSprints()", [1, 2]),
        ("sprint in (openSprints(), futureSprints())", [1, 2, 3]),
        ("sprint is EMPTY", [4]),
        ("sprint not in (1)", [3]),
        ("cf[10020] = 1", [1, 2]),
        ("status = Done", [3]),
        ("status != done", [1, 2, 4]),
        ('statusCategory = "To Do"', [1, 2, 4]),
        ("resolution = Unresolved", [1, 2, 4]),
        ("resolution is EMPTY", [1, 2, 4]),
        ("labels = ai", [1, 2]),
        ("labels in (chat, missing)", [1]),
        ("labels is not EMPTY", [1, 2]),
        ("labels != ai", []),
        ("issuetype = Story AND type not in (Bug)", [1, 2, 3, 4]),
        ("assignee = currentUser()", [1]),
        ("assignee is EMPTY", [2, 3, 4]),
        ("reporter = storymeter", [1, 2, 3, 4]),
        ("parent = SHOP-1", [4]),
        ('"Epic Link" = SHOP-1', [4]),
        ("summary ~ summarise", [2]),
        ("text ~ embedding", [4]),
        ("text ~ 'embed*'", [4]),
        ('text ~ "\\"long documents\\""', [2]),
        ("summary !~ summarise", [1, 3, 4]),
        ("description is not EMPTY", [1, 2, 3, 4]),
        ('"Cost USD" > 1.5', [2]),
        ("cf[10100] >= 1.5 and cf[10100] <= 1.5", [1]),
        ('"cost usd" is EMPTY', [3, 4]),
        ("updated >= -60m", [3, 4]),
        ("updated >= '-1h'", [3, 4]),
        ('updated > "2026-11-02 10:00"', [3, 4]),
        ('created < "2026/11/02 10:00"', [1]),
        ("created >= startOfDay()", [1, 2, 3, 4]),
        ("created < startOfDay(-1d)", []),
        ("updated = 1793620800000", [4]),
        ("NOT labels = ai", [3, 4]),
        ("labels = ai OR status = Done AND sprint = 2", [1, 2, 3]),
        ("(labels = ai OR status = Done) AND sprint = 2", [3]),
        ("project = SHOP ORDER BY key DESC", [4, 3, 2, 1]),
        ("project = SHOP ORDER BY status DESC, key ASC", [3, 1, 2, 4]),
        ('project = SHOP ORDER BY "Cost USD" DESC, key', [3, 4, 2, 1]),
        ("project=SHOP&&!(labels=ai)||key=SHOP-1", [1, 3, 4]),
    ],
)  # fmt: skip
def test_a_query_finds(jql: str, numbers: list[int]) -> None:
    assert found(jql) == numbers


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("project =", "Expecting a value but got the end of the query"),
        ("invalid query", "Expecting operator but got 'query'. The valid operators are '='"),
        ("project = SHOP AND", "Expecting a field name"),
        ("project = SHOP foo = 1", "Expecting either 'OR' or 'AND'"),
        ("universe = 42", "Field 'universe' does not exist"),
        ("project = NOPE", "The value 'NOPE' does not exist for the field 'project'"),
        ("summary = test", "The operator '=' is not supported by the 'summary' field."),
        ("summary in test", "does not support the non-list value"),
        ("status > Done", "The operator '>' is not supported"),
        ("updated >= yesterday", "Date value 'yesterday' for field 'updated' is invalid"),
        ("assignee is me", "only supported with EMPTY"),
        ("status was Done", "is not supported by this site"),
        ("sprint in nothing()", "Unable to find JQL function"),
        ("project = SHOP ORDER BY universe", "Field 'universe' does not exist"),
    ],
)
def test_a_query_is_refused_in_jiras_words(jql: str, message: str) -> None:
    with pytest.raises(JqlError) as refused:
        found(jql)
    assert message in str(refused.value)


def test_a_query_becomes_a_tree_and_a_structure() -> None:
    query = parse_jql('project = SHOP and labels in (a, "b c")')
    labels = Clause("labels", "in", Listed((Value("a"), Value("b c"))))
    assert query.where == Compound("and", (Clause("project", "=", Value("SHOP")), labels))
    assert query.where is not None
    operand = where_structure(query.where)["clauses"][1]["operand"]
    assert operand["encodedOperand"] == '(a, "b c")'


PIECES = st.sampled_from(
    ["project", "=", "SHOP", "and", "or", "not", "(", ")", "in", ",", "is", "EMPTY", "updated",
     ">=", "-5m", "order by", "key", '"', "'", "\\", "~", "text", "cf[10100]", "1", "sprint",
     "openSprints()", "desc", "labels", "!=", "999999w", "é", "priority", "<", "99999999999999"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(PIECES, max_size=10).map(" ".join), st.text(max_size=30)))
def test_whatever_is_written_only_jql_errors_come_out(text: str) -> None:
    try:
        found(text)
    except JqlError:
        return
    assert parse_jql(text) == parse_jql(text)


def test_nesting_without_end_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(JqlError, match="nested too deeply"):
        parse_jql("(" * 5000 + "project = SHOP" + ")" * 5000)
    with pytest.raises(JqlError, match="nested too deeply"):
        parse_jql("not " * 5000 + "project = SHOP")


def test_relative_dates_are_relative_to_the_sites_clock() -> None:
    later = Matcher(SITE, USER)
    later.now = NOW + timedelta(days=1)
    test = later.test(parse_jql("updated >= -1d").where)
    assert [issue.key for issue in SITE.issues.values() if test(issue)] == ["SHOP-4"]
