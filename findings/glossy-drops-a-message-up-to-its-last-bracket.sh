#!/usr/bin/env bash
# Of the syslog message "Lane 3 [full] diverted to 7" glossy leaves "diverted to 7", if data stands before it.
#
# Packages: glossy@0.1.7, nsyslog-parser@0.10.1 (npm)
# Guess: structured data is one or several elements in brackets, without a blank between them; it ends at the bracket that closes the
#   last one, and all behind the blank that follows is the message, brackets as well (RFC 5424, section 6).
# Behaviour: glossy looks for the last word of the whole line that ends with a bracket, and takes all before it for structured data. What is
#   not an element there is thrown away, so an alarm loses what it is about, and one that ends with a bracket is empty. A message
#   behind "-" is whole. nsyslog-parser is right here; where a value has an escaped quote (6.3.3) it has no data, and the message begins
#   with it.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2

. "$(dirname "$0")/_tools"
npm_packages glossy@0.1.7 nsyslog-parser@0.10.1

node - >"$saw" <<'JAVASCRIPT'
const glossy = require("glossy").Parse;
const nsyslog = require("nsyslog-parser");

const head = "<132>1 2026-11-30T10:30:00Z plc1 sorter 17 ALARM";
for (const rest of [
  "- Lane 3 [full] diverted to 7",
  '[line@32473 lane="3"] Lane 3 is full',
  '[line@32473 lane="3"] Lane 3 [full] diverted to 7',
  '[line@32473 lane="3"] Lane 3 is full [F12]',
  '[line@32473 text="the \\"slow\\" lane"] Lane 3 is full',
]) {
  console.log(rest);
  const { structuredData, message } = glossy.parse(`${head} ${rest}`);
  console.log("  glossy        ", JSON.stringify(structuredData), JSON.stringify(message));
  const other = nsyslog(`${head} ${rest}`);
  console.log("  nsyslog-parser", JSON.stringify(other.structuredData), JSON.stringify(other.message));
}
JAVASCRIPT

still_seen <<'SEEN'
- Lane 3 [full] diverted to 7
  glossy         undefined "Lane 3 [full] diverted to 7"
  nsyslog-parser [] "Lane 3 [full] diverted to 7"
[line@32473 lane="3"] Lane 3 is full
  glossy         {"line@32473":{"lane":"3"}} "Lane 3 is full"
  nsyslog-parser [{"$id":"line@32473","lane":"3"}] "Lane 3 is full"
[line@32473 lane="3"] Lane 3 [full] diverted to 7
  glossy         {"line@32473":{"lane":"3"}} "diverted to 7"
  nsyslog-parser [{"$id":"line@32473","lane":"3"}] "Lane 3 [full] diverted to 7"
[line@32473 lane="3"] Lane 3 is full [F12]
  glossy         {"line@32473":{"lane":"3"}} ""
  nsyslog-parser [{"$id":"line@32473","lane":"3"}] "Lane 3 is full [F12]"
[line@32473 text="the \"slow\" lane"] Lane 3 is full
  glossy         {"line@32473":{"text":"the \"slow\" lane"}} "Lane 3 is full"
  nsyslog-parser [] "[line@32473 text=\"the \\\"slow\\\" lane\"] Lane 3 is full"
SEEN
