from django.urls import path

from opsboard.reports import views

urlpatterns = [
    path("", views.report_list, name="report_list"),
    path("make/", views.make_report, name="make_report"),
    path("new/", views.open_report, name="open_report"),
    path("<int:pk>/", views.report, name="report"),
    path("<int:pk>/make/", views.make_issue, name="make_issue"),
    path("<int:pk>/change/", views.change_report, name="change_report"),
    path("<int:pk>/remove/", views.remove_report, name="remove_report"),
    path("issues/<int:pk>/file/", views.issue_file, name="issue_file"),
]
