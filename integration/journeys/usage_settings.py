"""What of a workspace's settings decides about its usage, remembered for as long as it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.foundation.round_trip import round_trip
from integration.metering import store as metering
from integration.metering.attribution import Ladder
from integration.workspaces import queries as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from integration.foundation.round_trip import RoundTrip


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """The attribution rules of one workspace, ready to decide, and its region."""

    default_region: str
    ladder: Ladder
    mark: object
    """Differs once anything here has changed."""


class SettingsMemory:
    """Settings, and whether calls were new, as this process saw it last. Shared by threads.

    Who uses them asks in the same transaction whether they still hold.
    """

    def __init__(self) -> None:
        self._kept: dict[str, UsageSettings] = {}
        self._met_known: dict[str, bool] = {}

    def expects_new(self, workspace_id: str) -> bool:
        """Whether the workspace's last calls were all new: then the next ones probably are, too."""
        return not self._met_known.get(workspace_id, False)

    def note_known(self, workspace_id: str, *, met: bool) -> None:
        """Remember whether a known call was among the last ones."""
        self._met_known[workspace_id] = met

    def last_seen(self, session: Session, workspace_id: str) -> UsageSettings:
        """Return the settings, which may have changed meanwhile.

        Raises:
            NotFound: there is no such workspace.
        """
        return self._kept.get(workspace_id) or self.read(session, workspace_id)

    def read(self, session: Session, workspace_id: str) -> UsageSettings:
        """Return the settings of now. Raises as `last_seen`."""
        with round_trip(session) as trip:
            told_mark = self.ask(trip, workspace_id)
        mark = told_mark()  # Before the rules: one that is added in between is seen next time.
        defaults = mark[0]
        found = UsageSettings(
            defaults.default_region,
            Ladder(metering.rules(session, workspace_id), defaults.project_keys),
            mark,
        )
        self._kept[workspace_id] = found
        return found

    @staticmethod
    def ask(
        trip: RoundTrip, workspace_id: str
    ) -> Callable[[], tuple[workspaces.UsageDefaults, object]]:
        """Ask for the mark of the settings of now."""
        told_defaults = trip.ask(workspaces.usage_defaults(workspace_id))
        told_rules = trip.ask(metering.rules_mark(workspace_id))
        return lambda: (told_defaults(), told_rules())
