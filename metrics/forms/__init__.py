"""What people type about metrics."""

from metrics.forms.files import ImportForm
from metrics.forms.metric import MetricForm, ValueForm

__all__ = ["ImportForm", "MetricForm", "ValueForm"]
