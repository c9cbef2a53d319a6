"""The words of alarms, whatever their kind: labels of the pages, and sentences.

Public names: ALARMS.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

ALARMS: Rows = {
    "alarms.state.unacknowledged": ("new", "新"),
    "alarms.state.acknowledged": ("acknowledged", "已確認"),
    "alarms.state.returned-unacknowledged": ("over, not acknowledged", "已恢復，未確認"),
    "alarms.state.latched-unacknowledged": ("over, not acknowledged, to be reset", "已恢復，未確認，待重設"),
    "alarms.state.latched": ("over, to be reset", "已恢復，待重設"),
    "alarms.state.shelved": ("shelved", "擱置"),
    "alarms.state.suppressed": ("hidden by its cause", "由其原因隱藏"),
    "alarms.state.out-of-service": ("out of service", "停用"),
    "alarms.state.normal": ("normal", "正常"),
    "alarms.priority.high": ("high", "高"),
    "alarms.priority.medium": ("medium", "中"),
    "alarms.priority.low": ("low", "低"),
    "alarms.ask.acknowledge": ("Acknowledge", "確認"),
    "alarms.ask.reset": ("Reset", "重設"),
    "alarms.ask.shelve": ("Shelve", "擱置"),
    "alarms.ask.unshelve": ("Take from the shelf", "取消擱置"),
    "alarms.ask.out-of-service": ("Take out of service", "停用警報"),
    "alarms.ask.in-service": ("Put in service", "恢復警報"),
    "alarms.ask.take-config": ("Look at the file again", "重新讀取設定檔"),
    "alarms.ask.take-over": ("Take the PLC back", "取回 PLC"),
    "alarms.silent": ("Silent", "靜音"),
    "alarms.first": ("first of its machine", "該機台的首個警報"),
    "alarms.because": ("because of {alarm}", "起因於 {alarm}"),
    "alarms.until": ("until {time}", "至 {time}"),
    "alarms.by": ("by {name}", "由 {name}"),
    "alarms.since": ("since {time}", "自 {time} 起"),
    "alarms.cause": ("Cause", "原因"),
    "alarms.consequence": ("Consequence", "後果"),
    "alarms.action": ("What to do", "處理方式"),
    "alarms.minutes": ("{count} minutes", "{count} 分鐘"),
    "alarms.shelve.for": ("Shelve for", "擱置時間"),
    "alarms.comment": ("Comment", "備註"),
    "alarms.story": ("Its story", "完整紀錄"),
    "alarms.asked": ("Asked. The alarm changes when its controller does it.", "已送出，控制器執行後警報即改變。"),
    # ---- sentences about what is journaled, and their parts ----
    "alarm-normal": ("Alarm {alarm}, {title}, is normal{more}", "警報 {alarm} {title}：正常{more}"),
    "alarm-unacknowledged": ("Alarm {alarm}, {title}, came{more}", "警報 {alarm} {title}：新{more}"),
    "alarm-acknowledged": ("Alarm {alarm}, {title}, is acknowledged{more}", "警報 {alarm} {title}：已確認{more}"),
    "alarm-returned-unacknowledged": (
        "Alarm {alarm}, {title}, is over, not acknowledged{more}",
        "警報 {alarm} {title}：已恢復，未確認{more}",
    ),
    "alarm-latched-unacknowledged": (
        "Alarm {alarm}, {title}, is over, waits for acknowledgement and reset{more}",
        "警報 {alarm} {title}：已恢復，未確認，待重設{more}",
    ),
    "alarm-latched": (
        "Alarm {alarm}, {title}, is over, waits for its reset{more}",
        "警報 {alarm} {title}：已恢復，待重設{more}",
    ),
    "alarm-shelved": ("Alarm {alarm}, {title}, is shelved{more}", "警報 {alarm} {title}：擱置{more}"),
    "alarm-suppressed": (
        "Alarm {alarm}, {title}, is hidden by its cause{more}",
        "警報 {alarm} {title}：由其原因隱藏{more}",
    ),
    "alarm-out-of-service": ("Alarm {alarm}, {title}, is out of service{more}", "警報 {alarm} {title}：停用{more}"),
    "alarm.because": (" {alarm}", "（{alarm}）"),
    "alarm.by": (" by {by}", "，由 {by}"),
    "alarm.seen": (": {text}", "：{text}"),
    "alarm.told": (": {text}. {consequence} {action}", "：{text}。{consequence}{action}"),
    "alarm-requested": ("{by} {wish} alarm {alarm}{more}", "{by}：{wish} {alarm}{more}"),
    "wish.acknowledge": ("acknowledges", "確認"),
    "wish.reset": ("resets", "重設"),
    "wish.shelve": ("shelves", "擱置"),
    "wish.unshelve": ("takes from the shelf", "取消擱置"),
    "wish.out-of-service": ("takes out of service", "停用警報"),
    "wish.in-service": ("puts in service", "恢復警報"),
    "wish.take-config": ("has LINE.toml looked at again, by", "要求重新讀取 LINE.toml，經由"),
    "wish.take-over": ("takes back the PLC of", "取回 PLC"),
    "wish.minutes": (" for {minutes} minutes", "（{minutes} 分鐘）"),
    "alarm-due": (
        "A delay or a shelving of an alarm, or the time of a light, is over",
        "警報的延遲或擱置，或燈的時間，已經結束",
    ),
}
