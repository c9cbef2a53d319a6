// The way to the server: questions, requests, and the live stream that connects again by itself.
// Public names: ask, tell, gone, follow, needToken.

import { t, told } from "./words.js";

const TOKEN = "lanewise.token";
const SILENCE_MS = 6000;
let tokenAsker = async () => null;

// What asks people for the token when the server wants one: an async function that gives it.
export function needToken(asker) {
  tokenAsker = asker;
}

async function request(path, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(path, { ...options, headers });
    if (answer.status !== 401) return answer;
    if (document.body.dataset.me !== undefined) {
      location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
      return answer;
    }
    const given = await tokenAsker();
    if (!given) return answer;
    sessionStorage.setItem(TOKEN, given);
  }
}

async function body(answer) {
  const value = await answer.json().catch(() => ({ problems: [`HTTP ${answer.status}`] }));
  if (!answer.ok && value.said) value.problems = value.said.map((one) => told(one)); // in the words of this page
  return { ok: answer.ok, status: answer.status, value };
}

export async function ask(path) {
  return body(await request(path));
}

export async function tell(path, value) {
  const headers = { "Content-Type": "application/json" };
  return body(await request(path, { method: "POST", headers, body: JSON.stringify(value) }));
}

// What stands for an answer where none came; what the browser says of it nobody understands.
export const gone = () => ({ ok: false, status: 0, value: { problems: [t("link.away")] } });

// Calls on(kind, value) for every event, and lost(since) while there are none. Never ends.
export async function follow(path, on, lost) {
  let heard = 0;
  let pause = 500;
  for (;;) {
    const stop = new AbortController();
    const watch = setInterval(() => {
      if (heard && Date.now() - heard > SILENCE_MS) stop.abort();
    }, 1000);
    try {
      const answer = await request(path, { signal: stop.signal });
      if (answer.ok) {
        heard = Date.now();
        await read(answer.body.getReader(), (kind, value) => {
          heard = Date.now();
          pause = 500;
          on(kind, value);
        });
      }
    } catch {
      // whatever broke the connection, the next one tells
    } finally {
      clearInterval(watch);
    }
    lost(heard);
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(5000, pause * 1.6);
  }
}

// Source: HTML Living Standard, 9.2.6 Interpreting an event stream (one data line for each event).
async function read(reader, on) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const kind = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
      if (kind && data) on(kind, JSON.parse(data));
    }
  }
}
