from django.urls import path

from opsboard.review import views

urlpatterns = [
    path("", views.this_week, name="this_week"),
    path("weeks/", views.review_list, name="review_list"),
    path("<str:week>/", views.week, name="week"),
    path("<str:week>/decisions/", views.note_decision, name="note_decision"),
    path("<str:week>/decisions/<int:pk>/drop/", views.drop_decision, name="drop_decision"),
    path("<str:week>/fixes/", views.choose_fix, name="choose_fix"),
    path("<str:week>/fixes/<int:pk>/put-back/", views.put_back_fix, name="put_back_fix"),
    path("<str:week>/close/", views.close_week, name="close_week"),
    path("<str:week>/reopen/", views.reopen_week, name="reopen_week"),
]
