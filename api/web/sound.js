// A tone for alarms that nobody has acknowledged, where somebody turned it on: off by default, kept by this browser.
// Public names: Sound.

import { unseen } from "./alarms.js";
import { t } from "./words.js";

const KEEP = "lanewise.sound";
const AGAIN_MS = 10_000;
const TONES = { high: [880, 660, 880], medium: [660, 660], low: [520] };
const RANK = ["high", "medium", "low"];

export class Sound {
  constructor(button) {
    this.button = button;
    this.on = localStorage.getItem(KEEP) === "on";
    this.known = new Set();
    this.last = 0;
    this.context = null;
    button.addEventListener("click", () => {
      this.on = !this.on;
      localStorage.setItem(KEEP, this.on ? "on" : "off");
      this.words();
      if (this.on) this.play("low");
    });
  }

  words() {
    this.button.textContent = "♪";
    this.button.title = t(this.on ? "alarms.sound.on" : "alarms.sound.off");
    this.button.setAttribute("aria-label", t("alarms.sound"));
    this.button.setAttribute("aria-pressed", String(this.on));
  }

  // Sounds when an alarm came, and again and again while one of high priority waits.
  hear(alarms) {
    const now = [...alarms.values()].filter(unseen);
    const fresh = now.filter((alarm) => !this.known.has(`${alarm.alarm} ${alarm.at_us}`));
    this.known = new Set(now.map((alarm) => `${alarm.alarm} ${alarm.at_us}`));
    const due = now.some((alarm) => alarm.priority === "high") && Date.now() - this.last > AGAIN_MS;
    if (!this.on || !(fresh.length || due)) return;
    this.play(RANK.find((priority) => (fresh.length ? fresh : now).some((alarm) => alarm.priority === priority)));
  }

  play(priority) {
    this.last = Date.now();
    this.context ??= new AudioContext();
    const begin = this.context.currentTime;
    TONES[priority].forEach((hertz, at) => {
      const tone = new OscillatorNode(this.context, { frequency: hertz });
      const loud = new GainNode(this.context, { gain: 0.12 });
      tone.connect(loud).connect(this.context.destination);
      tone.start(begin + at * 0.22);
      tone.stop(begin + at * 0.22 + 0.18);
    });
  }
}
