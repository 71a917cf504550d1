// One host or instance: what it is, what was decided about it, what happened to it.

import { beforeFrame, h, icon, put } from "./dom.js";
import { COLUMN, ask } from "./store.js";
import { badge, duration, hostCondition, instanceCondition, memory, disk, number, sentence, severity, timeOf } from "./words.js";
import { INSTANCE_COLUMNS, hostLink, instanceTable } from "./lists.js";
import { entryLine } from "./events.js";
import { decisionPanel } from "./decisions.js";
import { previewPanel } from "./preview.js";

/** While the VIM writes without end, details are asked for so often. */
const COMMIT_PAUSE = 1000;

function facts(list) {
  return h("dl", { class: "facts" }, list.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

function alarmsOf(store, wanted) {
  return store.shownAlarms().list.filter((alarm) => wanted(alarm.entity));
}

function alarmPanel(alarms) {
  if (!alarms.length) return null;
  return h("section", { class: "panel" }, h("h2", null, "Alarms"), h("ul", { class: "plain" }, alarms.map((alarm) => {
    const [, label, tone] = severity(alarm.severity);
    return h("li", { class: "alarm-brief" }, badge(label, tone), h("span", null, alarm.reason), alarm.repair && h("p", { class: "entry-more" }, `What to do: ${alarm.repair}`));
  })));
}

function history(entries, store) {
  return h("section", { class: "panel" }, h("h2", null, "History"),
    entries.length ? h("ol", { class: "feed" }, entries.toReversed().map((entry) => entryLine(entry, store))) : h("p", { class: "empty" }, "Nothing is on record."));
}

/** A part of a host with states of its own; many hosts have none. */
function part(label, name, oper, avail) {
  return name && name !== "n/a" ? [`${label} ${name}`, `${oper}, ${avail}`] : [label, ""];
}

/** Loads the details of a thing, again whenever it changes; `update` is called when they are others than before. */
function loader(path, update) {
  let state = { data: null, error: null };
  let known = null;
  let asking = false;
  let again = false;
  let closed = false;
  let waiting = 0;
  async function load() {
    clearTimeout(waiting);
    waiting = 0;
    if (asking) { again = true; return; }
    asking = true;
    try {
      state = { data: await ask(path), error: null };
    } catch (error) {
      state = { data: state.data, error };
    }
    asking = false;
    if (closed) return;
    const now = JSON.stringify([state.data, state.error?.message]);
    if (now !== known) { known = now; update(state); }
    if (again) { again = false; setTimeout(load, 300); }
  }
  return {
    load,
    /** Something was written; perhaps of this thing. */
    loadLater() { waiting ||= setTimeout(load, COMMIT_PAUSE); },
    close() { closed = true; clearTimeout(waiting); },
  };
}

function back(href, label) {
  return h("a", { class: "back", href }, icon("back"), label);
}

function missing(state, what) {
  if (state.error?.status === 404) return h("p", { class: "empty-card" }, `The VIM does not know this ${what} any more.`);
  if (state.error) return h("p", { class: "problem", role: "alert" }, `The details cannot be loaded: ${state.error.message}`);
  return state.data ? null : h("div", { class: "skeleton", role: "img", "aria-label": "Loading" }, Array.from({ length: 4 }, () => h("i")));
}

export function hostPage({ store, root, argument: name }) {
  const head = h("div", { class: "detail-head" });
  const side = h("div", { class: "column" });
  const past = h("div", { class: "column" });
  const decisions = decisionPanel();
  const encoded = encodeURIComponent(name);
  const preview = previewPanel(store, "What if?", [["Lock", "lock"], ["Forced lock", "lock-force"], ["It fails", "fail"]]
    .map(([label, action]) => [label, `/console/api/preview/host/${encoded}?action=${action}`]));
  const count = h("span", { class: "count" });
  const table = instanceTable(store, {
    columns: INSTANCE_COLUMNS.filter((column) => !["Host", "Tenant", "Recovery"].includes(column.label)),
    atMost: 340, empty: "There are no instances on this host.", counted: (_, all) => { count.textContent = number(all); },
  });
  put(root, h("div", { class: "page scroll" }, back("#/cluster", "Cluster"), head,
    h("div", { class: "columns wide-left" }, h("div", { class: "column" },
      h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", null, "Instances"), count), table.element), decisions.element, preview.element, past), side)));
  let state = { data: null, error: null };
  const details = loader(`/console/api/host/${encoded}`, (next) => { state = next; decisions.show(state.data?.decisions); draw(); });

  function draw() {
    const host = store.hosts.get(name);
    const [, label, tone] = hostCondition(host?.condition ?? "");
    put(head, h("h1", null, name), host && badge(label, tone, host.action && host.action !== " none" ? host.action : ""));
    const problem = missing(state, "host");
    const detail = state.data?.detail;
    const more = detail?.nfvi_host?.nfvi_data ?? {};
    const capacity = host?.capacity;
    put(side, problem,
      host && h("section", { class: "panel" }, h("h2", null, "Facts"), facts([
        ["State", sentence(host.state)], ["Administrative", host.admin], ["Operational", host.oper], ["Availability", host.avail],
        ["In this state for", detail && duration(detail.elapsed_time_in_state)],
        ["Personality", host.personality.replaceAll(",", ", ")], ["Uptime", state.data && duration(state.data.facts.uptime)],
        ["Runs instances", host.compute ? "yes" : "no"], ["OpenStack control", host.control ? "yes" : "no"],
        ["Software", host.load], ["Target software", host.target_load !== host.load ? host.target_load : ""],
        ["Services locked", state.data?.facts.host_services_locked ? "yes" : ""], ["Upgrade under way", state.data?.facts.upgrade_inprogress ? "yes" : ""],
        ["Instances recover", state.data && !state.data.facts.recover_instances ? "no" : ""],
        part("Function", more.subfunction_name, more.subfunction_oper, more.subfunction_avail),
        part("Ports", more.data_ports_name, more.data_ports_oper, more.data_ports_avail),
        ["Id", h("code", { class: "id" }, host.uuid)],
      ])),
      capacity && h("section", { class: "panel" }, h("h2", null, "Capacity"), facts([
        ["Virtual CPUs", `${number(capacity.vcpus_used)} of ${number(capacity.vcpus_max)}`],
        ["Memory", `${memory(capacity.mem_used_mb)} of ${memory(capacity.mem_max_mb)}`],
        ["Disk", `${disk(capacity.disk_used_gb)} of ${disk(capacity.disk_max_gb)}`]])),
      alarmPanel(alarmsOf(store, (entity) => new RegExp(`(^|\\.)host=${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}($|\\.)`).test(entity))));
    put(past, state.data && history(state.data.entries, store));
  }
  const drawSoon = beforeFrame(draw);
  return {
    update(kinds) {
      if (kinds.has("instances")) table.data([...store.instances.values()].filter((row) => row[COLUMN.host] === name));
      if (kinds.has("hosts") || kinds.has("entries")) details.load();
      else if (kinds.has("commit")) details.loadLater();
      preview.element.hidden = !store.hosts.has(name);
      if (["hosts", "entries", "instances", "alarms"].some((kind) => kinds.has(kind))) drawSoon();
    },
    close() { table.close(); details.close(); decisions.close(); preview.close(); },
  };
}

const ACTION_STATES = { completed: "good", allowed: "good", proceed: "busy", started: "busy", initial: "busy", initiated: "busy", voting: "busy", "pre-notify": "busy", "post-notify": "busy", rejected: "bad", cancelled: "off" };

function actionPanel(title, action) {
  const nfvi = action?.nfvi_action_data;
  if (!nfvi) return null;
  const state = nfvi.action_state || action.action_state || "";
  let parameters = nfvi.action_parameters;
  if (/^(None|\{\}|)$/.test(String(parameters))) parameters = "";
  return h("section", { class: "panel" }, h("h2", null, title),
    h("p", { class: "decision" }, h("b", null, sentence(nfvi.action_type ?? "action")), badge(sentence(state), ACTION_STATES[state] ?? "quiet")),
    nfvi.reason && h("p", { class: "step-reason" }, nfvi.reason),
    facts([
      ["Asked for by", nfvi.from_cli ? "a user" : "the VIM"], ["Parameters", parameters && h("code", null, String(parameters))],
      ["Guest's vote", nfvi.skip_guest_vote ? "not asked for" : "asked for"], ["Begun", nfvi.created_timestamp && timeOf(nfvi.created_timestamp)],
      ["Last news", nfvi.last_update_timestamp && timeOf(nfvi.last_update_timestamp)], ["Number", String(action.action_seqnum)]]));
}

export function instancePage({ store, root, argument: uuid }) {
  const head = h("div", { class: "detail-head" });
  const side = h("div", { class: "column" });
  const past = h("div", { class: "column" });
  const decisions = decisionPanel();
  put(root, h("div", { class: "page scroll" }, back("#/instances", "Instances"), head,
    h("div", { class: "columns wide-left" }, h("div", { class: "column" }, decisions.element, past), side)));
  let state = { data: null, error: null };
  const details = loader(`/console/api/instance/${encodeURIComponent(uuid)}`, (next) => { state = next; decisions.show(state.data?.decisions); draw(); });

  function draw() {
    const row = store.instances.get(uuid);
    const detail = state.data?.detail;
    const nfvi = detail?.nfvi_instance ?? {};
    const [key, label, tone] = instanceCondition(row?.[COLUMN.condition] ?? "");
    const words = row?.[COLUMN.detail];
    if (row) document.title = `${row[COLUMN.name]} – ${store.system?.name || "VIM"}`;
    put(head, h("h1", null, row?.[COLUMN.name] ?? uuid), row && badge(label, tone, words && words !== key ? words : ""), row && h("span", { class: "on-host" }, "on ", hostLink(row[COLUMN.host])));
    const problem = missing(state, "instance");
    const services = detail?.guest_services;
    const power = nfvi.nfvi_data ?? {};
    put(past, problem, actionPanel("Last action", detail?.action_data), actionPanel("The one before", detail?.last_action_data), state.data && history(state.data.entries, store));
    put(side, alarmPanel(alarmsOf(store, (entity) => entity.includes(`instance=${uuid}`))),
      detail && h("section", { class: "panel" }, h("h2", null, "Facts"), facts([
        ["Administrative", detail.admin_state], ["Operational", detail.oper_state], ["Availability", (detail.avail_status ?? []).filter(Boolean).join(", ")], ["Action", detail.action],
        ["In this state for", duration(detail.elapsed_time_in_state)], ["On this host for", duration(detail.elapsed_time_on_host)],
        ["Nova: state", power.vm_state], ["Nova: task", power.task_state === "None" ? "" : power.task_state], ["Nova: power", power.power_state],
        ["Tenant", row?.[COLUMN.tenant]], ["Flavor", row?.[COLUMN.flavor]], ["Virtual CPUs", row && number(row[COLUMN.vcpus])], ["Memory", row && memory(row[COLUMN.mem])],
        ["Recovers", detail.recoverable ? "yes" : "no"], ["Recovery priority", row && String(row[COLUMN.priority])],
        ["Live migration", nfvi.live_migration_support === false ? "not possible" : "possible"],
        ["Guest services", services && `${services.state}: ${Object.entries(services.services).map(([name, value]) => `${name} ${value}`).join(", ")}`],
        ["Volumes", (nfvi.attached_volumes ?? []).length ? number(nfvi.attached_volumes.length) : ""], ["Image", detail.image_uuid && h("code", { class: "id" }, detail.image_uuid)],
        ["Id", h("code", { class: "id" }, uuid)],
      ])));
  }
  const drawSoon = beforeFrame(draw);
  let shown = null;
  return {
    update(kinds) {
      const row = store.instances.get(uuid);
      const mine = store.entries.find((entry) => entry.subject.instance === uuid)?.id;
      if (!state.data || shown?.row !== row || shown?.mine !== mine) { shown = { row, mine }; details.load(); } else if (kinds.has("commit")) details.loadLater();
      if (kinds.has("instances") || kinds.has("alarms")) drawSoon();
    },
    close() { details.close(); decisions.close(); },
  };
}
