"""What drives what, the few numbers on the front, and the metrics of a trade."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from metrics import analysis, services
from metrics.analysis import Branch
from metrics.models import Influence, Metric
from metrics.services import TRADES, Given
from opsboard.core import registry
from opsboard.core.models import Team, User, Workspace
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
HOME = "/north-plant/metrics/"


def metric_of(workspace: Workspace, key: str, **given: Any) -> Metric:
    return services.create_metric(workspace=workspace, by=None, now=NOW, key=key, name=key.title(), **given)


def test_a_product_is_split_so_that_nothing_is_left_over() -> None:
    # 100 orders × 50 = 5,000 became 120 × 45 = 5,400.
    found = analysis.parts(5000, 5400, [Branch("multiplies", 1, 100, 120), Branch("multiplies", 1, 50, 45)])
    moved = [one.moved for one in found if one]
    assert sum(moved) == pytest.approx(400)
    assert moved[0] > 0 > moved[1]
    divided = analysis.parts(10, 20, [Branch("multiplies", 1, 100, 100), Branch("multiplies", -1, 10, 5)])
    assert [round(one.moved, 9) for one in divided if one] == [0, 10]
    added = analysis.parts(10, 16, [Branch("adds", 1, 8, 15), Branch("adds", -1, 1, 2), Branch("influences", 1, 1, 2)])
    assert [one and (one.moved, round(one.share or 0, 4)) for one in added] == [(7, 1.1667), (-1, -0.1667), None]
    assert analysis.unexplained(10, 17, added) == 1
    assert analysis.parts(0, 5, [Branch("multiplies", 1, 0, 1)]) == [None]
    assert analysis.parts(None, 5, [Branch("adds", 1, 1, 2)]) == [None]
    same = analysis.parts(5, 5, [Branch("adds", 1, 2, 3), Branch("adds", 1, 3, 2)])
    assert [one and (one.moved, one.share) for one in same] == [(1, None), (-1, None)]


def test_a_tree_never_goes_round(workspace: Workspace, now: datetime) -> None:
    sales, orders, visits = (metric_of(workspace, key) for key in ("sales", "orders", "visits"))
    services.hang_under(child=orders, parent=sales, by=None, now=now, kind="multiplies")
    services.hang_under(child=visits, parent=orders, by=None, now=now)
    with pytest.raises(ValidationError, match="Visits → Orders → Sales"):
        services.hang_under(child=sales, parent=visits, by=None, now=now)
    with pytest.raises(ValidationError, match="cannot drive itself"):
        services.hang_under(child=sales, parent=sales, by=None, now=now)
    services.hang_under(child=visits, parent=sales, by=None, now=now, sign=-1)  # it moves; nothing hangs twice
    assert Influence.objects.count() == 2
    assert services.take_off_tree(child=visits, by=None, now=now)


def test_the_front_holds_seven_and_one_north_star(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    metrics = [metric_of(workspace, f"m{number}") for number in range(9)]
    client = sign_in(anna)
    for metric in metrics[:7]:
        assert client.post(f"{HOME}{metric.pk}/pin/").status_code == 303
    refused = client.post(f"{HOME}{metrics[7].pk}/pin/")
    assert refused.status_code == 422
    assert "Seven numbers stand on the front" in refused.content.decode()
    # The first north star needs no question; the second does, and names the one that it replaces.
    assert client.post(f"{HOME}{metrics[3].pk}/north-star/").status_code == 303
    asked = client.get(f"{HOME}{metrics[8].pk}/north-star/").content.decode()
    assert "steers by “M3” now" in asked
    assert client.post(f"{HOME}{metrics[8].pk}/north-star/").status_code == 422
    assert client.post(f"{HOME}{metrics[8].pk}/north-star/", {"instead_of": metrics[3].pk}).status_code == 303
    front = [one.key for one in Metric.objects.filter(workspace=workspace).on_the_front()]
    assert front[0] == "m8"
    assert len(front) == 7
    assert "m3" in front
    moved = client.post(f"{HOME}{metrics[4].pk}/place/", {"position": "0"}, headers={"accept": "application/json"})
    assert moved.status_code == 200
    assert [one.key for one in Metric.objects.filter(workspace=workspace).on_the_front()][:2] == ["m8", "m4"]
    assert client.post(f"{HOME}{metrics[7].pk}/place/", {"position": "x"}).status_code == 422
    listed = client.get(HOME).content.decode()
    assert listed.index("front-star") < listed.index(f"front-{metrics[4].pk}")
    client.post(f"{HOME}{metrics[8].pk}/unpin/")
    assert not Metric.objects.filter(north_star=True).exists()


def test_the_tree_page_says_what_moved_it(
    workspace: Workspace, anna: User, victor: User, sign_in: Callable[[User], Client],
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    sales = metric_of(workspace, "sales", target=1.0)
    orders = metric_of(workspace, "orders")
    value = metric_of(workspace, "value", aggregation="mean")
    secret = metric_of(workspace, "secret", limited_to=[Team.objects.create(workspace=workspace, name="Board").pk])
    monday = datetime(2026, 11, 1, 17, tzinfo=NOW.tzinfo)  # Monday 2 November in Shanghai
    for metric, weeks in ((sales, (5000.0, 5400.0)), (orders, (100.0, 120.0)), (value, (50.0, 45.0))):
        points = [Given(monday + timedelta(weeks=week), one, 100.0) for week, one in enumerate(weeks)]
        services.write_points(metric=metric, points=points, by=None, now=NOW)
    client = sign_in(anna)
    for child, kind in ((orders, "multiplies"), (value, "multiplies"), (secret, "influences")):
        url = f"{HOME}{child.pk}/drives/"
        if child != secret:
            assert client.get(url).status_code == 200
            assert client.post(url, {"parent": sales.pk, "kind": kind, "sign": "1"}).status_code == 303
        else:
            assert client.get(url).status_code == 404
            services.hang_under(child=secret, parent=sales, by=None, now=NOW)
    assert (
        client.post(f"{HOME}{sales.pk}/drives/", {"parent": orders.pk, "kind": "adds", "sign": "1"}).status_code == 422
    )
    services.name_north_star(metric=sales, by=anna, now=NOW)
    viewer = sign_in(victor)
    with django_assert_max_num_queries(20):
        page = viewer.get(f"{HOME}tree/")
    text = page.content.decode()
    (shown,) = page.context["trees"]
    ranked = [(one.metric.key, round(one.part.share, 2)) for one in shown["moved"][0].ranked]
    assert ranked == [("orders", 2.37), ("value", -1.37)]
    assert "237%" in text
    assert "Secret" not in text
    assert 'role="group"' in text
    assert client.get(f"{HOME}tree/?span=month").status_code == 200
    sheet = client.get(f"{HOME}{orders.pk}/facts/").content.decode()
    assert "Works on" in sheet
    assert "Secret" not in client.get(f"{HOME}{sales.pk}/facts/").content.decode()


@pytest.mark.parametrize("key", list(TRADES))
def test_each_trade_has_a_north_star_and_at_most_six_beside_it(key: str) -> None:
    trade = TRADES[key]
    keys = [one.key for one in trade.sketches]
    assert 4 <= len(keys) <= 7
    assert len(set(keys)) == len(keys)
    assert not trade.north_star.under
    assert all(one.under in {"", *keys} for one in trade.sketches)
    assert all(str(one.counted) and str(one.role) and str(one.how) and one.columns for one in trade.sketches)
    with translation.override("zh-hans"):
        assert not [one.key for one in trade.sketches if str(one.name).isascii() or str(one.counted).isascii()]


def test_a_trade_comes_in_one_step_and_only_once(
    workspace: Workspace, anna: User, now: datetime, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(anna)
    assert "What do you run?" in client.get(HOME).content.decode()
    assert client.get(f"{HOME}trades/").status_code == 200
    assert "Net revenue retention" in client.get(f"{HOME}trades/saas/").content.decode()
    assert client.get(f"{HOME}trades/piracy/").status_code == 404
    assert client.post(f"{HOME}trades/retail/", {}).status_code == 422
    chosen = {"metric": ["sales", "visitors", "basket"]}
    assert client.post(f"{HOME}trades/retail/", chosen).status_code == 303
    assert set(Metric.objects.values_list("key", flat=True)) == {"sales", "visitors", "basket"}
    star = Metric.objects.get(north_star=True)
    assert (star.key, star.unit, star.driven_by.count()) == ("sales", "CNY", 2)
    Metric.objects.filter(key="basket").update(name="Our basket")
    client.post(f"{HOME}trades/retail/", chosen)
    assert Metric.objects.count() == 3
    starter = next(one for one in registry.starters() if one.key == "metrics.retail")
    starter.furnish(workspace, anna, "retail", now)
    assert Metric.objects.count() == len(TRADES["retail"].sketches)
    assert Metric.objects.get(key="basket").name == "Our basket"
    assert Metric.objects.filter(workspace=workspace).on_the_front().count() == 7
    services.furnish_trade(workspace=workspace, by=anna, now=now, trade="restaurant")
    assert Metric.objects.get(north_star=True).key == "sales"
