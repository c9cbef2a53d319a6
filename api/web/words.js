// Every word that people read, in both languages.
// Public names: LANGUAGES, language, setLanguage, t, has, clock, whole, short, deviceName.

import { ALARMS_EN, ALARMS_ZH } from "./alarm_words.js";
import { DOCK_EN, DOCK_ZH } from "./dock_words.js";

const EN = {
  ...ALARMS_EN,
  ...DOCK_EN,
  "language": "Language",
  "search.label": "Look up an order, tote, parcel or tag",
  "search.hint": "Order, tote, parcel or EPC",
  "search.go": "Look up",
  "lines.title": "Lines",
  "figures.title": "Key figures",
  "figures.parcels": "Parcels an hour",
  "figures.totes": "Totes an hour",
  "figures.verified": "Totes verified",
  "figures.verified.note": "{bad} of {all} refused",
  "figures.noread": "No-reads",
  "figures.noread.note": "{bad} of {all} parcels",
  "figures.missorted": "Missorted",
  "figures.missorted.note": "{lost} lost, {failed} diverts failed",
  "figures.defaulted": "Defaulted",
  "figures.defaulted.note": "no route in time",
  "figures.reaction": "Reaction, median",
  "figures.reaction.note": "99 % within {p99} ms",
  "figures.since": "since {time}",
  "figures.rate.note": "last five minutes",
  "figures.margin": "Time left, least", "figures.margin.note": "to the decision, {minutes} min",
  "figures.plc": "PLC round trip", "figures.plc.note": "heartbeat {age} ms ago",
  "history.plcs": "PLCs", "history.roundtrip": "{name}: round trip", "history.heartbeat": "{name}: since its heartbeat",
  "figures.alarms": "Alarms", "figures.alarms.note": "came in the last {minutes} min",
  "history.title": "The last minutes", "history.open": "History", "history.minutes": "{minutes} min",
  "history.span": "{from} to {to}", "history.span.label": "How far back",
  "history.rate": "Items an hour", "history.verified": "Verified", "history.noread": "No-reads",
  "history.wrong": "Missorted, lost, failed", "history.defaulted": "Defaulted", "history.p50": "Reaction, median",
  "history.p99": "Reaction, 99 %", "history.margin": "Time left before the decision point", "history.alarms": "Alarms that came",
  "history.now": "{now} now", "history.least": "{least} at least", "history.most": "{most} at most",
  "history.count": "{count} in all", "history.items": "{count} items",
  "attention.title": "Needs attention",
  "attention.none": "Nothing now", "attention.noticed": "Noticed",
  "device.plc": "PLC {name}", "device.reader": "Reader {name}", "device.site-store": "Site store", "device.journal": "Journal", "device.journal-room": "Room for the journal",
  "verdicts.title": "Tote verdicts",
  "verdicts.none": "No tote has passed yet",
  "machines.title": "Machines", "machines.line": "Line", "machines.state": "PackML state", "machines.since": "Since",
  "machines.mode": "Mode", "machines.processed": "Processed", "machines.defective": "Defective", "machines.jam": "jam at {eyes}",
  "machine.mode.0": "–", "machine.mode.1": "Production", "machine.mode.2": "Maintenance", "machine.mode.3": "Manual",
  "machine.state.0": "Undefined", "machine.state.1": "Clearing", "machine.state.2": "Stopped",
  "machine.state.3": "Starting", "machine.state.4": "Idle", "machine.state.5": "Suspended",
  "machine.state.6": "Execute", "machine.state.7": "Stopping", "machine.state.8": "Aborting",
  "machine.state.9": "Aborted", "machine.state.10": "Holding", "machine.state.11": "Held",
  "machine.state.12": "Unholding", "machine.state.13": "Suspending", "machine.state.14": "Unsuspending",
  "machine.state.15": "Resetting", "machine.state.16": "Completing", "machine.state.17": "Completed",
  "devices.title": "Devices",
  "device.points": "Reading of points of {name}",
  "points.title": "Points", "points.good": "good", "points.stale": "old value", "points.bad": "no value",
  "points.unknown": "not read yet", "points.on": "on", "points.off": "off", "points.story": "What was written",
  "points.limits": "{low} to {high} {unit}", "points.write": "New value", "points.write.go": "Write",
  "points.asked": "Asked. The value changes when the PLC has it.",
  "device.up": "up", "device.down": "down", "device.unknown": "not heard of yet",
  "status.connecting": "Connecting …",
  "status.live": "Running normally",
  "status.stale": "Old picture: connection lost {age} s ago, trying again",
  "status.frozen": "Old picture: {what}",
  "status.quiet": "Nothing has happened since {time}",
  "status.attention.one": "1 thing needs attention",
  "status.attention": "{count} things need attention",
  "verdict.verified": "Verified", "verdict.refused": "Refused", "verdict.provisional": "for now",
  "verdict.items": "{count} items as ordered",
  "tote": "Tote {id}", "parcel": "Parcel {id}", "item": "Item {id}", "tote.unknown": "Tote without a readable tag",
  "parcel.unknown": "Parcel without a readable label", "order": "Order {id}", "track": "Track {id}",
  "lane": "Lane {number}", "lane.short": "{number} {name}",
  "lane.full": "full", "lane.disabled": "off", "lane.wish.enable": "turning on", "lane.wish.disable": "turning off",
  "lane.count": "{count} since {time}", "lane.minute": "{count} in the last minute",
  "lane.open": "open",
  "lane.ask.disable": "Turn lane off", "lane.ask.enable": "Turn lane on",
  "lane.ask.why.disable": "Nothing more is sent into this lane; the PLC diverts to alternatives until it is on again.",
  "lane.ask.why.enable": "The PLC may divert into this lane again.",
  "lane.ask.by": "Your name", "cancel": "Cancel", "close": "Close",
  "lane.asked": "Asked. The lane changes when the PLC does it.",
  "portal": "Portal", "decision": "Decision", "induction": "Induction",
  "belt.of": "{title}: belt with {count} items",
  "legend.minute": "Bars in lanes: the last minute", "legend.unsent": "Not decided yet", "legend.odd": "For people to look at",
  "legend.refused": "Last refused",
  "job.verify": "Totes are verified", "job.sort": "Parcels are sorted by carrier",
  "role.verified": "Verified totes", "role.carrier": "Carrier", "role.quality": "For people to look at",
  "role.reject": "Reject", "role.recirculate": "Round again",
  "finding.missing": "missing {quantity} × {subject}", "finding.extra": "extra {subject}",
  "finding.foreign": "belongs to order {order}: {subject}", "finding.duplicate": "shipped before with {order}: {subject}",
  "finding.contradiction": "tag and barcode name different totes: {subject}",
  "finding.unreadable": "unreadable tag {subject}", "finding.notag": "no tote tag was read",
  "finding.no-order": "no open order for this tote",
  "reason.verified": "content is right", "reason.refused": "content is not right", "reason.assigned": "its carrier's lane",
  "reason.alternative": "alternative lane", "reason.recirculate": "round again", "reason.reject": "no lane free",
  "reason.no-read": "no label was read", "reason.ambiguous": "more than one label", "reason.no-order": "no order",
  "reason.cancelled": "order cancelled", "reason.duplicate": "shipped before", "reason.no-lane": "no lane for its carrier",
  "reason.failed": "divert failed", "reason.contradiction": "tag and barcode contradict each other",
  "anomaly.command-refused": "Command refused", "anomaly.command-dropped": "Command not delivered",
  "anomaly.events-missed": "Events missed", "anomaly.plc-restarted": "PLC restarted", "anomaly.jam": "Jam",
  "anomaly.jam-cleared": "Jam cleared", "anomaly.stray": "Untracked item", "anomaly.machine-state": "Machine not running",
  "anomaly.unknown-event": "Unknown event", "anomaly.unknown-track": "Unknown track",
  "anomaly.unknown-induction": "Unknown induction", "anomaly.track-forgotten": "Track without an end",
  "anomaly.unconfirmed": "Unconfirmed",
  "anomaly.verdict-changed": "Verdict changed", "anomaly.identity-changed": "Identity changed",
  "anomaly.contradiction": "Tag and barcode contradict each other",
  "anomaly.no-such-lane": "No such lane", "anomaly.incompatible": "PLC not compatible",
  "anomaly.gpi-changed": "Reader input changed", "anomaly.antenna-changed": "Antenna changed",
  "anomaly.reader-notice": "Reader in trouble", "anomaly.clock-jumped": "Reader's clock was set",
  "anomaly.unaccounted-commands": "Commands of another host", "anomaly.other": "Unexpected",
  "trouble.journal": "Journal of {controller} is not followed", "trouble.store": "Site store does not answer",
  "trouble.device": "{name} is down", "trouble.lane": "{line}: lane {lane} is {state}",
  "story.none": "Nothing is known under “{key}”.", "story.omitted": "{count} older entries are not shown",
  "story.order": "Order {id}", "state.open": "open", "state.shipped": "shipped", "state.cancelled": "cancelled",
  "story.items": "{count} items", "story.title": "Everything about {key}",
  "token.title": "Access token", "token.why": "This site asks for the token of its token file.", "token.go": "Enter",
  "failed": "That did not work: {why}",
  "unit.ms": "ms",
};

