"""Addresses of processes."""

from django.urls import path

from processes import views
from processes.views import predictions, redesigns, whys

urlpatterns = [
    path("", views.process_list, name="process_list"),
    path("new/", views.create_process, name="create_process"),
    path("<int:pk>/", views.process, name="process"),
    path("<int:pk>/cases/", views.cases, name="cases"),
    path("<int:pk>/case/", views.case, name="case"),
    path("<int:pk>/bottlenecks/", views.bottlenecks, name="bottlenecks"),
    path("<int:pk>/why/", whys.whys, name="whys"),
    path("<int:pk>/why/<int:number>/judge/", whys.judge_why, name="judge_why"),
    path("<int:pk>/why/<int:number>/remark/", whys.remark_on_why, name="remark_on_why"),
    path("<int:pk>/why/<int:number>/remove/", whys.remove_why, name="remove_why"),
    path("<int:pk>/what-if/", predictions.what_if, name="what_if"),
    path("<int:pk>/what-if/<int:simulation>/", predictions.prediction, name="prediction"),
    path("<int:pk>/what-if/<int:simulation>/answer/", predictions.predicted, name="predicted"),
    path("<int:pk>/what-if/<int:simulation>/without/<int:place>/", predictions.drop_move, name="drop_move"),
    path("<int:pk>/redesigns/", redesigns.redesigns, name="redesigns"),
    path("<int:pk>/redesigns/<int:simulation>/accept/", redesigns.accept_redesign, name="accept_redesign"),
    path("<int:pk>/edit/", views.change_process, name="change_process"),
    path("<int:pk>/delete/", views.delete_process, name="delete_process"),
    path("<int:pk>/restore/", views.restore_process, name="restore_process"),
    path("import/", views.new_log, name="new_log"),
    path("import/<int:pk>/", views.log_run, name="log_run"),
    path("<int:pk>/logs/", views.log_list, name="log_list"),
    path("<int:pk>/logs/<int:log>/delete/", views.delete_log, name="delete_log"),
    path("new/drawing/", views.draw_process, name="draw_process"),
    path("<int:pk>/steps/", views.steps, name="steps"),
    path("<int:pk>/steps/file/", views.step_file, name="step_file"),
    path("<int:pk>/remarks/", views.remark_on_step, name="remark_on_step"),
    path("<int:pk>/remarks/<int:number>/settle/", views.settle_remark, name="settle_remark"),
    path("<int:pk>/template/", views.begin_with, name="begin_with"),
    path("<int:pk>/bpmn/", views.bpmn, name="bpmn"),
    path("<int:pk>/drawing/", views.import_drawing, name="import_drawing"),
    path("<int:pk>/drawing/tidy/", views.tidy_drawing, name="tidy_drawing"),
    path("<int:pk>/diagram/", views.diagram, name="diagram"),
    path("<int:pk>/versions/", views.versions, name="versions"),
    path("<int:pk>/versions/<int:number>/restore/", views.restore_version, name="restore_version"),
]
