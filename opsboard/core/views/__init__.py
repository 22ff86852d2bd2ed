"""The hall's pages, one module per noun."""

from opsboard.core.views.pages import (
    api_page,
    cancel_job,
    do,
    front,
    home,
    job,
    margins,
    notice,
    notice_list,
    read_notices,
    search_page,
    try_job_again,
)

__all__ = [
    "api_page", "cancel_job", "do", "front", "home", "job", "margins", "notice", "notice_list", "read_notices", "search_page",
    "try_job_again",
]  # fmt: skip
