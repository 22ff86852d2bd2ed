"""Processes that firms of many trades have, to begin with: steps, roles and first guesses of times, in both languages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import get_language

from opsboard.core.models import User
from processes.analysis.bpmn import END, Step, Way, new_document
from processes.analysis.durations import DAY, HOUR, MINUTE, Estimate
from processes.models import Drawing, Process
from processes.services.drawings import save_drawing

type Words = tuple[str, str]


def _m(*minutes: float) -> Estimate:
    return Estimate.of(*(one * MINUTE for one in minutes))


def _h(*hours: float) -> Estimate:
    return Estimate.of(*(one * HOUR for one in hours))


def _d(*days: float) -> Estimate:
    return Estimate.of(*(one * DAY for one in days))


@dataclass(frozen=True)
class Line:
    """A step of a template. `to` are numbers of steps (0: the end) with their share and what is said of the way."""

    name: Words
    role: Words
    working: Estimate | None = None
    waiting: Estimate | None = None
    output: Words = ("", "")
    to: tuple[tuple[int, float, Words], ...] = ()
    both: bool = False


@dataclass(frozen=True)
class Template:
    key: str
    names: Words
    hints: Words
    icon: str
    lines: tuple[Line, ...]

    @property
    def name(self) -> str:
        return self.names[_tongue()]

    @property
    def hint(self) -> str:
        return self.hints[_tongue()]

    @property
    def roles(self) -> list[str]:
        return list(dict.fromkeys(line.role[_tongue()] for line in self.lines))

    def steps(self) -> list[Step]:
        tongue = _tongue()

        def key(number: int) -> str:
            return f"Step_{number}" if number else END

        steps = [
            Step(
                key(index), line.name[tongue], line.role[tongue], working=line.working, waiting=line.waiting,
                output=line.output[tongue],
            )
            for index, line in enumerate(self.lines, 1)
        ]  # fmt: skip
        return [
            replace(
                step,
                ways=tuple(Way(key(to), share or None, said[tongue]) for to, share, said in line.to)
                if line.to
                else None,
                split="all" if line.both else "one",
            )
            for step, line in zip(steps, self.lines, strict=True)
        ]


def _tongue() -> int:
    return 1 if (get_language() or "en").lower().startswith("zh") else 0


NONE: Words = ("", "")
YES: Words = ("yes", "是")
NO: Words = ("no", "否")
SALES: Words = ("Sales", "销售")
STORE: Words = ("Warehouse", "仓库")
MONEY: Words = ("Accounting", "财务")
HEAD: Words = ("Manager", "主管")
DESK: Words = ("Service desk", "客服")
EXPERT: Words = ("Specialist", "专员")
BUYER: Words = ("Purchasing", "采购")
TEAM: Words = ("Team that asks", "需求部门")
PRODUCT: Words = ("Product", "产品")
MAKERS: Words = ("Development", "研发")
TESTERS: Words = ("Testing", "测试")
PEOPLE: Words = ("Human resources", "人事")
COMPUTERS: Words = ("IT", "信息技术")
LEADER: Words = ("Line manager", "直属主管")
LEAVING: Words = ("Shift that ends", "交班组")
COMING: Words = ("Shift that begins", "接班组")

TEMPLATES: tuple[Template, ...] = (
    Template("orders", ("Order fulfilment", "订单履约"), ("From the order to the parcel", "从接单到发货"), "package", (
        Line(("Take the order", "接收订单"), SALES, _m(5, 8, 15), output=("Order", "订单")),
        Line(("Check stock by hand", "人工核对库存"), STORE, _m(10, 15, 30), _h(1, 3, 6),
             to=((4, 0.85, ("in stock", "有货")), (3, 0.15, ("missing", "缺货")))),
        Line(("Order what is missing", "补货"), BUYER, _m(10, 20, 30), _d(1, 2, 4)),
        Line(("Approve the order", "审批订单"), HEAD, _m(3, 5, 10), _h(1, 4, 8)),
        Line(("Pick the goods", "拣货"), STORE, _m(10, 20, 40), _h(0.5)),
        Line(("Pack and hand to the carrier", "打包并交付承运商"), STORE, _m(8, 12, 20), output=("Parcel", "包裹")),
        Line(("Send the invoice", "开具发票"), MONEY, _m(5), _h(2, 4, 8), output=("Invoice", "发票")),
    )),
    Template("service", ("Customer service", "客户服务"), ("From the question to the answer", "从咨询到答复"), "headset", (
        Line(("Take the question", "受理咨询"), DESK, _m(2, 4, 8), output=("Ticket", "工单")),
        Line(("Sort by topic and urgency", "按主题和紧急程度分类"), DESK, _m(1, 2, 4), _m(15, 30, 60),
             to=((3, 0.7, ("simple", "简单")), (4, 0.3, ("hard", "复杂")))),
        Line(("Answer at once", "直接答复"), DESK, _m(4, 8, 15), to=((6, 0, NONE),)),
        Line(("Look into it", "调查处理"), EXPERT, _m(15, 40, 120), _h(2, 6, 24)),
        Line(("Agree on what is given", "确认补偿方案"), HEAD, _m(5), _h(1, 3, 8)),
        Line(("Answer the customer", "回复客户"), DESK, _m(4, 6, 10), output=("Answer", "答复")),
        Line(("Ask whether it helped", "回访满意度"), DESK, _m(2), _d(1)),
    )),
    Template("product", ("Product delivery", "产品交付"), ("From the idea to the release", "从需求到上线"), "rocket", (
        Line(("Write the request down", "撰写需求"), PRODUCT, _h(1, 3, 8), output=("Request", "需求")),
        Line(("Review it together", "需求评审"), PRODUCT, _h(0.5, 1, 2), _d(1, 3, 7),
             to=((3, 0.8, ("accepted", "通过")), (1, 0.2, ("unclear", "不清楚")))),
        Line(("Build it", "开发"), MAKERS, _h(8, 24, 60), _d(1, 3, 10)),
        Line(("Review the change", "代码评审"), MAKERS, _h(0.5, 1, 2), _h(2, 8, 24)),
        Line(("Test it", "测试"), TESTERS, _h(2, 6, 16), _h(2, 8, 24),
             to=((6, 0.75, ("passed", "通过")), (3, 0.25, ("faults", "有缺陷")))),
        Line(("Release it", "上线"), MAKERS, _h(0.5, 1, 2), _d(1, 2, 7), output=("Release", "版本")),
    )),
    Template("purchasing", ("Purchasing", "采购"), ("From the need to the payment", "从申请到付款"), "shopping-cart", (
        Line(("Ask for it", "提出采购申请"), TEAM, _m(15, 20, 40), output=("Request", "采购申请")),
        Line(("Approve: head of team", "部门主管审批"), HEAD, _m(5), _h(4, 8, 24)),
        Line(("Compare offers", "询价比价"), BUYER, _h(1, 2, 4), _d(1, 3, 5), output=("Comparison", "比价单")),
        Line(("Approve: accounting", "财务审批"), MONEY, _m(5, 10, 20), _h(4, 8, 48),
             to=((5, 0.9, YES), (3, 0.1, NO))),
        Line(("Place the order", "下单"), BUYER, _m(10, 15, 30), output=("Order", "采购单")),
        Line(("Receive and check", "收货验收"), STORE, _m(15, 30, 60), _d(3, 7, 14), output=("Receipt", "收货单")),
        Line(("Match with the invoice", "核对发票"), MONEY, _m(5, 10, 20), _d(1, 3, 7)),
        Line(("Pay", "付款"), MONEY, _m(3), _d(5, 15, 30)),
    )),
    Template("returns", ("Returns", "退货"), ("From the wish to return to the refund", "从申请退货到退款"), "arrow-back-up", (
        Line(("Take the request", "受理退货申请"), DESK, _m(3, 5, 10), output=("Return number", "退货单号")),
        Line(("Check whether it may come back", "核对退货条件"), DESK, _m(3, 5, 8), _h(1, 4, 12),
             to=((3, 0.9, YES), (0, 0.1, NO))),
        Line(("Receive the goods", "收货"), STORE, _m(5, 8, 15), _d(2, 4, 8)),
        Line(("Look at what came", "质检"), STORE, _m(5, 10, 20), _h(4, 12, 24),
             to=((5, 0.7, ("as new", "完好")), (6, 0.3, ("damaged", "有损坏")))),
        Line(("Put it back into stock", "重新入库"), STORE, _m(3, 5, 10), to=((7, 0, NONE),)),
        Line(("Write it off", "报废处理"), STORE, _m(5, 10, 15)),
        Line(("Refund", "退款"), MONEY, _m(3, 5, 8), _d(1, 2, 4), output=("Refund", "退款")),
    )),
    Template("onboarding", ("Onboarding", "新员工入职"), ("From the contract to the first good day", "从签约到独立上岗"), "user-plus", (
        Line(("Prepare the contract", "准备劳动合同"), PEOPLE, _m(30, 45, 90), output=("Contract", "合同")),
        Line(("Tell everybody who prepares", "通知各方准备"), PEOPLE, _m(10), _d(1, 3, 7),
             to=((3, 0, NONE), (4, 0, NONE), (5, 0, NONE)), both=True),
        Line(("Set up computer and accounts", "准备电脑和账号"), COMPUTERS, _h(1, 2, 4), _d(1, 2, 5), to=((6, 0, NONE),)),
        Line(("Prepare desk and keys", "准备工位和门禁"), PEOPLE, _m(30), _d(1, 2, 4), to=((6, 0, NONE),)),
        Line(("Write the plan for the first weeks", "制定入职计划"), LEADER, _h(0.5, 1, 2), _d(1, 3, 5)),
        Line(("Welcome on the first day", "首日接待"), LEADER, _h(1, 2, 3)),
        Line(("Train at the place of work", "岗位培训"), LEADER, _h(8, 16, 40), _d(1)),
        Line(("Talk after the first month", "满月面谈"), LEADER, _h(0.5, 1, 1.5), _d(20, 25, 30)),
    )),
    Template("handover", ("Shift handover", "交接班"), ("From one shift to the next, nothing forgotten", "班次之间不遗漏"), "refresh", (
        Line(("Note what is open", "记录未完事项"), LEAVING, _m(5, 10, 15), output=("Handover sheet", "交接单")),
        Line(("Count stock and cash", "清点物料和现金"), LEAVING, _m(5, 10, 20)),
        Line(("Walk round together", "共同巡视"), COMING, _m(5, 10, 15), _m(5)),
        Line(("Ask back until it is clear", "逐项确认"), COMING, _m(3, 5, 10),
             to=((5, 0.9, ("clear", "清楚")), (1, 0.1, ("missing", "有遗漏")))),
        Line(("Sign the sheet", "签字确认"), COMING, _m(1), output=("Signed sheet", "已签交接单")),
        Line(("Report what is out of the ordinary", "上报异常"), HEAD, _m(5), _m(10, 30, 60)),
    )),
)  # fmt: skip


def trades() -> tuple[Template, ...]:
    return TEMPLATES


def begin_with(*, process: Process, by: User | None, now: datetime, template: str, mark: str) -> Drawing:
    """A template's steps as the first drawing of a process."""
    chosen = next(one for one in TEMPLATES if one.key == template)
    document = new_document(process.name, chosen.steps())
    return save_drawing(process=process, by=by, now=now, xml=document.xml(), mark=mark, note=chosen.name)
