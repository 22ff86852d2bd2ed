from django.urls import path

from opsboard.core import views

app_name = "core"

# Addresses that belong to a person, not to a workspace.
personal = [
    path("", views.front, name="front"),
]

# Addresses inside a workspace, mounted at /<workspace>/.
inside = [
    path("", views.home, name="home"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/cancel/", views.cancel_job, name="cancel_job"),
    path("jobs/<int:pk>/again/", views.try_job_again, name="try_job_again"),
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/read/", views.read_notices, name="read_notices"),
    path("notices/<int:pk>/", views.notice, name="notice"),
    path("margins/", views.margins, name="margins"),
    path("do/<str:key>/", views.do, name="do"),
    path("files/<int:pk>/", views.stored_file, name="stored_file"),
]
