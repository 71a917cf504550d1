// The first page: is all well, and if not, what needs somebody.

import { h, icon, put } from "./dom.js";
import { COLUMN } from "./store.js";
import { HOST_CONDITIONS, INSTANCE_CONDITIONS, SEVERITIES, badge, disk, hostCondition, instanceCondition, memory, number, sentence, severity, timeOf } from "./words.js";
import { entryLine } from "./events.js";

const MOST_NEEDS = 12;
/** More failed instances of one host than these are told together. */
const MOST_SINGLE = 3;
const LATEST = 12;

/** A bar of parts and what they mean, each part a link. */
function breakdown(title, total, conditions, counts, href) {
  const parts = conditions.map(([key, label, tone]) => ({ key, label, tone, value: counts.get(key) ?? 0 }));
  const bar = h("div", { class: "bar", "aria-hidden": "true" }, parts.toReversed().filter((part) => part.value).map((part) =>
    h("i", { class: `${part.tone} c-${part.key}`, css: { "flex-grow": String(part.value) } })));
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", null, title), h("a", { class: "big", href: href(null) }, number(total))),
    bar,
    h("ul", { class: "legend" }, parts.toReversed().map((part) => h("li", { class: part.value ? "" : "none" },
      h("a", { href: href(part.key) }, h("i", { class: `mark ${part.tone}`, "aria-hidden": "true" }), h("span", null, part.label), h("b", null, number(part.value)))))));
}

function meter(label, used, size, show) {
  const share = size > 0 ? Math.min(1, used / size) : 0;
  return h("div", { class: "meter-row" },
    h("div", { class: "meter-label" }, h("span", null, label), h("span", { class: "quiet-text" }, `${show(used)} of ${show(size)}`)),
    h("div", { class: "meter", role: "img", "aria-label": `${label}: ${Math.round(share * 100)} percent used` },
      h("i", { class: share > 0.9 ? "warn" : "", css: { width: `${(share * 100).toFixed(1)}%` } })));
}

function needs(store) {
  const list = [];
  for (const host of store.hosts.values()) {
    if (["failed", "offline", "degraded"].includes(host.condition)) {
      const [, label, tone] = hostCondition(host.condition);
      const residents = store.byHostCache.get(host.name)?.length ?? 0;
      list.push({ rank: tone === "bad" ? 0 : 2, line: h("a", { class: "need", href: `#/host/${encodeURIComponent(host.name)}` },
        badge(label, tone), h("b", null, host.name), h("span", { class: "quiet-text" }, `${sentence(host.state)}, ${host.avail}${residents ? ` · ${number(residents)} instances` : ""}`)) });
    }
  }
  const failed = new Map();
  for (const row of store.instances.values()) {
    if (row[COLUMN.condition] !== "failed") continue;
    const host = row[COLUMN.host];
    if (failed.has(host)) failed.get(host).push(row); else failed.set(host, [row]);
  }
  const [, label, tone] = instanceCondition("failed");
  for (const [host, rows] of failed) {
    const place = host ? `on ${host}` : "on no host";
    if (rows.length > MOST_SINGLE) {
      list.push({ rank: 1, line: h("a", { class: "need", href: `#/instances?${new URLSearchParams({ state: "failed", q: host })}` },
        badge(label, tone), h("b", null, `${number(rows.length)} instances`), h("span", { class: "quiet-text" }, place)) });
      continue;
    }
    for (const row of rows) {
      list.push({ rank: 1.5, line: h("a", { class: "need", href: `#/instance/${encodeURIComponent(row[0])}` },
        badge(label, tone), h("b", null, row[COLUMN.name]), h("span", { class: "quiet-text" }, place)) });
    }
  }
  return list.sort((a, b) => a.rank - b.rank);
}

