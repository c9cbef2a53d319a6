"""What the decisions give in English: what an alarm says of its subject, notices, and reasons.

Public names: GIVEN_FLOOR.

The English words are those of `edge.core` itself: by them a text is known again
(`edge.views.given_texts`), so what they say of the shape of a place holds there.
"""

from __future__ import annotations

from edge.views.words.phrase import Rows

GIVEN_FLOOR: Rows = {
    "given.of": ("{of}: {known}", "{of}：{known}"),
    "given.both": ("{texts:; }", "{texts:；}"),
    # ---- alarms ----
    "given.share": ("{count} of the last {number}", "最近 {number} 件中有 {count} 件"),
    "given.share-why": (
        "{count} of the last {number}, the newest: {text}",
        "最近 {number} 件中有 {count} 件，最近一件：{text}",
    ),
    "given.lane-why": ("lane {lane}: {known}", "{lane} 號道：{known}"),
    "given.eye": ("photo-eye {eye} of {plc}", "{plc} 的光電感測器 {eye}"),
    "given.lane-of": ("lane {lane} of {line}", "{line} 的 {lane} 號道"),
    "given.packml": ("{plc} is in PackML state {number} ({words})", "{plc} 處於 PackML 狀態 {number}（{words}）"),
    "given.went-out": ("{parcel} went out at {dock}", "{parcel} 已從 {dock} 出去"),
    "given.cancelled-aboard": (
        "{parcel} was cancelled and is aboard at {dock}",
        "{parcel} 的訂單已取消，但已在 {dock} 裝上車",
    ),
    "given.refused-aboard": (
        "{parcel} was refused by quality and is aboard at {dock}",
        "{parcel} 的訂單品檢不合格，但已在 {dock} 裝上車",
    ),
    "given.count-at": ("{count} at {dock}", "{dock} 有 {count} 件"),
    "given.feed": (
        "its feed ends at {newest}, and place {before} that was reached is none of it ({text})",
        "其內容到 {newest} 為止，先前已到的 {before} 不在其中（{text}）",
    ),
    "given.feed-store": ("store {store}, epoch {epoch}", "站點資料庫 {store}，代次 {epoch}"),
    "given.feed-old": ("a store of 0.1.0", "0.1.0 版的站點資料庫"),
    "given.refusal.sequence": ("out of sequence", "順序不符"),
    "given.refusal.expired": ("expired", "已逾期"),
    "given.refusal.track": ("unknown track id", "未知追蹤號"),
    "given.refusal.target": ("no such lane or target", "沒有這個道或對象"),
    "given.refusal.epoch": ("old epoch", "舊的代次"),
    "given.refusal.decision": ("past the decision point", "已過決定點"),
    "given.refusal.execute": ("machine not in Execute", "機台未運轉"),
    "given.refusal.other": ("reason {number}", "原因 {number}"),
    # ---- PLCs ----
    "given.fault-at": (
        "a fault of this program at {kind} {words}: {text}",
        "程式本身處理 {kind} {words} 時發生錯誤：{text}",
    ),
    "given.fault": ("a fault of this program: {words}", "程式本身發生錯誤：{words}"),
    "given.no-induction": (
        "INDUCTED at station {station}, which no line has as its induction",
        "站 {station} 傳來上線事件，但沒有產線以它為上線處",
    ),
    "given.asked-lane": (
        "{words} asked for lane {lane}, which is none of {names}",
        "{words} 指定 {lane} 號道，但只有 {names}",
    ),
    "given.opcode": (
        "opcode {opcode} for {value}, target {target}: {text}",
        "命令種類 {opcode}，值 {value}，對象 {target}：{text}",
    ),
    "given.started-anew": (
        "{plc} started anew (session {session}): {count} tracks are unknown to it",
        "{plc} 重新啟動（連線代碼 {session}）：{count} 個追蹤號它已不認識",
    ),
    "given.event-no-track": (
        "event type {type} at {station} for a track that no line knows",
        "位置 {station} 的事件 {type} 屬於沒有產線認識的追蹤號",
    ),
    "given.refused-command": ("{plc} refused command {seq}: {text}", "{plc} 拒絕命令 {seq}：{text}"),
    "given.jam-set": ("jam at photo-eye {eye} of {plc} set", "{plc} 的光電感測器 {eye} 發生堵塞"),
    "given.jam-cleared": ("jam at photo-eye {eye} of {plc} cleared", "{plc} 的光電感測器 {eye} 堵塞已排除"),
    "given.stray": ("untracked object at photo-eye {eye} of {plc}", "{plc} 的光電感測器 {eye} 出現未追蹤的物件"),
    "given.left-execute": (
        "{plc} left Execute: PackML state {number} ({words})",
        "{plc} 離開執行狀態：PackML 狀態 {number}（{words}）",
    ),
    "given.event-type": (
        "event type {type} is not in mailbox version {version}",
        "事件種類 {type} 不屬於信箱版本 {version}",
    ),
    "given.events-missed": (
        "events {first} to {last} never came, {count} lost",
        "事件 {first} 到 {last} 未送達，遺失 {count} 個",
    ),
    "given.ran-over": ("buffer ran over, {count} lost", "緩衝區溢出，遺失 {count} 個"),
    # ---- lines ----
    "given.never-said": ("{plc} never said what became of track {track}", "{plc} 未告知追蹤號 {track} 的結果"),
    "given.keeps-lane": (
        "{plc} had accepted lane {lane} for track {track}, decided again for lane {other}: it keeps lane {kept}",
        "{plc} 已接受追蹤號 {track} 往 {lane} 號道，之後改定 {other} 號道：仍走 {kept} 號道",
    ),
    "given.lane-value": ("LANE {lane}: value {value} is not 0..3", "LANE {lane}：值 {value} 不在 0 到 3 之間"),
    "given.never-came": (
        "{plc} never said that track {track} came to lane {lane}",
        "{plc} 未告知追蹤號 {track} 是否進入 {lane} 號道",
    ),
    "given.never-came-any": (
        "{plc} never said that track {track} came to a lane",
        "{plc} 未告知追蹤號 {track} 是否進入道口",
    ),
    "given.cancelled-sorted": (
        "order {order} was cancelled, and its parcel {parcel} is in lane {lane}: put it aside",
        "訂單 {order} 已取消，其包裹 {parcel} 在 {lane} 號道：請取出放到一旁",
    ),
    "given.divert-failed": ("divert to lane {lane} failed", "分流到 {lane} 號道失敗"),
    "given.divert-failed-why": ("divert to lane {lane} failed, {text}", "分流到 {lane} 號道失敗，{text}"),
    "given.cause": ("cause {number}", "原因 {number}"),
    "given.last-seen": ("last seen at photo-eye {eye}", "最後在光電感測器 {eye} 看到"),
    "given.verified-then-not": (
        "tote {tote} was verified in time, and is not so in the end",
        "物流箱 {tote} 及時判為相符，最終則否",
    ),
    "given.refused-then-not": (
        "tote {tote} was refused in time, and is not so in the end",
        "物流箱 {tote} 及時判為不符，最終則否",
    ),
    "given.track-why": ("track {track}: {known}", "追蹤號 {track}：{known}"),
    "given.sorted-as": (
        "track {track} was sorted as {parcel}, its evidence in the end says {other}",
        "追蹤號 {track} 依 {parcel} 分揀，最終判定為 {other}",
    ),
    "given.changed-on-way": (
        "order {order} changed on its way to lane {lane}",
        "訂單 {order} 在往 {lane} 號道途中變更",
    ),
    "given.neighbour": ("barcode {names} may be a neighbour's", "條碼 {names} 可能屬於相鄰物件"),
    "given.flooded": (
        "a reader floods: tags that no order expects were left out",
        "讀取器讀入過多標籤：訂單以外的標籤不予採計",
    ),
    "given.lanes-full": ("lanes {names} for {wanted} are full or disabled", "{wanted} 的 {names} 號道已滿或停用"),
    "given.lanes-full-rounds": (
        "lanes {names} for {wanted} are full or disabled, after {count} rounds",
        "{wanted} 的 {names} 號道已滿或停用，已繞 {count} 圈",
    ),
    "given.labels": ("labels of {names} together", "同時讀到 {names} 的標籤"),
    "given.tag-says": ("its tag says {names}, its barcode {others}", "標籤為 {names}，條碼為 {others}"),
    "given.tote-tag-says": (
        "the tote's tag says {names}, its barcode {others}",
        "物流箱的標籤為 {names}，條碼為 {others}",
    ),
    "given.portals-say": (
        "{portal} says {names}, {other} says {others}",
        "{portal} 讀到 {names}，{other} 讀到 {others}",
    ),
    "given.no-tote-tag": ("no tote tag was read", "未讀到物流箱標籤"),
    "given.second-tote": ("a second tote", "第二個物流箱"),
    "given.too-few": ("too few were seen", "看到的件數不足"),
    "given.not-seen": ("was not seen", "沒有看到"),
    "given.too-faint": (
        "was heard too faintly, or elsewhere, to be proven here",
        "讀取太弱或在別處，不足以證明在此",
    ),
    "given.no-tote-order": ("no open order is picked into this tote", "沒有未結訂單揀入此物流箱"),
    "given.shipped-already": ("already shipped", "先前已出貨"),
    "given.other-order": ("belongs to another order", "屬於其他訂單"),
    "given.no-item": ("neither an item nor a tote", "既非商品也非物流箱"),
    "given.line-cancelled": ("line {number} was cancelled", "第 {number} 項已取消"),
    "given.not-ordered": ("not in the order", "不在訂單中"),
    "given.turned-lane": (
        "{count} are on their way to it, and it is {role} for them: disable the lane, let it run empty, then ask again",
        "仍有 {count} 件往該道，且對它們而言其用途為 {role}：請停用此道，待淨空後再要求",
    ),
    "given.kinds": ("{kinds:, }", "{kinds:、}"),
    "given.found.missing": ("missing", "缺件"),
    "given.found.extra": ("extra", "多件"),
    "given.found.foreign": ("foreign", "屬於其他訂單"),
    "given.found.duplicate": ("duplicate", "先前已出貨"),
    "given.found.contradiction": ("contradiction", "標籤與條碼不符"),
    "given.found.unreadable": ("unreadable", "標籤無法辨識"),
    "given.found.no-order": ("no-order", "沒有未結訂單"),
    # ---- portals ----
    "given.not-heard": ("not heard yet", "尚無訊息"),
    "given.reader-why": ("reader {name}: {text}", "讀取器 {name}：{text}"),
    "given.scanner-why": ("scanner {name}: {text}", "條碼掃描器 {name}：{text}"),
    "given.began-late": (
        "a reader began to read only during this passage",
        "通過期間讀取器才開始讀取",
    ),
    "given.no-passage": ("no passage at photo-eye {eye}", "光電感測器 {eye} 沒有通過紀錄"),
    "given.no-new-tag": (
        "no new tag was read while it was before the antennas",
        "在天線前時沒有讀到新的標籤",
    ),
    "given.tracks-together": (
        "ambiguous: tracks {names} were both before the antennas",
        "無法分辨：追蹤號 {names} 同時在天線前",
    ),
    "given.passages-fit": (
        "ambiguous: passages {names} fit its induction",
        "無法分辨：第 {names} 次通過都符合其上線時間",
    ),
    "given.clock-set-meanwhile": ("the clock of {device} was set meanwhile", "{device} 的時鐘在此期間被調整"),
    "given.reader-clock-set": (
        "the clock of reader {device} was set meanwhile",
        "讀取器 {device} 的時鐘在此期間被調整",
    ),
    "given.tells-late": (
        "{device} tells late by {s} s, or its clock went back",
        "{device} 晚了 {s} 秒才告知，或其時鐘倒退",
    ),
    "given.reader-tells-late": (
        "reader {device} tells late by {s} s, or its clock went back",
        "讀取器 {device} 晚了 {s} 秒才告知，或其時鐘倒退",
    ),
    "given.floods": (
        "{reader} floods: more than {count} tags at once, or {number} a second, {text}: they are left out",
        "{reader} 讀入過多標籤：同時超過 {count} 張，或每秒 {number} 張，{text}：不予採計",
    ),
    "given.flooded-reads": (
        "{reader} floods: {count} reads of tags {text} were left out",
        "{reader} 讀入過多標籤：{text}，{count} 次讀取未採計",
    ),
    "given.flood-unexpected": ("that no order expects", "為訂單以外的標籤"),
    "given.flood-unnamed": (
        "of articles in open orders that no order names",
        "屬於未結訂單的商品，但訂單未指定該件",
    ),
    "given.flood-either": ("{known} or {known_too}", "{known}，或{known_too}"),
    "given.clock-ahead": ("its clock was set {s} s ahead", "時鐘被調快 {s} 秒"),
    "given.clock-back": ("its clock was set {s} s back", "時鐘被調慢 {s} 秒"),
    # ---- doors ----
    "given.door.stays": ("did not move away from the doorway", "沒有離開門口"),
    "given.door.other": ("was read at another door as strongly", "在另一道門讀到的訊號同樣強"),
    "given.door.eyes": (
        "the photo-eyes were not covered and freed as by one who walks through",
        "光電感測器的遮住與放開不像有人通過",
    ),
    "given.door.another": ("another passed at the same time", "同時有另一件通過"),
    "given.door.faint": (
        "was {side} of {dock}, then {aside}, and hardly read",
        "先在 {dock} 的{side}，後在{aside}，且幾乎讀不到",
    ),
    "given.door.moved": (
        "was {side} of {dock}, then {aside} of {to}",
        "先在 {dock} 的{side}，後在 {to} 的{aside}",
    ),
    "given.door.lost": (
        "was {side} of {dock}, then in a doorway, and then not read any more",
        "先在 {dock} 的{side}，後到門口，之後不再讀到",
    ),
    "given.side.inside": ("inside", "門內"),
    "given.side.outside": ("outside", "門外"),
    "given.side.through": ("through", "門口"),
    "given.door.neither": ("was never certainly on either side", "從未確定在哪一側"),
    "given.door.unseen": ("is outside, and was not seen to pass", "在門外，但沒有看到它通過"),
    "given.counts-aboard": (
        "counts as aboard load {load}, and was not seen to come back",
        "已算在裝載 {load} 中，且沒有看到它回來",
    ),
    "given.cancelled-aside": ("order {order} was cancelled: put it aside", "訂單 {order} 已取消：請放到一旁"),
    "given.refused-aside": (
        "order {order} was refused by quality: put it aside",
        "訂單 {order} 品檢不合格：請放到一旁",
    ),
    "given.cancelled-off": (
        "order {order} was cancelled: take it off and put it aside",
        "訂單 {order} 已取消：請取下放到一旁",
    ),
    "given.refused-off": (
        "order {order} was refused by quality: take it off and put it aside",
        "訂單 {order} 品檢不合格：請取下放到一旁",
    ),
    "given.load-why": ("load {load}: {known}", "裝載 {load}：{known}"),
    "given.load.closed": ("it is closed", "已結束"),
    "given.load.open": ("it is open already", "已在進行中"),
    "given.load.reason": ("reason: missing: say why it is closed incomplete", "缺少原因：請說明為何未裝齊就結束"),
    "given.load.counts": ("counts as aboard load {load} already", "已算在裝載 {load} 中"),
    "given.load.not-aboard": ("is not aboard", "不在車上"),
    "given.load.missing": ("{count} missing: {names}", "缺 {count} 件：{names}"),
    "given.load.wrong": ("{count} aboard and wrong: {names}", "裝錯 {count} 件：{names}"),
    "given.load.maybe": ("{count} may be aboard, undetermined: {names}", "{count} 件是否已裝上無法判定：{names}"),
    "given.load.id": ("there is or was one with this id, give another", "此代號已用過，請換一個"),
    "given.dock-load": (
        "dock {dock}: load {load} is open there, close it first",
        "月台門 {dock}：裝載 {load} 仍在進行，請先結束",
    ),
    # ---- the commissioning mode ----
    "given.trial.asked-divert": (
        "{words} asked for a test divert to lane {lane}: {text}",
        "{words} 要求試分流至 {lane} 號道：{text}",
    ),
    "given.trial.asked-begin": (
        "{words} asked for commissioning mode to begin: {text}",
        "{words} 要求開始試車模式：{text}",
    ),
    "given.trial.asked-end": (
        "{words} asked for commissioning mode to end: {text}",
        "{words} 要求結束試車模式：{text}",
    ),
    "given.trial.on": ("commissioning mode, by {words}", "試車模式，由 {words}"),
    "given.trial.off": ("commissioning mode ended, by {words}", "試車模式結束，由 {words}"),
    "given.trial.parcel": (
        "commissioning mode ended: a parcel of order {order} came",
        "試車模式結束：訂單 {order} 的包裹到來",
    ),
    "given.trial.next": (
        "the next parcel without an order goes to lane {lane}",
        "下一件沒有訂單的包裹送往 {lane} 號道",
    ),
    "given.trial.next-why": (
        "the next parcel without an order goes to lane {lane}: {words}",
        "下一件沒有訂單的包裹送往 {lane} 號道：{words}",
    ),
    "given.trial.divert": ("test divert, by {words}", "試分流，由 {words}"),
    "given.trial.none": ("the line is in no commissioning mode", "產線不在試車模式"),
    "given.trial.own": ("a parcel of order {order} is on the line", "訂單 {order} 的包裹在產線上"),
    "given.trial.is-on": ("it is, by {words}", "已在試車模式，由 {words}"),
    "given.trial.lanes": ("allowed are {names}", "可用的有 {names}"),
    "given.trial.full": ("it is full or disabled", "已滿或停用"),
}
