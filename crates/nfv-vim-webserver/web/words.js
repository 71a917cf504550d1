// What things are called and which tone they have. Tones: good, busy, warn, bad, off, quiet.

import { h } from "./dom.js";

export const HOST_CONDITIONS = [
  ["failed", "Failed", "bad"],
  ["offline", "Offline", "bad"],
  ["changing", "Changing", "busy"],
  ["degraded", "Degraded", "warn"],
  ["locked", "Locked", "off"],
  ["in-service", "In service", "good"],
];

export const INSTANCE_CONDITIONS = [
  ["failed", "Failed", "bad"],
  ["changing", "Changing", "busy"],
  ["disabled", "Disabled", "warn"],
  ["paused", "Paused", "quiet"],
  ["suspended", "Suspended", "quiet"],
  ["stopped", "Stopped", "off"],
  ["running", "Running", "good"],
];

export const SEVERITIES = [
  ["critical", "Critical", "bad"],
  ["major", "Major", "bad"],
  ["minor", "Minor", "warn"],
  ["warning", "Warning", "busy"],
  ["indeterminate", "Other", "quiet"],
];

const find = (list, key) => list.find(([name]) => name === key) ?? [key, sentence(key), "quiet"];

export const hostCondition = (key) => find(HOST_CONDITIONS, key);
export const instanceCondition = (key) => find(INSTANCE_CONDITIONS, key);
export const severity = (key) => SEVERITIES.find(([name]) => name === key) ?? SEVERITIES[4];

/** `live-migrate` as `Live migrate`. */
export function sentence(text) {
  const plain = String(text ?? "").replace(/[-_]/g, " ").replace(/\bsw\b/g, "software").trim();
  return plain ? plain[0].toUpperCase() + plain.slice(1) : "";
}

/** A state in words with a mark of its tone. */
export function badge(label, tone, detail) {
  return h("span", { class: `badge ${tone}` }, h("i", { class: "mark", "aria-hidden": "true" }), label,
    detail && h("span", { class: "badge-detail" }, detail));
}

const NUMBER = new Intl.NumberFormat("en-US");
export const number = (value) => NUMBER.format(value ?? 0);

/** MiB in the unit that reads best. */
export function memory(mib) {
  if (!mib) return "0";
  if (mib >= 1024 * 1024) return `${+(mib / 1024 / 1024).toFixed(1)} TiB`;
  return mib >= 1024 ? `${+(mib / 1024).toFixed(mib % 1024 ? 1 : 0)} GiB` : `${mib} MiB`;
}

export function disk(gib) {
  return gib >= 1024 ? `${+(gib / 1024).toFixed(1)} TiB` : `${gib ?? 0} GiB`;
}

/** Seconds as `3 d 4 h`. */
export function duration(seconds) {
  const value = Math.max(0, Math.round(Number(seconds) || 0));
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => value >= size);
  if (first < 0) return "0 s";
  const [size, unit] = units[first];
  const rest = units[first + 1] ? Math.floor((value % size) / units[first + 1][0]) : 0;
  return `${Math.floor(value / size)} ${unit}${rest ? ` ${rest} ${units[first + 1][1]}` : ""}`;
}

const pad = (value) => String(value).padStart(2, "0");

/** A time of the VIM (UTC) in local time: today only the clock, else with the day. */
function clock(text) {
  const when = parseTime(text);
  if (!when) return ["", text || "–"];
  const time = `${pad(when.getHours())}:${pad(when.getMinutes())}:${pad(when.getSeconds())}`;
  if (when.toDateString() === new Date().toDateString()) return ["", time];
  return [`${when.getFullYear()}-${pad(when.getMonth() + 1)}-${pad(when.getDate())}`, time];
}

export function ago(text) {
  const when = parseTime(text);
  if (!when) return "";
  const seconds = (Date.now() - when.getTime()) / 1000;
  return seconds < 5 ? "just now" : `${duration(seconds)} ago`;
}

function parseTime(text) {
  if (!text) return null;
  const iso = String(text).replace(" ", "T");
  const when = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(iso) ? iso : `${iso}Z`);
  return Number.isNaN(when.getTime()) ? null : when;
}

export const milliseconds = (text) => parseTime(text)?.getTime() ?? 0;

/** `<time>` with the whole time to be read on demand. */
export function timeOf(text) {
  return h("time", { class: "time", datetime: text || undefined, title: `${text || ""} ${ago(text)}`.trim() || undefined },
    clock(text).filter(Boolean).map((part) => [h("span", null, part), " "]));
}
