// What happened: the feed, and the alarms.

import { h, put } from "./dom.js";
import { chips, matcher, searchField } from "./table.js";
import { SEVERITIES, badge, milliseconds, number, sentence, severity, timeOf } from "./words.js";

const PAGE = 150;
const SOURCES = [["log", "Logs", "busy"], ["raise", "Alarms", "bad"], ["state", "State changes", "quiet"]];
const WEIGHTS = { critical: "bad", high: "warn", major: "bad", medium: "busy", minor: "warn", warning: "busy", low: "quiet" };

/** The tone of a log, by what it says: its importance is a matter of its kind and tells good from bad news apart no better. */
function logTone(kind) {
  if (/fail|timed-out|timeout|crash/.test(kind)) return "bad";
  if (/reject|cancel|abort/.test(kind)) return "warn";
  if (/(begin|ing)$/.test(kind)) return "busy";
  return /(evacuated|migrated|rebooted|rebuilt|started|resumed|unpaused|recovered|enabled|completed|applied|unlocked)$/.test(kind) ? "good" : "quiet";
}

function entryTone(entry) {
  if (entry.source === "clear") return "good";
  if (entry.source === "log") return logTone(entry.kind);
  return WEIGHTS[entry.weight] ?? "quiet";
}

const WORDS = { log: "Log", raise: "Alarm", clear: "Cleared", state: "Change" };

const kindOf = (entry) => sentence(entry.kind.split("#")[0]);

/** A link to what an entry is about. */
function subjectLink(subject, store) {
  if (subject.host) return h("a", { class: "subject", href: `#/host/${encodeURIComponent(subject.host)}` }, subject.host);
  if (subject.instance) {
    const known = store.instances.get(subject.instance);
    const label = known?.[1] ?? subject.instance.slice(0, 8);
    return known ? h("a", { class: "subject", href: `#/instance/${encodeURIComponent(subject.instance)}` }, label) : h("span", { class: "subject gone", title: subject.instance }, label);
  }
  return subject.other ? h("span", { class: "subject quiet-text" }, subject.other) : null;
}

/** One entry of a feed. */
export function entryLine(entry, store, plain) {
  const tone = entryTone(entry);
  return h("li", { class: `entry ${tone}` },
    h("span", { class: `entry-mark ${entry.source}`, "aria-hidden": "true" }),
    entry.time ? timeOf(entry.time) : h("span", { class: "time" }, "–"),
    h("div", { class: "entry-body" },
      h("p", { class: "entry-text" }, entry.source === "clear" ? `Alarm cleared: ${entry.text}` : entry.text),
      h("p", { class: "entry-meta" },
        h("span", { class: `kind ${tone}` }, entry.source === "state" ? "State change" : `${WORDS[entry.source]}: ${kindOf(entry)}`),
        !plain && subjectLink(entry.subject, store),
        entry.weight && entry.source !== "state" && h("span", null, `${entry.weight} ${entry.source === "log" ? "importance" : "severity"}`)),
      entry.more && h("p", { class: "entry-more" }, entry.source === "raise" ? `What to do: ${entry.more}` : entry.more)));
}

