"""The hall's tables."""

from opsboard.core.models.base import About, LimitedModel, Versioned, WorkspaceModel, WorkspaceQuerySet, about_fields
from opsboard.core.models.calendar import CalendarDay
from opsboard.core.models.channels import Channel, RobotCall
from opsboard.core.models.entering import Entrance, arrival_of, entrance_of
from opsboard.core.models.happenings import Delivery, Notice, Occurrence, ReactionRun, SearchEntry, Snapshot
from opsboard.core.models.people import (
    LANGUAGES,
    ApiToken,
    Invitation,
    Membership,
    Role,
    Team,
    TeamMember,
    User,
    Workspace,
)
from opsboard.core.models.rates import ExchangeRate, check_currency, rates_of
from opsboard.core.models.rows import columns, rows_of
from opsboard.core.models.work_in_hand import ImportMapping, ImportRun, Job, SavedList, StoredFile

__all__ = [
    "LANGUAGES",
    "About",
    "ApiToken",
    "CalendarDay",
    "Channel",
    "Delivery",
    "Entrance",
    "ExchangeRate",
    "ImportMapping",
    "ImportRun",
    "Invitation",
    "Job",
    "LimitedModel",
    "Membership",
    "Notice",
    "Occurrence",
    "ReactionRun",
    "RobotCall",
    "Role",
    "SavedList",
    "SearchEntry",
    "Snapshot",
    "StoredFile",
    "Team",
    "TeamMember",
    "User",
    "Versioned",
    "Workspace",
    "WorkspaceModel",
    "WorkspaceQuerySet",
    "about_fields",
    "arrival_of",
    "check_currency",
    "columns",
    "entrance_of",
    "rates_of",
    "rows_of",
]  # fmt: skip
