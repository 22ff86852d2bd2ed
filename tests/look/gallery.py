"""Every piece of the style sheet on one page, with two boards' worth of behaviour behind it. For tests only."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import path

from opsboard.core.access import Request
from opsboard.urls import urlpatterns as house

PAGE = """
{% extends "base.html" %}{% load ops static %}
{% block title %}Gallery{% endblock %}
{% block crumbs %}{% include "core/parts/_crumbs.html" with url="/" label="Metrics" %}{% endblock %}
{% block heading %}Week 47 review{% endblock %}
{% block lead %}<p>What moved, what is late, and the one or two small fixes of this week.</p>{% endblock %}
{% block actions %}<a class="btn" href="#a">{% icon "upload" %}Import</a><button class="btn btn-primary" type="button" data-dialog="#own">New action</button>{% endblock %}
{% block head %}<script src="{% static 'vendor/sortable/Sortable.min.js' %}" defer></script>{% endblock %}
{% block content %}
<div class="tiles">
  {% tile label="Signals" value="3 / 24" status="+3" tone="bad" note="The other 21: routine variation" %}
  {% tile label="Overdue" value="1" status="−2" tone="good" note="4 due, 3 done" url="#a" %}
  {% tile label="Bottleneck" value="退货入库" status="+46" tone="bad" note="214 waiting, WIP limit 180" %}
  {% tile label="Proven this month" value="5" status="+2" tone="good" note="Before and after differ" unit="fixes" %}
</div>
<nav class="tabs" aria-label="Views"><a href="#a" aria-current="page">Chart</a><a href="#b">Table</a><a href="#c">Alerts</a></nav>
<div class="columns">
  <section class="card"><div class="card-header"><h2 class="card-title">Metric movements</h2><div class="card-actions"><a class="btn btn-sm" href="#x">All metrics</a></div></div>
    <div class="table-scroll" role="region" tabindex="0" aria-label="Metric movements"><table class="table">
      <thead><tr><th scope="col">Process</th><th scope="col">Owner</th><th scope="col" class="num">This week</th><th scope="col" class="num">Change</th><th scope="col">State</th></tr></thead>
      <tbody>{% for state in states %}<tr><td><a href="#r">Order review 订单审核</a></td><td>王小明 Wang</td><td class="num">{{ 1238.25|number }}</td><td class="num">{{ -11.8|change }}</td><td>{% badge state %}</td></tr>{% endfor %}</tbody>
    </table></div>
    {% comment %}pager{% endcomment %}
  </section>
  <div class="stack">
    <section class="card"><div class="card-header"><h2 class="card-title">Facts</h2></div><div class="card-body">
      <dl class="facts"><dt>Owner</dt><dd>Anna Kim</dd><dt>Spent</dt><dd>{{ 12500|money:"CNY" }}</dd><dt>Lead time</dt><dd>{{ 273900|duration }}</dd><dt>On time</dt><dd>{{ 0.8712|percent }}</dd></dl>
      <p class="note note-warn">A remark in a box.</p><progress class="progress-line" value="0.4" max="1" aria-label="Import"></progress>
      <p class="code-line"><code id="secret">ops_abc123</code><button class="btn btn-sm" type="button" data-copy="#secret">Copy</button></p></div></section>
    <div class="card">{% empty title="No metrics yet" text="Upload a spreadsheet that you already have: a date and a number are enough." icon="chart-line" url="#new" action="Import a file" %}</div>
  </div>