export function eventsPage({ store, root }) {
  const list = h("ol", { class: "feed" });
  const count = h("p", { class: "count", role: "status" });
  const held = h("button", { type: "button", class: "button held", hidden: true, onclick: () => { frozen = null; pause.setAttribute("aria-pressed", "false"); draw(); } });
  const pause = h("button", { type: "button", class: "button", "aria-pressed": "false", onclick: () => {
    frozen = frozen ? null : store.entries.slice();
    pause.setAttribute("aria-pressed", String(Boolean(frozen)));
    draw();
  } }, "Pause");
  const more = h("button", { type: "button", class: "button", onclick: async () => {
    limit += PAGE;
    if (limit > store.entries.length) await store.olderEntries().catch(() => false);
    draw();
  } }, "Show older");
  let frozen = null;
  let limit = PAGE;
  let source = null;
  let words = null;
  const wanted = (entry) => (!source || entry.source === source || (source === "raise" && entry.source === "clear"))
    && (!words || words(`${entry.text} ${entry.kind} ${entry.more} ${entry.weight} ${entry.subject.host ?? ""} ${entry.subject.instance ?? ""} ${store.instances.get(entry.subject.instance)?.[1] ?? ""}`.toLowerCase()));
  const search = searchField("Filter events", (text) => { words = matcher(text); limit = PAGE; draw(); });
  const sources = chips("Kinds of events", SOURCES, (key) => { source = key; limit = PAGE; draw(); });
  put(root, h("div", { class: "page scroll" },
    h("div", { class: "page-head" }, h("h1", null, "Events"), search, pause),
    h("div", { class: "filter-line" }, sources.element, count),
    held, list, h("div", { class: "feed-foot" }, more)));
  const lines = new Map();

  function draw() {
    const entries = frozen ?? store.entries;
    const found = entries.filter(wanted);
    const shown = found.slice(0, limit);
    const keep = new Map();
    const elements = shown.map((entry) => {
      const element = lines.get(entry.id) ?? entryLine(entry, store);
      keep.set(entry.id, element);
      return element;
    });
    lines.clear();
    for (const [id, element] of keep) lines.set(id, element);
    if (elements.length) {
      // only what is new is put in, so that nothing that is read moves needlessly
      elements.forEach((element, index) => { if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null); });
      while (list.children.length > elements.length) list.lastElementChild.remove();
    } else put(list, h("li", { class: "empty" }, entries.length ? "Nothing matches the filter." : "Nothing has happened yet."));
    const counts = new Map();
    for (const entry of entries) { const key = entry.source === "clear" ? "raise" : entry.source; counts.set(key, (counts.get(key) ?? 0) + 1); }
    sources.counts(counts);
    count.textContent = `${number(found.length)} events`;
    more.hidden = found.length <= shown.length && entries.length < 500;
    const fresh = frozen ? store.entries.findIndex((entry) => entry.id === frozen[0]?.id) : 0;
    held.hidden = !frozen || fresh <= 0;
    held.textContent = `${number(fresh)} new: go on`;
  }
  return { update(kinds) { if (kinds.has("entries")) draw(); } };
}

/** What an alarm is about, as a link where that is a host or an instance. */
function entityLink(entity, store) {
  const instance = /instance=([^.]+)/.exec(entity)?.[1];
  if (instance) return subjectLink({ instance }, store);
  const host = /host=([^.]+)/.exec(entity)?.[1];
  return host ? subjectLink({ host }, store) : h("span", { class: "subject quiet-text" }, entity);
}

const RANK = new Map(SEVERITIES.map(([key], index) => [key, index]));

export function alarmsPage({ store, root, query }) {
  const note = h("p", { class: "page-note", hidden: true });
  const list = h("ol", { class: "alarm-list" });
  let chosen = query.get("severity");
  let words = null;
  const search = searchField("Filter alarms", (text) => { words = matcher(text); draw(); });
  const severities = chips("Alarms by severity", SEVERITIES, (key) => { chosen = key; draw(); });
  if (chosen) severities.choose(chosen, true);
  put(root, h("div", { class: "page scroll" }, h("div", { class: "page-head" }, h("h1", null, "Alarms"), search), severities.element, note, list));

  function draw() {
    const { list: alarms, from, error } = store.shownAlarms();
    const counts = new Map();
    for (const alarm of alarms) { const [key] = severity(alarm.severity); counts.set(key, (counts.get(key) ?? 0) + 1); }
    severities.counts(counts);
    const problem = error ? `Fault Management does not answer (${error}). ${from === "fm" ? "These alarms are as they were last." : "These are the alarms that the VIM itself holds."}`
      : from === "vim" ? "Asking Fault Management. Until it answers, these are the alarms that the VIM itself holds." : "";
    note.hidden = !problem;
    note.textContent = problem;
    const found = alarms
      .filter((alarm) => (!chosen || severity(alarm.severity)[0] === chosen) && (!words || words(`${alarm.id} ${alarm.entity} ${alarm.reason} ${alarm.repair}`.toLowerCase())))
      .sort((a, b) => RANK.get(severity(a.severity)[0]) - RANK.get(severity(b.severity)[0]) || milliseconds(b.time) - milliseconds(a.time));
    put(list, found.length ? found.map((alarm) => {
      const [, label, tone] = severity(alarm.severity);
      return h("li", { class: `alarm edge-${tone}` },
        h("div", { class: "alarm-head" }, badge(label, tone), h("span", { class: "alarm-id" }, alarm.id), alarm.suppressed && h("span", { class: "tag" }, "suppressed"), alarm.time && timeOf(alarm.time)),
        h("p", { class: "alarm-reason" }, alarm.reason || sentence(alarm.id)),
        h("p", { class: "entry-meta" }, entityLink(alarm.entity, store)),
        alarm.repair && h("p", { class: "entry-more" }, `What to do: ${alarm.repair}`));
    }) : h("li", { class: "empty" }, alarms.length ? "No alarm matches the filter." : "There are no alarms."));
  }
  return { update(kinds) { if (kinds.has("alarms") || kinds.has("instances")) draw(); } };
}

export { entityLink };
