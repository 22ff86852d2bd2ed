"""What the `pdf` queue runs: one report at a time."""

from celery import shared_task
from django.utils import timezone
from django.utils.translation import gettext as _

from opsboard.core import jobs
from opsboard.reports import services
from opsboard.reports.models import Issue


@shared_task
def make_issue(job_id: int) -> None:
    with jobs.running(job_id) as work:
        if work is None:
            return
        issue = Issue.objects.with_everything().filter(pk=work.job.arguments["issue"]).first()
        if issue is None:
            raise jobs.Refused(_("The report was removed before its PDF was made."))
        services.make_issue(issue=issue, now=timezone.now(), progress=work.progress)
        work.result = {"id": issue.report_id, "report": issue.report_id, "issue": issue.pk, "pages": issue.pages}


@shared_task
def order_due_issues() -> int:
    return len(services.order_due_issues(now=timezone.now()))
