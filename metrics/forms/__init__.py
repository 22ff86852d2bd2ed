"""What people type about metrics."""

from metrics.forms.annotations import AnnotationForm
from metrics.forms.dashboards import DashboardForm, ShareForm, TileForm
from metrics.forms.files import ImportForm, title_from
from metrics.forms.journal import ChangeForm, MovementForm, OpenForm, WriteForm
from metrics.forms.metric import MetricForm, RateForm
from metrics.forms.places import PlaceForm, known_labels
from metrics.forms.presets import OrdersForm, ParcelsForm
from metrics.forms.raw import RawForm
from metrics.forms.recording import RecordForm
from metrics.forms.sources import FORMS, HINTS, SourceForm
from metrics.forms.trees import DriverForm
from metrics.forms.values import CorrectForm, ValueForm
from metrics.forms.waiting import WaitingImportForm, WaitingItemForm, WaitingListForm

__all__ = [
    "FORMS",
    "HINTS",
    "AnnotationForm",
    "ChangeForm",
    "CorrectForm",
    "DashboardForm",
    "DriverForm",
    "ImportForm",
    "MetricForm",
    "MovementForm",
    "OpenForm",
    "OrdersForm",
    "ParcelsForm",
    "PlaceForm",
    "RateForm",
    "RawForm",
    "RecordForm",
    "ShareForm",
    "SourceForm",
    "TileForm",
    "ValueForm",
    "WaitingImportForm",
    "WaitingItemForm",
    "WaitingListForm",
    "WriteForm",
    "known_labels",
    "title_from",
]
