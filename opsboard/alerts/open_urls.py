"""Addresses that need no account: answers to notices."""

from django.urls import path

from opsboard.alerts import views

urlpatterns = [path("answer/<str:token>/", views.answer, name="answer")]
