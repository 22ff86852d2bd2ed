from django.urls import path

from opsboard.core import views
from opsboard.core.views import audit, calendar, channels, joining, me, people, tokens

app_name = "core"

# Addresses that belong to a person, not to a workspace.
personal = [
    path("", views.front, name="front"),
    path("me/", me.my_settings, name="my_settings"),
    path("me/theme/", me.set_theme, name="set_theme"),
    path("me/language/", me.set_language, name="set_language"),
    path("me/sessions/", me.session_list, name="session_list"),
    path("me/sessions/others/end/", me.end_other_sessions, name="end_other_sessions"),
    path("me/sessions/<int:pk>/end/", me.end_session, name="end_session"),
    path("new/", me.new_workspace, name="new_workspace"),
    path("join/<str:secret>/", joining.join, name="join"),
]

# Addresses inside a workspace, mounted at /<workspace>/.
inside = [
    path("", views.home, name="home"),
    path("search/", views.search_page, name="search"),
    path("api/", views.api_page, name="api_page"),
    path("jobs/<int:pk>/", views.job, name="job"),
    path("jobs/<int:pk>/cancel/", views.cancel_job, name="cancel_job"),
    path("jobs/<int:pk>/again/", views.try_job_again, name="try_job_again"),
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/read/", views.read_notices, name="read_notices"),
    path("notices/<int:pk>/", views.notice, name="notice"),
    path("margins/", views.margins, name="margins"),
    path("do/<str:key>/", views.do, name="do"),
    path("settings/", people.settings, name="settings"),
    path("settings/calendar/", calendar.calendar, name="calendar"),
    path("settings/calendar/days/", calendar.add_calendar_day, name="add_calendar_day"),
    path("settings/calendar/days/<int:pk>/remove/", calendar.remove_calendar_day, name="remove_calendar_day"),
    path("settings/apps/", people.app_limits, name="app_limits"),
    path("members/", people.member_list, name="member_list"),
    path("members/<int:pk>/", people.member, name="member"),
    path("members/<int:pk>/role/", people.change_role, name="change_role"),
    path("members/<int:pk>/remove/", people.remove_member, name="remove_member"),
    path("members/<int:pk>/reset/", people.make_reset_link, name="make_reset_link"),
    path("members/<int:pk>/second-step/", people.turn_off_second_step, name="turn_off_second_step"),
    path("invitations/", people.invitation_list, name="invitation_list"),
    path("invitations/new/", people.invite, name="invite"),
    path("invitations/<int:pk>/renew/", people.renew_invitation, name="renew_invitation"),
    path("invitations/<int:pk>/withdraw/", people.withdraw_invitation, name="withdraw_invitation"),
    path("teams/", people.team_list, name="team_list"),
    path("teams/new/", people.new_team, name="new_team"),
    path("teams/<int:pk>/", people.team, name="team"),
    path("teams/<int:pk>/delete/", people.delete_team, name="delete_team"),
    path("tokens/", tokens.token_list, name="token_list"),
    path("tokens/new/", tokens.new_token, name="new_token"),
    path("tokens/<int:pk>/revoke/", tokens.revoke_token, name="revoke_token"),
    path("channels/", channels.channel_list, name="channel_list"),
    path("channels/new/", channels.new_channel, name="new_channel"),
    path("channels/<int:pk>/", channels.channel, name="channel"),
    path("channels/<int:pk>/edit/", channels.change_channel, name="change_channel"),
    path("channels/<int:pk>/test/", channels.try_channel, name="try_channel"),
    path("channels/<int:pk>/switch/", channels.switch_channel, name="switch_channel"),
    path("channels/<int:pk>/remove/", channels.remove_channel, name="remove_channel"),
    path("channels/<int:pk>/messages/<int:delivery>/again/", channels.send_again, name="send_again"),
    path("my-channels/", channels.my_channels, name="my_channels"),
    path("my-channels/new/", channels.my_new_channel, name="my_new_channel"),
    path("my-channels/<int:pk>/", channels.my_channel, name="my_channel"),
    path("my-channels/<int:pk>/edit/", channels.my_change_channel, name="my_change_channel"),
    path("my-channels/<int:pk>/test/", channels.my_try_channel, name="my_try_channel"),
    path("my-channels/<int:pk>/remove/", channels.my_remove_channel, name="my_remove_channel"),
    path("audit/", audit.audit, name="audit"),
]