function alarmCard(store) {
  const { list, from, error } = store.shownAlarms();
  const counts = new Map();
  for (const alarm of list) {
    if (alarm.suppressed) continue;
    const [key] = severity(alarm.severity);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const note = from === "fm" && error ? "Fault Management does not answer; these are its last."
    : from === "vim" ? (error ? "Fault Management does not answer; these are the VIM's own." : "Asking Fault Management …") : "";
  return h("section", { class: "card" },
    h("div", { class: "card-head" }, h("h2", null, "Alarms"), h("a", { class: "big", href: "#/alarms" }, number([...counts.values()].reduce((sum, value) => sum + value, 0)))),
    h("ul", { class: "severities" }, SEVERITIES.slice(0, 4).map(([key, label, tone]) => h("li", { class: counts.get(key) ? tone : "none" },
      h("a", { href: `#/alarms?severity=${key}` }, h("b", null, number(counts.get(key) ?? 0)), h("span", null, label))))),
    note && h("p", { class: "card-note" }, note));
}

function strategyCard(store) {
  const one = store.strategies[0];
  if (!one) return null;
  const phase = one.phases.find((phase) => phase.running) ?? one.phases.find((phase) => phase.name === one.current_phase);
  const stage = phase?.stages.find((stage) => stage.running);
  const step = stage?.steps.find((step) => step.running);
  return h("a", { class: "card strategy-strip", href: "#/strategy" },
    icon("strategy"),
    h("div", { class: "strip-text" }, h("b", null, `${sentence(one.kind)} strategy: ${sentence(one.state).toLowerCase()}`),
      h("span", { class: "quiet-text" }, [stage && sentence(stage.name), step && sentence(step.name).toLowerCase(), step?.entities.slice(0, 3).join(", ")].filter(Boolean).join(" · "))),
    h("div", { class: "strip-progress" }, h("div", { class: "meter", role: "img", "aria-label": `${one.percent} percent` }, h("i", { css: { width: `${one.percent}%` } })), h("b", null, `${one.percent} %`)));
}

export function overviewPage({ store, root }) {
  const heading = h("h1", { class: "verdict" });
  const cards = h("div", { class: "cards" });
  const strip = h("div", { class: "strip-slot" });
  const needsList = h("div", { class: "panel-body" });
  const capacity = h("div", { class: "panel-body" });
  const latest = h("ol", { class: "feed compact" });
  const clear = h("p", { class: "all-well" }, icon("check"), "Nothing needs attention.");
  put(root, h("div", { class: "page scroll" }, heading, strip, cards,
    h("div", { class: "columns" },
      h("div", { class: "column" },
        h("section", { class: "panel" }, h("h2", null, "Needs attention"), needsList),
        h("section", { class: "panel" }, h("h2", null, "Capacity"), capacity)),
      h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Latest events"), h("a", { href: "#/events" }, "All events")), latest))));

  function update(kinds) {
    if (kinds.has("hosts") || kinds.has("instances") || kinds.has("alarms")) {
      store.byHostCache = store.byHost();
      const hosts = store.hostCounts();
      const instances = store.instanceCounts();
      put(cards,
        breakdown("Hosts", store.hosts.size, HOST_CONDITIONS, hosts, (key) => (key ? `#/cluster?state=${key}` : "#/cluster")),
        breakdown("Instances", store.instances.size, INSTANCE_CONDITIONS, instances, (key) => (key ? `#/instances?state=${key}` : "#/instances")),
        alarmCard(store));
      const list = needs(store);
      put(needsList, list.length ? list.slice(0, MOST_NEEDS).map((one) => one.line) : clear,
        list.length > MOST_NEEDS && h("a", { class: "need-more", href: "#/instances?state=failed" }, `and ${number(list.length - MOST_NEEDS)} more`));
      const down = (hosts.get("failed") ?? 0) + (hosts.get("offline") ?? 0);
      const failed = instances.get("failed") ?? 0;
      const words = [down && `${number(down)} ${down === 1 ? "host is" : "hosts are"} down`, failed && `${number(failed)} ${failed === 1 ? "instance has" : "instances have"} failed`].filter(Boolean);
      const text = store.hosts.size === 0 && store.instances.size === 0 ? "The VIM knows of no hosts yet" : words.length ? words.join(", ") : "All hosts and instances are well";
      if (heading.textContent !== text) put(heading, h("i", { class: `mark ${words.length ? "bad" : "good"}`, "aria-hidden": "true" }), text);
      const sum = { vcpus_used: 0, vcpus_max: 0, mem_used_mb: 0, mem_max_mb: 0, disk_used_gb: 0, disk_max_gb: 0 };
      for (const host of store.hosts.values()) for (const key of Object.keys(sum)) sum[key] += host.capacity?.[key] ?? 0;
      put(capacity, sum.vcpus_max || sum.mem_max_mb
        ? [meter("Virtual CPUs", sum.vcpus_used, sum.vcpus_max, number), meter("Memory", sum.mem_used_mb, sum.mem_max_mb, memory), meter("Disk", sum.disk_used_gb, sum.disk_max_gb, disk)]
        : h("p", { class: "empty" }, "No hypervisor has told its capacity."));
    }
    if (kinds.has("strategies")) put(strip, strategyCard(store));
    if (kinds.has("entries") || kinds.has("instances")) {
      put(latest, store.entries.length ? store.entries.slice(0, LATEST).map((entry) => entryLine(entry, store)) : h("li", { class: "empty" }, "Nothing has happened since the log files were begun."));
    }
  }
  return { update };
}
