"""What people are told about each kind of alarm: title, cause, consequence and what to do, in English and Chinese.

Public names: ALARM_WORDS.

They stand here and not with the other words (`edge.views.words`) because the English ones go into the journal with
each alarm, as a LINE.toml may say something else.
"""

from __future__ import annotations

ALARM_WORDS: dict[str, tuple[str, str]] = {
    "alarm.plc-down": ("PLC does not answer", "PLC 沒有回應"),
    "alarm.plc-down.cause": (
        "The PLC does not answer: power, cable, address, or it stopped.",
        "PLC 沒有回應：電源、線路、位址，或 PLC 已停止。",
    ),
    "alarm.plc-down.consequence": (
        "Its lines run on their own, and everything takes the default lane.",
        "其產線自行運轉，所有物件走預設道。",
    ),
    "alarm.plc-down.action": (
        "Look at the PLC and its cable. It is taken up again by itself.",
        "檢查 PLC 與線路，恢復後會自動接上。",
    ),
    "alarm.reader-down": ("Reader does not answer", "讀取器沒有回應"),
    "alarm.reader-down.cause": (
        "The reader does not answer: power, cable, or another client holds it.",
        "讀取器沒有回應：電源、線路，或被其他程式占用。",
    ),
    "alarm.reader-down.consequence": (
        "Totes are refused and parcels set aside on its line.",
        "該線的物流箱被判不符，包裹送往人工處理。",
    ),
    "alarm.reader-down.action": (
        "Look at the reader and its cable. It is taken up again by itself.",
        "檢查讀取器與線路，恢復後會自動接上。",
    ),
    "alarm.scanner-down": ("Barcode scanner is not heard", "條碼掃描器沒有訊息"),
    "alarm.scanner-down.cause": (
        "Nothing is heard of the scanner: power, cable, address, or it says nothing for too long.",
        "掃描器沒有任何訊息：電源、線路、位址，或沉默過久。",
    ),
    "alarm.scanner-down.consequence": (
        "Its line goes on by tags alone; what has no tag goes to people.",
        "該線僅依標籤運作；沒有標籤的物件送往人工處理。",
    ),
    "alarm.scanner-down.action": (
        "Look at the scanner and its cable. It is taken up again with its first word.",
        "檢查掃描器與線路，收到其第一筆訊息後會自動恢復。",
    ),
    "alarm.scanner-refused": ("A scanner is not let in", "掃描器的連線被拒"),
    "alarm.scanner-refused.cause": (
        "Somebody connects where the scanner is expected, from another address than the configuration says.",
        "有裝置連到此掃描器的埠，但其位址與設定不同。",
    ),
    "alarm.scanner-refused.consequence": (
        "If it is the scanner, its codes do not come in.",
        "若該裝置就是掃描器，其條碼無法進入系統。",
    ),
    "alarm.scanner-refused.action": (
        "Compare host in LINE.toml with the address that this alarm names, and give the scanner a fixed one.",
        "比對 LINE.toml 的 host 與此警報中的位址，並給掃描器固定位址。",
    ),
    "alarm.reader-floods": ("Reader floods", "讀取器讀入過多標籤"),
    "alarm.reader-floods.cause": (
        "The reader tells many more tags than orders expect: its filter or power, goods beside it, or it is broken.",
        "讀取器回報的標籤遠多於訂單所需：過濾或功率設定、旁邊堆放的貨物，或讀取器故障。",
    ),
    "alarm.reader-floods.consequence": (
        "What no order expects is left out. Parcels of orders are sorted; totes are refused, as more may be inside.",
        "訂單以外的標籤不予採計。訂單內的包裹照常分揀；物流箱因可能另有內容而判不符。",
    ),
    "alarm.reader-floods.action": (
        "Look with lanewise rfid watch at what it reads. Move goods away, lower its power, or send the orders.",
        "以 lanewise rfid watch 查看讀到什麼；移開旁邊的貨物、降低功率，或補送訂單。",
    ),
    "alarm.points-down": ("Points are not read", "點位無法讀取"),
    "alarm.points-down.cause": (
        "The PLC's points cannot be read: its server, a node id, an address or a type is not as configured.",
        "無法讀取 PLC 的點位：伺服器、節點、位址或型別與設定不符。",
    ),
    "alarm.points-down.consequence": ("Their values are stale, and none can be written.", "點位數值過時，且無法寫入。"),
    "alarm.points-down.action": (
        "Compare the points with the PLC: lanewise plc watch. They are read again by themselves.",
        "以 lanewise plc watch 比對點位與 PLC，恢復後會自動重新讀取。",
    ),
    "alarm.packml-down": ("PackML object is not read", "PackML 物件無法讀取"),
    "alarm.packml-down.cause": (
        "The machine's PackML object cannot be read: its server or the object is not as configured.",
        "無法讀取機台的 PackML 物件：伺服器或物件與設定不符。",
    ),
    "alarm.packml-down.consequence": ("Its state and counters are not known.", "不知道機台的狀態與計數。"),
    "alarm.packml-down.action": (
        "Compare packml in LINE.toml with the machine's server. It is taken up again by itself.",
        "比對 LINE.toml 的 packml 與機台伺服器，恢復後會自動接上。",
    ),
    "alarm.site-store-down": ("Site store does not answer", "站點資料庫沒有回應"),
    "alarm.site-store-down.cause": (
        "The site store cannot be read: the api process is down, or the path is wrong.",
        "無法讀取站點資料庫：api 程序未執行，或路徑錯誤。",
    ),
    "alarm.site-store-down.consequence": ("New orders do not reach the lines.", "新訂單無法送達產線。"),
    "alarm.site-store-down.action": (
        "Start lanewise api, and compare store in LINE.toml and SITE.toml.",
        "啟動 lanewise api，並比對 LINE.toml 與 SITE.toml 的 store。",
    ),
    "alarm.feed-changed": ("Site store replaced", "站點資料庫已被更換"),
    "alarm.feed-changed.cause": (
        "Another site store stands there, or an older copy of it.",
        "站點資料庫換成了另一個，或是較舊的副本。",
    ),
    "alarm.feed-changed.consequence": (
        "All its orders are taken again. The lines go on with those they know, also where the store has lost them.",
        "重新接收其全部訂單。產線照常使用已知的訂單，包括資料庫遺失的訂單。",
    ),
    "alarm.feed-changed.action": (
        "Send the orders since that copy again. If nobody restored it, compare store in LINE.toml and SITE.toml.",
        "重新送出該副本之後的訂單，重複的訂單不會有影響。若無人還原，請比對 LINE.toml 與 SITE.toml 的 store。",
    ),
    "alarm.program-fault": ("Fault of the program", "程式錯誤"),
    "alarm.program-fault.cause": (
        "The decisions failed by something that a device, the site store or an operator told: a fault of this program.",
        "裝置、站點資料庫或操作員送來的內容使決策失敗：本程式的錯誤。",
    ),
    "alarm.program-fault.consequence": (
        "That one thing is left out, as the text says. Everything else is decided on from the journal.",
        "僅略過文字所述的那一項，其餘照日誌繼續決策。",
    ),
    "alarm.program-fault.action": (
        "Look whether the item or order that the text names came right, and send us the log of that moment.",
        "確認文字所述的物件或訂單是否處理正確，並將當時的紀錄檔寄給我們。",
    ),
    "alarm.journal-down": ("Journal cannot be written", "日誌無法寫入"),
    "alarm.journal-down.cause": (
        "The journal cannot be written: the disk is full or broken.",
        "日誌無法寫入：磁碟已滿或故障。",
    ),
    "alarm.journal-down.consequence": (
        "Nothing is acknowledged, and soon everything takes the default lane.",
        "不再回覆確認，不久所有物件走預設道。",
    ),
    "alarm.journal-down.action": ("Make room on the disk. It goes on by itself.", "清出磁碟空間，之後會自動恢復。"),
    "alarm.journal-full": ("Journal above its quota", "日誌超過配額"),
    "alarm.journal-full.cause": (
        "The journal is above its quota, since a publisher or the site store is far behind.",
        "日誌超過配額：有發布器或站點資料庫嚴重落後。",
    ),
    "alarm.journal-full.consequence": (
        "It grows until the disk is full, or loses what is not delivered, as drop_undelivered says.",
        "日誌會持續增長直到磁碟已滿，或依 drop_undelivered 丟棄尚未送達的記錄。",
    ),
    "alarm.journal-full.action": (
        "See who is behind: lanewise publish --status. Repair it, take it out of LINE.toml, or give more room.",
        "以 lanewise publish --status 查看誰落後；修復它、從 LINE.toml 移除它，或增加配額。",
    ),
    "alarm.disk-low": ("Disk fills", "磁碟空間將用盡"),
    "alarm.disk-low.cause": (
        "As it grows now, the disk of the folder is full in the hours named here, or less is free than low_mb.",
        "依目前的增長，該資料夾所在的磁碟將在此處所示的小時數後用盡，或剩餘空間少於 low_mb。",
    ),
    "alarm.disk-low.consequence": (
        "When it is full nothing is acknowledged, no order is taken, and everything takes the default lane.",
        "磁碟滿後不再回覆確認、不再接收訂單，所有物件走預設道。",
    ),
    "alarm.disk-low.action": (
        "Find what grows, as with du -xh, and make room; lower keep_days or quota_mb if it is the journal.",
        "以 du -xh 等找出增長的檔案並清出空間；若是日誌，請調低 keep_days 或 quota_mb。",
    ),
    "alarm.config-refused": ("New configuration refused", "新設定未被採用"),
    "alarm.config-refused.cause": (
        "LINE.toml was changed and is wrong, or says what cannot change while the line runs: the reason names the key.",
        "LINE.toml 已修改但有錯誤，或包含運行中無法變更的項目：原因中列出了該鍵。",
    ),
    "alarm.config-refused.consequence": (
        "Nothing changed: the line goes on as before. At the next start the file is refused again.",
        "沒有任何變更，產線照舊運行；下次啟動時該檔案仍會被拒絕。",
    ),
    "alarm.config-refused.action": (
        "lanewise check LINE.toml shows the lines of the file. Correct it, then lanewise reload LINE.toml; or restart.",
        "以 lanewise check LINE.toml 查看檔案中的行號；修正後執行 lanewise reload LINE.toml，或重新啟動。",
    ),
    "alarm.disk-slow": ("Disk too slow", "磁碟太慢"),
    "alarm.disk-slow.cause": (
        "The disk of the journal stands still: a worn SD card or SSD, a backup, or another program that writes.",
        "日誌所在的磁碟停頓：SD 卡或 SSD 老化、正在備份，或其他程式大量寫入。",
    ),
    "alarm.disk-slow.consequence": (
        "Routes go on while the PLCs have room to keep their events; then everything takes the default lane.",
        "PLC 仍有空間保存事件時照常分揀；空間用完後所有物件走預設道。",
    ),
    "alarm.disk-slow.action": (
        "See what writes there, as with iotop. If it comes again, replace the disk or move the journal to another.",
        "以 iotop 等查看什麼在寫入。若再次發生，請更換磁碟或把日誌移到別的磁碟。",
    ),
    "alarm.no-standby": ("No standby", "沒有備援控制器"),
    "alarm.no-standby.cause": (
        "The other controller is off, or it or this one cannot reach the database of the lease.",
        "另一台控制器已關閉，或任一台連不上租約所在的資料庫。",
    ),
    "alarm.no-standby.consequence": (
        "The lines go on. If this controller stops too, or loses the database, nobody commands them.",
        "產線照常運作；若本控制器也停止或失去資料庫，將無人指揮產線。",
    ),
    "alarm.no-standby.action": (
        "Start the other controller; look at the database and the network between. See lanewise standby status.",
        "啟動另一台控制器；檢查資料庫與其間的網路。可用 lanewise standby status 查看。",
    ),
    "alarm.file-damaged": ("File damaged", "檔案已損壞"),
    "alarm.file-damaged.cause": (
        "Pages of journal, publish_state or store are not what was written: the disk, the power, or another program.",
        "journal、publish_state 或 store 的部分頁面與寫入時不同：磁碟、電源，或其他程式。",
    ),
    "alarm.file-damaged.consequence": (
        "What stands there is lost, and the next start or the next order that needs it may fail.",
        "該處內容已遺失；下次啟動或需要它的訂單可能失敗。",
    ),
    "alarm.file-damaged.action": (
        "Look at the disk. A store: lanewise site restore. Else stop, keep the file aside and start: it is made anew.",
        "檢查磁碟。若是 store：以 lanewise site restore 還原；否則停止程序、移開檔案保存後再啟動，檔案會重新建立。",
    ),
    "alarm.target-down": ("Nothing is published", "資料未發布"),
    "alarm.target-down.cause": (
        "The publisher's target is unreachable or refuses us, or lanewise publish does not run.",
        "發布目標無法連線或拒絕我們，或 lanewise publish 未執行。",
    ),
    "alarm.target-down.consequence": (
        "Dashboards and other systems do not hear of the lines. What they miss waits in the journal.",
        "儀表板與其他系統收不到產線資料；未送達的記錄保留在日誌中。",
    ),
    "alarm.target-down.action": (
        "Look at the target, and at lanewise publish --status. It goes on by itself where it stopped.",
        "檢查發布目標，並以 lanewise publish --status 查看；恢復後會自動從中斷處繼續。",
    ),
    "alarm.incompatible": ("PLC not compatible", "PLC 不相容"),
    "alarm.incompatible.cause": (
        "The PLC has another mailbox than this controller.",
        "PLC 的信箱與本控制器不同。",
    ),
    "alarm.incompatible.consequence": ("This controller does not drive it.", "本控制器不驅動此 PLC。"),
    "alarm.incompatible.action": (
        "Compare up and down in LINE.toml with the PLC.",
        "比對 LINE.toml 的 up 與 down 和 PLC 的設定。",
    ),
    "alarm.fenced": ("PLC obeys another controller", "PLC 聽從另一個控制器"),
    "alarm.fenced.cause": (
        "Another controller connected later, and the PLC obeys the newest.",
        "另一個控制器較晚連線，PLC 只聽從最新的。",
    ),
    "alarm.fenced.consequence": (
        "This controller only watches; if the other does not know the orders, everything takes the default lane.",
        "本控制器只觀看；若另一個不知道訂單，所有物件走預設道。",
    ),
    "alarm.fenced.action": (
        "Stop the other one: then the PLC is taken back by itself, after takeover_ms. Or take it back at once, here.",
        "停止另一個控制器，其心跳停止達 takeover_ms 後會自動取回 PLC；或在此立即取回。",
    ),
    "alarm.other-host": ("Another host commands the PLC", "另一主機在下命令"),
    "alarm.other-host.cause": ("The PLC handled commands that nobody here sent.", "PLC 處理了不是由此處送出的命令。"),
    "alarm.other-host.consequence": ("Two controllers route the same parcels.", "兩個控制器同時決定同一批包裹的去向。"),
    "alarm.other-host.action": (
        "Find and stop the other one, then reset this alarm.",
        "找出並停止另一個控制器，然後重設此警報。",
    ),
    "alarm.events-missed": ("Events of the PLC are lost", "PLC 事件遺失"),
    "alarm.events-missed.cause": (
        "Events of the PLC are lost: its buffer ran over, or another host acknowledged them.",
        "PLC 的事件遺失：緩衝區溢出，或被其他主機確認。",
    ),
    "alarm.events-missed.consequence": ("What became of some parcels is not known.", "部分包裹的去向不明。"),
    "alarm.events-missed.action": (
        "Make sure that only one host is connected, and that it is quick enough.",
        "確認只有一台主機連線，且速度足夠。",
    ),
    "alarm.commands-refused": ("PLC refuses routes", "PLC 拒絕路徑命令"),
    "alarm.commands-refused.cause": (
        "The PLC refuses routes: they come past the decision point, or name a lane that it does not have.",
        "PLC 拒絕路徑命令：過了決定點才到，或指定了 PLC 沒有的道。",
    ),
    "alarm.commands-refused.consequence": ("Those parcels take the default lane.", "這些包裹走預設道。"),
    "alarm.commands-refused.action": (
        "Call the engineer: its lanes (it says: no such lane), or its distances and times, are not as configured.",
        "通知工程師：PLC 的道號（訊息為 no such lane）或距離與時間與設定不符。",
    ),
    "alarm.machine-stopped": ("Machine stopped", "機台停止"),
    "alarm.machine-stopped.cause": (
        "The machine left Execute: an emergency stop, a fault, or somebody stopped it.",
        "機台離開執行狀態：緊急停止、故障，或有人停機。",
    ),
    "alarm.machine-stopped.consequence": ("Nothing moves.", "全線不動。"),
    "alarm.machine-stopped.action": ("Look at the machine's own panel.", "查看機台面板。"),
    "alarm.jam": ("Jam", "堵塞"),
    "alarm.jam.cause": ("A photo-eye is covered for too long.", "光電感測器被遮住過久。"),
    "alarm.jam.consequence": ("What comes behind cannot pass.", "後面的物件無法通過。"),
    "alarm.jam.action": ("Stop the belt, clear the place, start it again.", "停止輸送帶，清除堵塞，再重新啟動。"),
    "alarm.lane-full": ("Lane full", "道已滿"),
    "alarm.lane-full.cause": ("Nobody empties the lane, or its end is blocked.", "沒有人清空此道，或道的末端被擋住。"),
    "alarm.lane-full.consequence": (
        "Its parcels go to alternatives, round again, and in the end to the reject lane.",
        "其包裹改走替代道、再循環，最後進剔除道。",
    ),
    "alarm.lane-full.action": (
        "Empty the lane, or turn it off and send people to its alternatives.",
        "清空此道，或停用此道並派人到替代道。",
    ),
    "alarm.no-reads": ("Many no-reads", "未讀到過多"),
    "alarm.no-reads.cause": (
        "Labels are not read: antenna, cable, power, or labels without a tag.",
        "標籤讀不到：天線、線路、功率，或標籤本身無晶片。",
    ),
    "alarm.no-reads.consequence": ("Those parcels and totes go to people.", "這些包裹與物流箱送往人工處理。"),
    "alarm.no-reads.action": (
        "Look at the antennas and at the labels of what was set aside.",
        "檢查天線，以及被挑出物件的標籤。",
    ),
    "alarm.totes-refused": ("Many totes refused", "不符的物流箱過多"),
    "alarm.totes-refused.cause": (
        "Picking goes wrong, orders come late, or an antenna reads too little.",
        "揀貨出錯、訂單太晚到，或某支天線讀得太少。",
    ),
    "alarm.totes-refused.consequence": ("The quality lane fills.", "人工檢查道逐漸填滿。"),
    "alarm.totes-refused.action": (
        "Look at what the newest refusals have in common.",
        "看最近不符的物流箱有何共同點。",
    ),
    "alarm.missorts": ("Missorted or lost", "錯分或遺失"),
    "alarm.missorts.cause": (
        "Diverts fail or come at the wrong moment, or parcels slip on the belt.",
        "分流失敗或時機錯誤，或包裹在輸送帶上滑動。",
    ),
    "alarm.missorts.consequence": (
        "Parcels are in a lane of another carrier, on the floor, or still on the belt.",
        "包裹在別家承運商的道中、掉在地上，或仍在輸送帶上。",
    ),
    "alarm.missorts.action": (
        "Look at the diverts and the tracking, and take the parcels out before they are loaded.",
        "檢查分流器與追蹤，並在裝車前取出這些包裹。",
    ),
    "alarm.defaults": ("Many without a route", "未決定去向的過多"),
    "alarm.defaults.cause": ("Routes come too late, or not at all.", "路徑命令太晚，或完全沒有。"),
    "alarm.defaults.consequence": ("Parcels and totes take the default lane.", "包裹與物流箱走預設道。"),
    "alarm.defaults.action": ("Look at the reaction time and at what else is alarmed.", "查看反應時間與其他警報。"),
    "alarm.unconfirmed": ("Many unconfirmed", "未確認的過多"),
    "alarm.unconfirmed.cause": (
        "Photo-eyes in lanes are dirty, moved or dead, or parcels are taken off the belt.",
        "道口的光電感測器髒污、移位或故障，或包裹被人從輸送帶上取走。",
    ),
    "alarm.unconfirmed.consequence": (
        "Where those parcels are is not known, and their orders stay open.",
        "不知道這些包裹在哪裡，其訂單仍未完成。",
    ),
    "alarm.unconfirmed.action": (
        "Look at the photo-eyes of the lanes that the newest of them were sent to.",
        "檢查最近這些包裹應進入的道口的光電感測器。",
    ),
    "alarm.certificate-ends": ("Certificate ends soon", "憑證即將到期"),
    "alarm.certificate-ends.cause": (
        "Our certificate for the device ends within 30 days, or cannot be read.",
        "我方對此設備的憑證將在 30 天內到期，或無法讀取。",
    ),
    "alarm.certificate-ends.consequence": (
        "From its end on the device refuses us, and counts as one that does not answer.",
        "到期後設備會拒絕我方連線，視同沒有回應。",
    ),
    "alarm.certificate-ends.action": (
        "Move the old one away, make a new one with lanewise plc cert, and let the device trust it.",
        "移走舊憑證，以 lanewise plc cert 製作新憑證，並讓設備信任它。",
    ),
    "alarm.wrong-load": ("Wrong parcel loaded", "裝錯包裹"),
    "alarm.wrong-load.cause": (
        "A parcel went out through a dock door and does not belong to the load there.",
        "不屬於此裝載的包裹從月台門出去了。",
    ),
    "alarm.wrong-load.consequence": ("It leaves with the wrong trailer.", "它會隨錯誤的車離開。"),
    "alarm.wrong-load.action": (
        "Bring it back in through a door. Acknowledging turns the light off.",
        "把它從月台門帶回來。確認警報即熄燈。",
    ),
}