const ZH = {
  ...ALARMS_ZH,
  ...DOCK_ZH,
  "language": "語言",
  "search.label": "查詢訂單、物流箱、包裹或標籤",
  "search.hint": "訂單、物流箱、包裹或 EPC",
  "search.go": "查詢",
  "lines.title": "產線",
  "figures.title": "關鍵數字",
  "figures.parcels": "每小時包裹",
  "figures.totes": "每小時物流箱",
  "figures.verified": "物流箱核對無誤",
  "figures.verified.note": "{all} 箱中 {bad} 箱不符",
  "figures.noread": "未讀到",
  "figures.noread.note": "{all} 件中 {bad} 件",
  "figures.missorted": "錯分",
  "figures.missorted.note": "遺失 {lost}，分流失敗 {failed}",
  "figures.defaulted": "走預設道",
  "figures.defaulted.note": "未及時決定",
  "figures.reaction": "反應時間中位數",
  "figures.reaction.note": "99 % 在 {p99} 毫秒內",
  "figures.since": "自 {time} 起",
  "figures.rate.note": "最近五分鐘",
  "figures.margin": "最短餘裕", "figures.margin.note": "距決定點，{minutes} 分鐘內",
  "figures.plc": "PLC 往返時間", "figures.plc.note": "心跳在 {age} 毫秒前",
  "history.plcs": "PLC", "history.roundtrip": "{name}：往返時間", "history.heartbeat": "{name}：距上次心跳",
  "figures.alarms": "警報", "figures.alarms.note": "最近 {minutes} 分鐘內發生",
  "history.title": "最近的走勢", "history.open": "走勢", "history.minutes": "{minutes} 分鐘",
  "history.span": "{from} 至 {to}", "history.span.label": "時間範圍",
  "history.rate": "每小時件數", "history.verified": "核對無誤", "history.noread": "未讀到",
  "history.wrong": "錯分、遺失、分流失敗", "history.defaulted": "走預設道", "history.p50": "反應時間中位數",
  "history.p99": "反應時間 99 %", "history.margin": "決定點前的餘裕", "history.alarms": "發生的警報",
  "history.now": "目前 {now}", "history.least": "最低 {least}", "history.most": "最高 {most}",
  "history.count": "共 {count}", "history.items": "{count} 件",
  "attention.title": "需要注意",
  "attention.none": "目前沒有", "attention.noticed": "已留意",
  "device.plc": "PLC {name}", "device.reader": "讀取器 {name}", "device.site-store": "站點資料庫", "device.journal": "日誌", "device.journal-room": "日誌空間",
  "verdicts.title": "物流箱核對",
  "verdicts.none": "尚無物流箱通過",
  "machines.title": "機台", "machines.line": "產線", "machines.state": "PackML 狀態", "machines.since": "自",
  "machines.mode": "模式", "machines.processed": "已處理", "machines.defective": "不良", "machines.jam": "堵塞於 {eyes}",
  "machine.mode.0": "–", "machine.mode.1": "生產", "machine.mode.2": "維護", "machine.mode.3": "手動",
  "machine.state.0": "未定義", "machine.state.1": "清除中", "machine.state.2": "已停止", "machine.state.3": "啟動中",
  "machine.state.4": "閒置", "machine.state.5": "已暫停", "machine.state.6": "執行", "machine.state.7": "停止中",
  "machine.state.8": "急停中", "machine.state.9": "已急停", "machine.state.10": "保持中", "machine.state.11": "已保持",
  "machine.state.12": "解除保持中", "machine.state.13": "暫停中", "machine.state.14": "解除暫停中", "machine.state.15": "重設中",
  "machine.state.16": "完成中", "machine.state.17": "已完成",
  "devices.title": "設備",
  "device.points": "{name} 的點位",
  "points.title": "點位", "points.good": "正常", "points.stale": "舊值", "points.bad": "無值",
  "points.unknown": "尚未讀取", "points.on": "開", "points.off": "關", "points.story": "寫入紀錄",
  "points.limits": "{low} 至 {high} {unit}", "points.write": "新值", "points.write.go": "寫入",
  "points.asked": "已要求，PLC 收到後數值才會改變。",
  "device.up": "正常", "device.down": "中斷", "device.unknown": "尚無消息",
  "status.connecting": "連線中 …",
  "status.live": "運作正常",
  "status.stale": "畫面已過時：{age} 秒前斷線，正在重試",
  "status.frozen": "畫面已過時：{what}",
  "status.quiet": "自 {time} 起沒有動靜",
  "status.attention.one": "有 1 件事需要注意",
  "status.attention": "有 {count} 件事需要注意",
  "verdict.verified": "無誤", "verdict.refused": "不符", "verdict.provisional": "暫定",
  "verdict.items": "{count} 件與訂單相符",
  "tote": "物流箱 {id}", "parcel": "包裹 {id}", "item": "商品 {id}", "tote.unknown": "讀不到標籤的物流箱",
  "parcel.unknown": "讀不到標籤的包裹", "order": "訂單 {id}", "track": "追蹤號 {id}",
  "lane": "{number} 號道", "lane.short": "{number} {name}",
  "lane.full": "已滿", "lane.disabled": "停用", "lane.wish.enable": "啟用中", "lane.wish.disable": "停用中",
  "lane.count": "自 {time} 起 {count} 件", "lane.minute": "最近一分鐘 {count} 件",
  "lane.open": "開放",
  "lane.ask.disable": "停用此道", "lane.ask.enable": "啟用此道",
  "lane.ask.why.disable": "不再送入此道；在重新啟用之前，改走替代道。",
  "lane.ask.why.enable": "PLC 可以再次分流到此道。",
  "lane.ask.by": "您的姓名", "cancel": "取消", "close": "關閉",
  "lane.asked": "已送出，PLC 執行後此道即改變。",
  "portal": "讀取門", "decision": "決定點", "induction": "上線點",
  "belt.of": "{title}：輸送帶上 {count} 件",
  "legend.minute": "道中長條：最近一分鐘", "legend.unsent": "尚未決定", "legend.odd": "需人工檢查",
  "legend.refused": "最近一次不符",
  "job.verify": "核對物流箱內容", "job.sort": "依承運商分揀包裹",
  "role.verified": "核對無誤的物流箱", "role.carrier": "承運商", "role.quality": "人工檢查",
  "role.reject": "剔除", "role.recirculate": "再循環",
  "finding.missing": "缺 {quantity} × {subject}", "finding.extra": "多出 {subject}",
  "finding.foreign": "屬於訂單 {order}：{subject}", "finding.duplicate": "已隨 {order} 出貨：{subject}",
  "finding.contradiction": "標籤與條碼指不同物流箱：{subject}",
  "finding.unreadable": "無法辨識的標籤 {subject}", "finding.notag": "未讀到物流箱標籤",
  "finding.no-order": "此物流箱沒有未結訂單",
  "reason.verified": "內容無誤", "reason.refused": "內容不符", "reason.assigned": "承運商的道",
  "reason.alternative": "替代道", "reason.recirculate": "再循環一次", "reason.reject": "沒有空的道",
  "reason.no-read": "未讀到標籤", "reason.ambiguous": "讀到多張標籤", "reason.no-order": "沒有訂單",
  "reason.cancelled": "訂單已取消", "reason.duplicate": "先前已出貨", "reason.no-lane": "沒有此承運商的道",
  "reason.failed": "分流失敗", "reason.contradiction": "標籤與條碼互相矛盾",
  "anomaly.command-refused": "命令被拒", "anomaly.command-dropped": "命令未送達",
  "anomaly.events-missed": "遺漏事件", "anomaly.plc-restarted": "PLC 重新啟動", "anomaly.jam": "堵塞",
  "anomaly.jam-cleared": "堵塞已排除", "anomaly.stray": "未追蹤的物件", "anomaly.machine-state": "機台未運轉",
  "anomaly.unknown-event": "未知事件", "anomaly.unknown-track": "未知追蹤號",
  "anomaly.unknown-induction": "未知上線點", "anomaly.track-forgotten": "追蹤未結束",
  "anomaly.unconfirmed": "未確認",
  "anomaly.verdict-changed": "核對結果改變", "anomaly.identity-changed": "識別結果改變",
  "anomaly.contradiction": "標籤與條碼互相矛盾",
  "anomaly.no-such-lane": "沒有這個道", "anomaly.incompatible": "PLC 不相容",
  "anomaly.gpi-changed": "讀取器輸入改變", "anomaly.antenna-changed": "天線狀態改變",
  "anomaly.reader-notice": "讀取器異常", "anomaly.clock-jumped": "讀取器時鐘被調整",
  "anomaly.unaccounted-commands": "另一主機的命令", "anomaly.other": "異常",
  "trouble.journal": "未能跟上 {controller} 的日誌", "trouble.store": "站點資料庫沒有回應",
  "trouble.device": "{name} 中斷", "trouble.lane": "{line}：{lane} 號道{state}",
  "story.none": "查無「{key}」。", "story.omitted": "另有 {count} 筆較早的紀錄未顯示",
  "story.order": "訂單 {id}", "state.open": "未結", "state.shipped": "已出貨", "state.cancelled": "已取消",
  "story.items": "{count} 件", "story.title": "{key} 的完整紀錄",
  "token.title": "存取權杖", "token.why": "此站點需要權杖檔中的權杖。", "token.go": "進入",
  "failed": "沒有成功：{why}",
  "unit.ms": "毫秒",
};

