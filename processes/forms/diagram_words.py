"""The diagram editor's own words in Chinese; bpmn-js says them in English."""

from __future__ import annotations

from typing import Final

from django.utils.translation import get_language

CHINESE: Final[dict[str, str]] = {
    "Activate hand tool": "抓手：移动画布", "Activate lasso tool": "套索：框选", "Activate create/remove space tool": "增减空间",
    "Activate global connect tool": "连线", "Create start event": "开始事件", "Create intermediate/boundary event": "中间或边界事件",
    "Create end event": "结束事件", "Create gateway": "网关", "Create task": "任务", "Create expanded sub-process": "展开的子流程",
    "Create data object reference": "数据对象", "Create data store reference": "数据存储", "Create pool/participant": "池",
    "Create group": "分组", "Append end event": "接结束事件", "Append gateway": "接网关", "Append task": "接任务",
    "Append intermediate/boundary event": "接中间或边界事件", "Add text annotation": "添加注释", "Change element": "更改类型",
    "Change type": "更改类型", "Delete": "删除", "Remove": "删除", "Connect to other element": "连接到其他元素",
    "Connect using association": "用关联线连接", "Connect using sequence/message flow or association": "连接", "Set color": "设置颜色",
    "Align elements": "对齐", "Add lane above": "在上方添加泳道", "Add lane below": "在下方添加泳道", "Divide into two lanes": "分为两个泳道",
    "Divide into three lanes": "分为三个泳道", "Task": "任务", "User task": "用户任务", "Service task": "服务任务", "Send task": "发送任务",
    "Receive task": "接收任务", "Manual task": "手工任务", "Business rule task": "业务规则任务", "Script task": "脚本任务",
    "Call activity": "调用活动", "Sub-process": "子流程", "Sub-process (collapsed)": "子流程（折叠）", "Sub-process (expanded)": "子流程（展开）",
    "Ad-hoc sub-process (collapsed)": "临时子流程（折叠）", "Ad-hoc sub-process (expanded)": "临时子流程（展开）", "Transaction": "事务",
    "Event sub-process": "事件子流程", "Exclusive gateway": "排他网关", "Parallel gateway": "并行网关", "Inclusive gateway": "包容网关",
    "Complex gateway": "复杂网关", "Event-based gateway": "事件网关", "Start event": "开始事件", "End event": "结束事件",
    "Intermediate throw event": "中间抛出事件", "Message start event": "消息开始事件", "Timer start event": "定时开始事件",
    "Conditional start event": "条件开始事件", "Signal start event": "信号开始事件", "Message end event": "消息结束事件",
    "Signal end event": "信号结束事件", "Error end event": "错误结束事件", "Terminate end event": "终止结束事件",
    "Escalation end event": "升级结束事件", "Compensation end event": "补偿结束事件",
    "Message intermediate catch event": "接收消息", "Message intermediate throw event": "发送消息", "Timer intermediate catch event": "等待时间",
    "Conditional intermediate catch event": "等待条件", "Signal intermediate catch event": "接收信号",
    "Signal intermediate throw event": "发送信号", "Timer boundary event": "定时边界事件", "Message boundary event": "消息边界事件",
    "Error boundary event": "错误边界事件", "Sequence flow": "顺序流", "Default flow": "默认流", "Conditional flow": "条件流",
    "Parallel multi-instance": "并行多实例", "Sequential multi-instance": "串行多实例", "Loop": "循环", "Collection": "集合",
    "Participant multiplicity": "多个参与者", "Expanded pool/participant": "展开的池", "Empty pool/participant": "空池",
    "Default color": "默认颜色", "Blue": "蓝色", "Orange": "橙色", "Green": "绿色", "Red": "红色", "Purple": "紫色",
}  # fmt: skip


def diagram_words() -> dict[str, str]:
    return CHINESE if (get_language() or "").lower().startswith("zh") else {}
