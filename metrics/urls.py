"""Addresses of metrics."""

from django.urls import path

from metrics import views

urlpatterns = [
    path("", views.metric_list, name="metric_list"),
    path("new/", views.create_metric, name="create_metric"),
    path("imports/new/", views.new_import, name="new_import"),
    path("imports/<int:pk>/", views.import_run, name="import_run"),
    path("<int:pk>/", views.metric, name="metric"),
    path("<int:pk>/edit/", views.change_metric, name="change_metric"),
    path("<int:pk>/archive/", views.archive_metric, name="archive_metric"),
    path("<int:pk>/restore/", views.restore_metric, name="restore_metric"),
    path("<int:pk>/values/new/", views.add_value, name="add_value"),
]
