-- Tables for QuestDB 9.1 or newer, written by `make docs` from edge/publish/schema.py.
-- To be made before anything is sent: those that it makes by itself have every point as often
-- as it was sent, and times to the microsecond only.
CREATE TABLE IF NOT EXISTS "induction" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "plc" SYMBOL, "track" LONG, "round" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "plc");
CREATE TABLE IF NOT EXISTS "passage" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "portal" SYMBOL, "track" LONG, "tags_owned" LONG, "tags_rejected" LONG, "reads" LONG, "empty" LONG, "clarity" DOUBLE, "dwell_us" LONG, "offset_us" LONG, "doubtful" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "portal");
CREATE TABLE IF NOT EXISTS "passage_antenna" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "portal" SYMBOL, "antenna" SYMBOL, "tags" LONG, "reads" LONG, "weight" DOUBLE)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "portal", "antenna");
CREATE TABLE IF NOT EXISTS "scan" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "reader" SYMBOL, "codes" LONG, "no_read" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "reader");
CREATE TABLE IF NOT EXISTS "tote_check" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "verdict" SYMBOL, "track" LONG, "tote_id" VARCHAR, "order_id" VARCHAR, "matched" LONG, "missing" LONG, "extra" LONG, "foreign" LONG, "duplicate" LONG, "contradiction" LONG, "unreadable" LONG, "no_order" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "verdict");
CREATE TABLE IF NOT EXISTS "route" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "lane" SYMBOL, "reason" SYMBOL, "track" LONG, "subject" VARCHAR, "order_id" VARCHAR, "round" LONG, "no_read" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "lane", "reason");
CREATE TABLE IF NOT EXISTS "reaction" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "plc" SYMBOL, "result" SYMBOL, "track" LONG, "reaction_us" LONG, "handling_us" LONG, "margin_us" LONG, "late" LONG, "refusal" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "plc", "result");
CREATE TABLE IF NOT EXISTS "command" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "opcode" SYMBOL, "result" SYMBOL, "target" LONG, "operand" LONG, "refusal" LONG, "why" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc", "opcode", "result");
CREATE TABLE IF NOT EXISTS "outcome" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "lane" SYMBOL, "outcome" SYMBOL, "track" LONG, "subject" VARCHAR, "order_id" VARCHAR, "wanted" LONG, "transit_us" LONG, "bad" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "lane", "outcome");
CREATE TABLE IF NOT EXISTS "lane" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "lane" SYMBOL, "full" LONG, "disabled" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "lane");
CREATE TABLE IF NOT EXISTS "line" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "tracks" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line");
CREATE TABLE IF NOT EXISTS "anomaly" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "code" SYMBOL, "track" LONG, "text" VARCHAR, "subject" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "code");
CREATE TABLE IF NOT EXISTS "alarm" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "plc" SYMBOL, "alarm" SYMBOL, "kind" SYMBOL, "priority" SYMBOL, "state" SYMBOL, "active" LONG, "annunciated" LONG, "active_us" LONG, "before" VARCHAR, "text" VARCHAR, "asked_by" VARCHAR, "suppressed_by" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "plc", "alarm", "kind", "priority", "state");
CREATE TABLE IF NOT EXISTS "alarm_active" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "alarm" SYMBOL, "kind" SYMBOL, "active_us" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "alarm", "kind");
CREATE TABLE IF NOT EXISTS "request" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "lane" SYMBOL, "action" SYMBOL, "asked_by" VARCHAR, "subject" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "lane", "action");
CREATE TABLE IF NOT EXISTS "order_change" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "carrier" SYMBOL, "service" SYMBOL, "channel" SYMBOL, "state" SYMBOL, "order_id" VARCHAR, "tote_id" VARCHAR, "parcel_id" VARCHAR, "lines" LONG, "items" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "carrier", "service", "channel", "state");
CREATE TABLE IF NOT EXISTS "shipment" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "line" SYMBOL, "lane" SYMBOL, "order_id" VARCHAR, "parcel_id" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "line", "lane");
CREATE TABLE IF NOT EXISTS "gate" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "dock" SYMBOL, "direction" SYMBOL, "verdict" SYMBOL, "parcel_id" VARCHAR, "order_id" VARCHAR, "load_id" VARCHAR, "bad" LONG, "asked_by" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "dock", "direction", "verdict");
CREATE TABLE IF NOT EXISTS "load" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "dock" SYMBOL, "carrier" SYMBOL, "action" SYMBOL, "load_id" VARCHAR, "asked_by" VARCHAR, "aboard" LONG, "wrong" LONG, "missing" LONG, "undetermined" LONG, "cutoff_ms" LONG, "departure_ms" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "dock", "carrier", "action");
CREATE TABLE IF NOT EXISTS "dock" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "dock" SYMBOL, "reason" SYMBOL, "light" LONG, "buzzer" LONG, "wrong" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "dock", "reason");
CREATE TABLE IF NOT EXISTS "device" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "device" SYMBOL, "up" LONG, "why" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "device");
CREATE TABLE IF NOT EXISTS "plc" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "up" LONG, "polls" LONG, "round_trip_us" LONG, "round_trip_max_us" LONG, "heartbeat_age_us" LONG, "events_unacknowledged" LONG, "events_room" LONG, "mailbox_version" LONG, "epoch" LONG, "fenced" LONG, "commands_queued" LONG, "commands_unhandled" LONG, "clock_ahead_us" LONG, "clock_unsure_us" LONG, "packml_state" LONG, "packml_mode" LONG, "processed" LONG, "defective" LONG, "products_per_min" DOUBLE)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc");
CREATE TABLE IF NOT EXISTS "plc_point" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "point" SYMBOL, "quality" SYMBOL, "number" DOUBLE, "text" VARCHAR, "age_us" LONG, "why" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc", "point", "quality");
CREATE TABLE IF NOT EXISTS "plc_write" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "point" SYMBOL, "result" SYMBOL, "number" DOUBLE, "text" VARCHAR, "why" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc", "point", "result");
CREATE TABLE IF NOT EXISTS "plc_event" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "event" SYMBOL, "station" SYMBOL, "track" LONG, "detail" LONG, "change" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc", "event", "station");
CREATE TABLE IF NOT EXISTS "plc_connection" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "session" LONG, "epoch" LONG, "fresh" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc");
CREATE TABLE IF NOT EXISTS "events_missed" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "plc" SYMBOL, "events" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "plc");
CREATE TABLE IF NOT EXISTS "reader" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "reader" SYMBOL, "up" LONG, "reads" LONG, "held" LONG, "reports" LONG, "left_out" LONG, "clock_ahead_us" LONG, "clock_unsure_us" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "reader");
CREATE TABLE IF NOT EXISTS "antenna" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "reader" SYMBOL, "antenna" SYMBOL, "reads" LONG, "rssi_dbm" DOUBLE)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "reader", "antenna");
CREATE TABLE IF NOT EXISTS "notice" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "device" SYMBOL, "code" SYMBOL, "text" VARCHAR)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "device", "code");
CREATE TABLE IF NOT EXISTS "controller_start" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "version" VARCHAR, "lines" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller");
CREATE TABLE IF NOT EXISTS "controller" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "unstored" LONG, "orders_open" LONG, "loop_late_us" LONG, "journal_records" LONG, "journal_bytes" LONG, "disk_free_bytes" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller");
CREATE TABLE IF NOT EXISTS "backlog" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "follower" SYMBOL, "records" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "follower");
CREATE TABLE IF NOT EXISTS "publisher" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "publisher" SYMBOL, "kind" SYMBOL, "records" LONG, "backlog" LONG, "lag_us" LONG, "set_aside" LONG, "failures" LONG, "up" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "publisher", "kind");
CREATE TABLE IF NOT EXISTS "order_flow" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "stage" SYMBOL, "orders" LONG, "oldest_us" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "stage");
CREATE TABLE IF NOT EXISTS "order_hold" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "code" SYMBOL, "orders" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "code");
CREATE TABLE IF NOT EXISTS "pickup" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "carrier" SYMBOL, "service" SYMBOL, "open" LONG, "missed" LONG, "left_us" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "carrier", "service");
CREATE TABLE IF NOT EXISTS "late_forecast" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "reason" SYMBOL, "orders" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "reason");
CREATE TABLE IF NOT EXISTS "kpi" (timestamp TIMESTAMP_NS, "site" SYMBOL, "controller" SYMBOL, "kpi" SYMBOL, "dimension" SYMBOL, "member" SYMBOL, "numerator" LONG, "denominator" LONG, "value" DOUBLE, "p90_us" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "site", "controller", "kpi", "dimension", "member");
CREATE TABLE IF NOT EXISTS "lanewise_check" (timestamp TIMESTAMP_NS, "probe" SYMBOL, "times" LONG)
  TIMESTAMP(timestamp) PARTITION BY DAY WAL DEDUP UPSERT KEYS(timestamp, "probe");
