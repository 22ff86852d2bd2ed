"""Addresses of metrics."""

from django.urls import path

from metrics import views
from metrics.views import sources

urlpatterns = [
    path("", views.metric_list, name="metric_list"),
    path("new/", views.create_metric, name="create_metric"),
    path("imports/new/", views.new_import, name="new_import"),
    path("imports/<int:pk>/", views.import_run, name="import_run"),
    path("waiting/", views.waiting_lists, name="waiting_lists"),
    path("waiting/new/", views.create_waiting_list, name="create_waiting_list"),
    path("waiting/imports/new/", views.new_waiting_import, name="new_waiting_import"),
    path("waiting/imports/<int:pk>/", views.waiting_import, name="waiting_import"),
    path("waiting/<int:pk>/", views.waiting_list, name="waiting_list"),
    path("waiting/<int:pk>/edit/", views.change_waiting_list, name="change_waiting_list"),
    path("waiting/<int:pk>/archive/", views.archive_waiting_list, name="archive_waiting_list"),
    path("waiting/<int:pk>/items/", views.open_item, name="open_item"),
    path("waiting/<int:pk>/items/<int:item>/close/", views.close_item, name="close_item"),
    path("front/", views.front, name="front"),
    path("trades/", views.trade_list, name="trade_list"),
    path("trades/<slug:key>/", views.trade, name="trade"),
    path("tree/", views.metric_tree, name="metric_tree"),
    path("sources/", sources.source_list, name="source_list"),
    path("sources/new/", sources.new_source, name="new_source"),
    path("sources/new/<slug:kind>/", sources.create_source, name="create_source"),
    path("sources/<int:pk>/", sources.source, name="source"),
    path("sources/<int:pk>/edit/", sources.change_source, name="change_source"),
    path("sources/<int:pk>/columns/", sources.map_columns, name="map_columns"),
    path("sources/<int:pk>/run/", sources.run_source, name="run_source"),
    path("sources/<int:pk>/pause/", sources.pause_source, name="pause_source"),
    path("sources/<int:pk>/resume/", sources.resume_source, name="resume_source"),
    path("sources/<int:pk>/delete/", sources.delete_source, name="delete_source"),
    path("sources/<int:pk>/pulls/<int:run>/", sources.pull, name="pull"),
    path("<int:pk>/", views.metric, name="metric"),
    path("<int:pk>/drives/", views.set_driver, name="set_driver"),
    path("<int:pk>/facts/", views.fact_sheet, name="fact_sheet"),
    path("<int:pk>/north-star/", views.name_north_star, name="name_north_star"),
    path("<int:pk>/pin/", views.pin_metric, name="pin_metric"),
    path("<int:pk>/unpin/", views.unpin_metric, name="unpin_metric"),
    path("<int:pk>/place/", views.move_on_front, name="move_on_front"),
    path("<int:pk>/edit/", views.change_metric, name="change_metric"),
    path("<int:pk>/archive/", views.archive_metric, name="archive_metric"),
    path("<int:pk>/restore/", views.restore_metric, name="restore_metric"),
    path("<int:pk>/values/new/", views.add_value, name="add_value"),
]