export const LANGUAGES = { "en": EN, "zh-Hant": ZH };
const KEEP = "lanewise.language";
let current = pick();

function pick() {
  const kept = localStorage.getItem(KEEP);
  if (kept in LANGUAGES) return kept;
  return navigator.languages.some((name) => name.toLowerCase().startsWith("zh")) ? "zh-Hant" : "en";
}

export function language() {
  return current;
}

export function setLanguage(name) {
  current = name;
  localStorage.setItem(KEEP, name);
}

export function has(key) {
  return key in LANGUAGES[current];
}

// The words for a key, with {name} replaced by values.
export function t(key, values = {}, inLanguage = current) {
  const words = LANGUAGES[inLanguage][key] ?? EN[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (whole, slot) => values[slot] ?? whole);
}

// Time of day of microseconds since 1970.
export function clock(us, seconds = true) {
  const options = { hour: "2-digit", minute: "2-digit", hour12: false, ...(seconds && { second: "2-digit" }) };
  return new Date(us / 1000).toLocaleTimeString(current === "en" ? "en-GB" : "zh-TW", options);
}

export function whole(number) {
  return number.toLocaleString(current === "en" ? "en-GB" : "zh-TW");
}

// An identity as people say it: a tote by its serial, a parcel by its last digits, an item by article and serial.
export function short(identity) {
  const item = /^\(01\)(\d{14})\(21\)(.+)$/.exec(identity);
  if (item) return t("item", { id: `${item[1].slice(-6)}/${item[2]}` });
  const tote = /^\(8003\)\d{14}(.+)$/.exec(identity);
  if (tote) return t("tote", { id: tote[1] });
  const parcel = /^\(00\)\d*(\d{6})$/.exec(identity);
  if (parcel) return t("parcel", { id: `…${parcel[1]}` });
  return identity;
}

// A device as people say it: plc.sorter, reader.sorter, site-store, journal.
export function deviceName(device) {
  const [kind, name] = device.split(/\.(.*)/s);
  return has(`device.${kind}`) ? t(`device.${kind}`, { name }) : device;
}