</div>
<form class="card" method="post" novalidate data-unsaved><div class="card-header"><h2 class="card-title">A form</h2></div><div class="card-body">{% csrf_token %}{% fields form %}<div class="form-actions"><button class="btn btn-primary">Save</button><button class="btn" type="button" disabled>Not now</button><button class="btn btn-danger" data-confirm="Delete this for good?" name="delete" value="1">Delete</button></div></div></form>
<h2>Board</h2>
<div class="board" data-board>
  {% for key, name, limit, cards in columns %}<section class="board-column" data-limit="{{ limit }}"><header><h3>{{ name }}</h3><span class="board-count">{{ cards|length }}</span></header>
    <ol class="board-cards" data-column="{{ key }}" aria-label="{{ name }}">{% for card in cards %}<li class="board-card can-move" tabindex="0" id="card-{{ card }}" data-card="Card {{ card }}" data-move-url="/gallery/move/{{ card }}/" data-version="1"><a class="board-card-title" href="#c{{ card }}">Remove the second approval {{ card }}</a><div class="board-card-facts"><span>Anna</span><span>24 Nov</span>{% badge "overdue" %}</div>
      <button type="button" class="bar-button board-card-menu" popovertarget="menu-{{ card }}" aria-label="Move card {{ card }}">{% icon "dots" %}</button><div class="popmenu popmenu-here" id="menu-{{ card }}" popover>{% for other, title, l, c in columns %}<button type="button" data-move-to="{{ other }}">{{ title }}</button>{% endfor %}</div></li>{% endfor %}</ol></section>{% endfor %}
</div>
<ol class="timeline card"><li class="timeline-item is-unread">On-time rate fell below 80 %<p class="muted">5 minutes ago</p></li><li class="timeline-item">Import finished</li></ol>
<p><a class="btn" href="/gallery/form/" hx-get="/gallery/form/" hx-target="#dialog-content" hx-swap="innerHTML" id="opener">Open a form</a> <button class="btn" hx-get="/gallery/broken/" id="broken">Break</button></p>
<p id="listener" hx-get="/gallery/heard/" hx-trigger="live:alerts from:body" hx-swap="innerHTML">quiet</p>
<dialog class="dialog" id="own" aria-labelledby="own-title"><button type="button" class="dialog-close" data-dialog-close aria-label="Close">{% icon "x" %}</button><h2 id="own-title">New action</h2><p>Words.</p></dialog>
{% endblock %}
"""

FORM = """{% load ops %}<h2 class="dialog-title">Rename</h2><form method="post" action="/gallery/form/" hx-post="/gallery/form/" hx-target="#dialog-content" hx-swap="innerHTML" novalidate>{% fields form %}<button class="btn btn-primary" id="send">Save</button></form>"""


class Sample(forms.Form):
    title = forms.CharField(label="Title", help_text="What shall be different afterwards.")
    due_on = forms.DateField(label="Due on", widget=forms.DateInput(attrs={"type": "date"}))
    owner = forms.ChoiceField(label="Owner", choices=[("", "–"), ("anna", "Anna"), ("wang", "王小明")])
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Small fix"), ("b", "Project")], widget=forms.RadioSelect)
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    told = forms.BooleanField(label="Tell the raiser", required=False)


class Short(forms.Form):
    title = forms.CharField(label="Title")


def drawn(source: str, request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(source).render(context, request), status=status)


def gallery(request: Request) -> HttpResponse:
    states = ["firing", "pending", "recovering", "no_data", "proven"]
    columns = [("todo", "To do", "", [1, 2, 3]), ("doing", "Doing", "1", [4]), ("done", "Done", "", [5])]
    form = Sample(request.POST if request.method == "POST" or "bad" in request.GET else None)
    return drawn(PAGE.strip(), request, {"states": states, "form": form, "columns": columns})


def move(request: Request, card: int) -> HttpResponse:
    if card == 3:
        return HttpResponse("The card is locked by the review.", status=409, content_type="text/plain")
    return JsonResponse({"version": int(request.POST["version"]) + 1, "column": request.POST["column"]})


def small_form(request: Request) -> HttpResponse:
    form = Short(request.POST if request.method == "POST" else None, auto_id="short_%s")
    if request.method == "POST" and form.is_valid():
        return HttpResponse(status=204, headers={"HX-Trigger": '{"toast": {"text": "Saved.", "level": "success"}}'})
    return drawn(FORM, request, {"form": form}, 422 if request.method == "POST" else 200)


def broken(request: Request) -> HttpResponse:
    return HttpResponse("<p>nothing for you</p>", status=500)


def heard(request: Request) -> HttpResponse:
    return HttpResponse("heard")


urlpatterns = [
    path("gallery/move/<int:card>/", move),
    path("gallery/form/", small_form),
    path("gallery/broken/", broken),
    path("gallery/heard/", heard),
    path("<slug:workspace>/gallery/", gallery),
    *house,
]
