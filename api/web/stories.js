// A timeline's entries as sentences in Chinese; the server's own sentences serve for English.
// Public names: say.

import { language, t } from "./words.js";

const findings = (list) =>
  list.map((its) => t(its.kind === "unreadable" && !its.subject ? "finding.notag" : `finding.${its.kind}`, its)).join("；");
const codes = (list) => (list.length ? `條碼 ${[...new Set(list)].join("、")}` : "未找到條碼");
const order = (value) => {
  const its = value.order;
  const items = its.lines.reduce((sum, line) => sum + line.quantity, 0);
  const parts = [`${its.lines.length} 項共 ${items} 件`, `${its.carrier} ${its.service}`];
  if (its.tote) parts.push(`物流箱 ${its.tote}`);
  if (its.parcel) parts.push(`包裹 ${its.parcel}`);
  if (its.codes?.length) parts.push(`條碼 ${its.codes.join(" ")}`);
  return parts.join("，");
};
const REFUSALS = {
  1: "順序不符", 2: "已逾期", 3: "未知追蹤號", 4: "沒有這個道", 5: "已由另一控制器接手", 6: "已過決定點", 7: "機台未運轉",
};
const LANES = ["已空出", "已滿", "已停用", "已啟用"];
const command = (value, lane) => {
  if (value.opcode === 1) return `追蹤號 ${value.value} 往 ${lane(value.target)} 的命令`;
  if (value.opcode === 5) return `輸出 ${value.target} ${value.value ? "開" : "關"} 的命令`;
  if (value.opcode === 4) return `${value.value ? "啟用" : "停用"} ${lane(value.target)} 的命令`;
  return `命令 ${value.opcode}（${value.value}，${value.target}）`;
};
const extra = (text) => (text ? `（${text}）` : "");

const STATES = [
  "normal", "unacknowledged", "acknowledged", "returned-unacknowledged", "latched-unacknowledged", "latched", "shelved",
  "suppressed", "out-of-service",
];
const alarm = (v) => {
  const why = [v.suppressed_by, v.by && t("alarms.by", { name: v.by }), v.comment, v.state === "unacknowledged" && v.text];
  return `警報 ${v.alarm} ${t(`alarm.${v.kind}`)}：${t(`alarms.state.${v.state}`)}${extra(why.filter(Boolean).join("，"))}`;
};

const GATED = ["right", "wrong", "unknown", "already-loaded", "unloaded", "arrived", "undetermined"];
const gated = (v) => `${t(`dock.verdict.${v.verdict}`)}，月台門 ${v.dock}${v.load ? `，裝載 ${v.load}` : ""}${extra(v.by ? t("alarms.by", { name: v.by }) : v.text)}`;

