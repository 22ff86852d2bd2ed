from django.urls import path

from opsboard.alerts import views

urlpatterns = [
    path("", views.alert_list, name="alert_list"),
    path("pending/", views.alert_list, {"tab": "pending"}, name="pending_list"),
    path("resolved/", views.alert_list, {"tab": "resolved"}, name="resolved_list"),
    path("all/", views.alert_list, {"tab": "all"}, name="all_list"),
    path("<int:pk>/", views.alert, name="alert"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("watches/", views.watch_list, name="watch_list"),
    path("watches/new/", views.new_watch, name="new_watch"),
    path("watches/preview/", views.preview, name="preview"),
    path("watches/numbers/", views.number_choices, name="number_choices"),
    path("watches/<int:pk>/", views.watch, name="watch"),
    path("watches/<int:pk>/edit/", views.change_watch, name="change_watch"),
    path("watches/<int:pk>/pause/", views.pause_watch, name="pause_watch"),
    path("watches/<int:pk>/resume/", views.resume_watch, name="resume_watch"),
    path("watches/<int:pk>/delete/", views.delete_watch, name="delete_watch"),
    path("margin/", views.margin, name="margin"),
]
