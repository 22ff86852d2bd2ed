from django.urls import path

from opsboard.work import views

urlpatterns = [
    path("", views.board, name="board"),
    path("actions/", views.action_list, name="action_list"),
    path("actions/new/", views.open_action, name="open_action"),
    path("actions/<int:pk>/", views.action, name="action"),
    path("actions/<int:pk>/change/", views.change_action, name="change_action"),
    path("actions/<int:pk>/move/", views.move_action, name="move_action"),
    path("actions/<int:pk>/close/", views.close_action, name="close_action"),
    path("actions/<int:pk>/reopen/", views.reopen_action, name="reopen_action"),
    path("actions/<int:pk>/comments/", views.comment_on, name="comment_on"),
    path("margin/", views.margin, name="margin"),
]
