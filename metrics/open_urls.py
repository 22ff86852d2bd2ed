"""Addresses that need no sign-in: a dashboard that somebody shared by a link."""

from django.urls import path

from metrics import views

urlpatterns = [
    path("dashboards/<str:token>/", views.shared_dashboard, name="dashboard"),
    path("dashboards/<str:token>/picture/", views.shared_picture, name="picture"),
]