const ZH = {
  "order-new": (v) => `收到訂單 ${v.order.id}，來自 ${`${v.order.channel} ${v.order.external}`.trim()}：${order(v)}`,
  "order-changed": (v) => `訂單 ${v.order.id} 已變更：${order(v)}`,
  "order-open": (v) => `訂單 ${v.order.id} 重新開啟`,
  "order-shipped": (v) => `訂單 ${v.order.id} 已出貨`,
  "order-cancelled": (v) => `訂單 ${v.order.id} 已取消`,
  "inducted": (v) => `在 ${v.plc} 上線，追蹤號 ${v.track_id}`,
  "came-round": (v) => `再次來到 ${v.plc}，追蹤號 ${v.track_id}，第 ${v.value + 1} 圈`,
  "entered": (v) => `到達 ${v.plc} 的光電感測器 ${v.station}`,
  "left": (v) => `離開 ${v.plc} 的光電感測器 ${v.station}`,
  "defaulted": (v, lane) => `未及時收到命令，${v.plc} 送往 ${lane(v.station)}`,
  "diverted": (v, lane) => `已進入 ${lane(v.station)}`,
  "divert-failed": (v, lane) => `分流到 ${lane(v.station)} 失敗，${v.value ? `在 ${lane(v.value)}` : "仍在線上"}`,
  "lost": (v) => `在 ${v.plc} 的光電感測器 ${v.station} 之後遺失`,
  "stray": (v) => `${v.plc} 的光電感測器 ${v.station} 出現未追蹤的物件，追蹤號 ${v.track_id}`,
  "jam": (v) => `${v.plc} 的光電感測器 ${v.station}${v.value ? "堵塞" : "堵塞排除"}`,
  "lane": (v, lane) => `${lane(v.station)} ${LANES[v.value] ?? v.value}`,
  "state": (v) => `${v.plc} 進入 PackML 狀態 ${v.value}（${t(`machine.state.${v.value}`)}）`,
  "machine": (v) => `${v.plc} 處於 PackML 狀態 ${v.state}（${t(`machine.state.${v.state}`)}）`,
  "certificate": (v) => `${v.device}：${v.text}`,
  "refused": (v) => `${v.plc} 拒絕命令 ${v.station}：${REFUSALS[v.value] ?? v.value}`,
  "passage": (v) => {
    const reads = v.tags.reduce((sum, tag) => sum + tag.count, 0);
    const stage = { early: "初步", due: "決定時", final: "最終" }[v.stage];
    const scans = v.scans?.length ? `；${codes(v.scans.flatMap((scan) => scan.codes))}${v.scans.every((scan) => scan.sure) ? "" : "（可能屬於相鄰物件）"}` : "";
    return `通過 ${v.line} 的讀取門：${v.claims.length} 張標籤，共讀取 ${reads} 次（${stage}）${scans}`;
  },
  "barcodes": (v) => `條碼掃描器 ${v.reader}：${codes(v.codes)}`,
  "tote-verified": (v) => `物流箱核對無誤（${v.final ? "最終" : "暫定"}）：${v.matched.length} 件與訂單 ${v.order} 相符`,
  "tote-refused": (v) => `物流箱核對不符（${v.final ? "最終" : "暫定"}）：${findings(v.findings)}`,
  "route-decided": (v, lane) => `決定送往 ${lane(v.lane)}：${t(`reason.${v.reason}`)}${v.round ? `，第 ${v.round + 1} 圈` : ""}`,
  "command-sent": (v, lane) => `已送出 ${command(v, lane)} 到 ${v.plc}（第 ${v.seq} 號）`,
  "command-found": (v, lane) => `在 ${v.plc} 中找到 ${command(v, lane)}（第 ${v.seq} 號）`,
  "command-handled": (v, lane) => `${v.plc} 接受 ${command(v, lane)}`,
  "command-refused": (v, lane) => `${v.plc} 拒絕 ${command(v, lane)}：${REFUSALS[v.refusal] ?? v.refusal}`,
  "command-dropped": (v, lane) => `${command(v, lane)} 未送達 ${v.plc}${extra(v.why)}`,
  "sorted-confirmed": (v, lane) => `確認在 ${lane(v.lane)}`,
  "sorted-missorted": (v, lane) => `錯分：在 ${lane(v.lane)}，應在 ${lane(v.wanted)}`,
  "sorted-defaulted": (v, lane) => `走預設道 ${lane(v.lane)}${extra(v.text)}`,
  "sorted-failed": (v, lane) => `分流失敗：${v.lane ? `在 ${lane(v.lane)}` : "仍在線上"}`,
  "sorted-lost": () => "遺失",
  "shipped": (v, lane) => `訂單 ${v.order} 已出貨：包裹在 ${lane(v.lane)}`,
  "lane-requested": (v, lane) => `${v.by} 要求${v.enabled ? "啟用" : "停用"} ${lane(v.lane)}`,
  "lane-changed": (v, lane) => `${lane(v.lane)}：${[v.full && "已滿", v.disabled && "停用"].filter(Boolean).join("、") || "開放"}`,
  ...Object.fromEntries(STATES.map((state) => [`alarm-${state}`, (v) => alarm(v)])),
  "alarm-requested": (v) => `${v.by}：${t(`alarms.ask.${v.action}`)} ${v.alarm}${v.for_us ? `（${t("alarms.minutes", { count: Math.round(v.for_us / 6e7) })}）` : ""}${extra(v.comment)}`,
  "point-asked": (v) => `${v.by} 要求將 ${v.plc} 的點位 ${v.point} 寫為 ${v.value}`,
  "point-written": (v) => `已為 ${v.by} 將 ${v.plc} 的點位 ${v.point} 寫為 ${v.value}`,
  "point-refused": (v) => `未能為 ${v.by} 將 ${v.plc} 的點位 ${v.point} 寫為 ${v.value}${extra(v.trouble)}`,
  "door-seen": (v) => `在月台門 ${v.dock}：${t(`dock.direction.${v.direction}`)}${extra(v.cause)}`,
  ...Object.fromEntries(GATED.map((verdict) => [`gated-${verdict}`, (v) => gated(v)])),
  "load-requested": (v) => `${v.by}：${t(`dock.ask.${v.action}`)} ${v.load_id}${extra(v.parcel || v.reason)}`,
  "load-opened": (v) => `裝載 ${v.load.id} 於月台門 ${v.load.dock} 開始，承運商 ${v.load.carrier}，由 ${v.by}`,
  "load-closed": (v) => `裝載 ${v.load.id} 由 ${v.by} 結束：${v.aboard.length} 件，缺 ${v.missing.length}，裝錯 ${v.wrong.length}，無法判定 ${v.undetermined.length}${extra(v.reason)}`,
  "load-refused": (v) => `未執行 ${v.by} 的要求（${t(`dock.ask.${v.action}`)} ${v.load}）：${v.problems.join("；")}`,
  "dock-changed": (v) => `月台門 ${v.dock} 的燈${v.light ? "亮起" : "熄滅"}：${t(`dock.reason.${v.reason}`)}${extra(v.subject)}`,
  "output-set": (v) => `${v.device} 的輸出 ${v.port} ${v.on ? "開" : "關"}`,
  "output-failed": (v) => `${v.device} 的輸出 ${v.port} 無法設定${extra(v.trouble)}`,
  "anomaly": (v) => `注意：${t(`anomaly.${v.code}`)}${extra(v.text)}`,
};

// One entry in the chosen language. `lane(number)`: what a lane of the entry's line is called.
export function say(entry, lane) {
  const words = language() === "zh-Hant" ? ZH[entry.code] : undefined;
  return words ? words(entry.value, lane) : entry.text;
}
