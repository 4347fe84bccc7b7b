"""A story's alternatives as Slack shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.wording import environment
from integration.reports.story_lines import spread_of
from integration.slack.desk import WhatIfAnswer, WhatIfOption

if TYPE_CHECKING:
    from integration.estimation.whatif import Alternative
    from integration.journeys.alternatives import StoryWhatIf


def what_if_answer(found: StoryWhatIf, url: str) -> WhatIfAnswer:
    """Return what the story would cost today, and otherwise."""
    return WhatIfAnswer(
        story_key=found.story_key,
        url=url,
        version=found.version.version,
        estimated_nanousd=spread_of(found.version.estimate.list_cost_nanousd),
        today_nanousd=spread_of(found.today.list_cost_nanousd),
        today_ugco2e=spread_of(found.today.location_based_ugco2e),
        options=tuple(_option(each) for each in found.offered),
    )


def _option(found: Alternative) -> WhatIfOption:
    wording = environment("words").get_template("alternatives.j2").module
    label = str(wording.what(found))  # type: ignore[attr-defined]  # A macro.
    return WhatIfOption(
        label=label,
        list_cost_nanousd=spread_of(found.estimate.list_cost_nanousd),
        location_based_ugco2e=spread_of(found.estimate.location_based_ugco2e),
        saving_nanousd=found.saving_nanousd,
        saving_ugco2e=found.saving_ugco2e,
    )
