// Pages that are tables: instances, and what changes seldom.

import { beforeFrame, h, put } from "./dom.js";
import { COLUMN } from "./store.js";
import { INSTANCE_CONDITIONS, badge, disk, instanceCondition, memory, number, sentence } from "./words.js";
import { Table, chips, matcher, searchField } from "./table.js";

const FRESH = 4000;
const ORDER = new Map(INSTANCE_CONDITIONS.map(([key], index) => [key, index]));

export function instanceLink(row) {
  return h("a", { class: "cell-link", href: `#/instance/${encodeURIComponent(row[0])}` }, row[COLUMN.name] || row[0]);
}

export function hostLink(name) {
  return name ? h("a", { href: `#/host/${encodeURIComponent(name)}` }, name) : h("span", { class: "quiet-text" }, "–");
}

export function instanceState(row) {
  const [key, label, tone] = instanceCondition(row[COLUMN.condition]);
  const detail = row[COLUMN.detail];
  return badge(label, tone, detail && detail !== key ? detail : "");
}

export const INSTANCE_COLUMNS = [
  { label: "Name", width: "minmax(180px, 2fr)", cell: instanceLink, sort: (row) => row[COLUMN.name] },
  { label: "State", width: "minmax(150px, 1.3fr)", cell: instanceState, sort: (row) => ORDER.get(row[COLUMN.condition]) ?? 99 },
  { label: "Host", width: "minmax(110px, 1fr)", cell: (row) => hostLink(row[COLUMN.host]), sort: (row) => row[COLUMN.host] },
  { label: "Tenant", width: "minmax(80px, 0.9fr)", cell: (row) => row[COLUMN.tenant], sort: (row) => row[COLUMN.tenant] },
  { label: "Flavor", width: "minmax(80px, 0.9fr)", cell: (row) => row[COLUMN.flavor], sort: (row) => row[COLUMN.flavor] },
  { label: "vCPUs", width: "70px", end: true, cell: (row) => number(row[COLUMN.vcpus]), sort: (row) => row[COLUMN.vcpus] },
  { label: "Memory", width: "90px", end: true, cell: (row) => memory(row[COLUMN.mem]), sort: (row) => row[COLUMN.mem] },
  { label: "Recovery", width: "90px", end: true, cell: (row) => String(row[COLUMN.priority]), sort: (row) => row[COLUMN.priority] },
];

export function instanceTable(store, options = {}) {
  return new Table({
    label: "Instances",
    columns: options.columns ?? INSTANCE_COLUMNS,
    id: (row) => row[0],
    fresh: (row) => Date.now() - (store.changed.get(row[0]) ?? 0) < FRESH,
    card: (row) => h("div", { class: "card-row" }, h("div", { class: "card-line" }, instanceLink(row), instanceState(row)),
      h("div", { class: "card-line quiet-text" }, h("span", null, row[COLUMN.host] || "no host"), h("span", null, row[COLUMN.flavor]))),
    empty: "The VIM knows of no instances.",
    ...options,
  });
}

export function instancesPage({ store, root, query }) {
  const shown = h("p", { class: "count", role: "status" });
  const texts = new WeakMap();
  const textOf = (row) => {
    let text = texts.get(row);
    if (text === undefined) texts.set(row, text = `${row[1]} ${row[2]} ${row[3]} ${row[4]} ${row[5]} ${row[6]} ${row[0]}`.toLowerCase());
    return text;
  };
  let state = query.get("state");
  let words = matcher(query.get("q") ?? "");
  const apply = () => table.filter(state || words ? (row) => (!state || row[COLUMN.condition] === state) && (!words || words(textOf(row))) : null);
  const remember = () => {
    const now = new URLSearchParams();
    if (state) now.set("state", state);
    if (search.querySelector("input").value) now.set("q", search.querySelector("input").value);
    history.replaceState(null, "", `#/instances${now.size ? `?${now}` : ""}`);
  };
  // the address is the slow part of a keystroke, and another page's address is none of this one's business
  let closed = false;
  const rememberSoon = beforeFrame(() => { if (!closed) remember(); });
  const search = searchField("Filter by name, host, tenant …", (text) => { words = matcher(text); apply(); rememberSoon(); }, query.get("q") ?? "");
  const states = chips("Instances by state", INSTANCE_CONDITIONS, (key) => { state = key; apply(); remember(); });
  if (state) states.choose(state, true);
  const table = instanceTable(store, {
    counted: (few, all) => { shown.textContent = few === all ? `${number(all)} instances` : `${number(few)} of ${number(all)} instances`; },
  });
  apply();
  put(root, h("div", { class: "page fill" },
    h("div", { class: "page-head" }, h("h1", null, "Instances"), search, table.sorter),
    h("div", { class: "filter-line" }, states.element, shown), table.element));
  return {
    update(kinds) {
      if (!kinds.has("instances")) return;
      states.counts(store.instanceCounts());
      const rows = [...store.instances.values()];
      table.data(rows);
      // so that the first letter of a filter is as quick as the others
      setTimeout(() => rows.forEach(textOf));
    },
    close: () => { closed = true; table.close(); },
  };
}

// ---- tables that change seldom

const name = (label = "Name") => ({ label, width: "minmax(160px, 2fr)", cell: (row) => h("span", { class: "strong" }, row.name || row.uuid), sort: (row) => row.name || row.uuid });
const text = (label, key, width = "minmax(90px, 1fr)") => ({ label, width, cell: (row) => row[key] ?? "–", sort: (row) => String(row[key] ?? "") });
const amount = (label, key, show = number, width = "100px") => ({ label, width, end: true, cell: (row) => show(row[key]), sort: (row) => row[key] ?? 0 });
const yes = (label, key, width = "100px") => ({ label, width, cell: (row) => (row[key] ? "Yes" : h("span", { class: "quiet-text" }, "No")), sort: (row) => (row[key] ? 0 : 1) });
const id = { label: "Id", width: "minmax(120px, 1.4fr)", cell: (row) => h("code", { class: "id", title: row.uuid }, row.uuid), sort: (row) => row.uuid };

function status(row) {
  const word = row.action || row.status || "–";
  const tone = row.action ? "busy" : /fail|error/.test(word) ? "bad" : /available|in-use|active/.test(word) ? "good" : "quiet";
  return badge(sentence(word), tone);
}
const state = { label: "Status", badge: true, width: "minmax(110px, 1fr)", cell: status, sort: (row) => row.action || row.status };

/** A page of tables: [table, title, columns, line for phones, text for none]. */
function stockPage(title, sections) {
  return ({ store, root }) => {
    const tall = sections.length === 1;
    const body = h("div", { class: `page ${tall ? "fill" : "scroll"}` });
    const parts = sections.map(([table, heading, columns, line, empty]) => {
      const amountText = h("span", { class: "count" });
      const view = new Table({
        label: heading, columns: columns.map((column) => ({ ...column, cell: (row) => column.cell(row, store) })), id: (row) => row.uuid ?? row.name, empty, atMost: tall ? 0 : innerWidth > 700 ? Math.max(400, Math.round(innerHeight * 0.6)) : 400,
        card: (row) => h("div", { class: "card-row" }, h("div", { class: "card-line" }, h("span", { class: "strong" }, row.name || row.uuid), columns.find((column) => column.badge)?.cell(row)), h("div", { class: "card-line quiet-text" }, line(row))),
        counted: (few, all) => { amountText.textContent = few === all ? number(all) : `${number(few)} of ${number(all)}`; },
      });
      const problem = h("p", { class: "problem", role: "alert", hidden: true });
      const load = async () => {
        try {
          const rows = await store.table(table);
          problem.hidden = true;
          view.data(rows);
        } catch (error) {
          problem.textContent = `This table cannot be loaded: ${error.message}`;
          problem.hidden = false;
        }
      };
      return { table, heading, view, amountText, problem, load, loaded: null };
    });
    const search = searchField(`Filter ${title.toLowerCase()}`, (value) => {
      const words = matcher(value);
      for (const part of parts) part.view.filter(words && ((row) => words(JSON.stringify(row).toLowerCase())));
    });
    put(body, h("div", { class: "page-head" }, h("h1", null, title), search),
      parts.map((part) => [sections.length > 1 && h("div", { class: "section-head" }, h("h2", null, part.heading), part.amountText), part.problem, part.view.element]));
    put(root, body);
    return {
      update(kinds) {
        for (const part of parts) {
          if (part.loaded && store.stockTables.has(part.table)) continue;
          if (kinds.has("stock")) { part.loaded = true; part.load(); }
        }
      },
      close() { for (const part of parts) part.view.close(); },
    };
  };
}

const adminOper = { label: "State", badge: true, width: "minmax(130px, 1fr)", sort: (row) => row.oper,
  cell: (row) => badge(sentence(row.status || row.oper), row.oper === "enabled" ? "good" : row.status === "failed" ? "bad" : "warn", row.admin === "locked" ? "locked" : "") };

export const networksPage = stockPage("Networks", [
  ["networks", "Networks", [name(), adminOper, text("Type", "type", "90px"), text("Physical", "physical_network"), text("Segment", "segment", "90px"), amount("MTU", "mtu", String, "80px"), yes("Shared", "shared", "80px"), id],
    (row) => `${row.type ?? ""} ${row.physical_network ?? ""} ${row.segment ?? ""}`, "The VIM knows of no networks."],
  ["subnets", "Subnets", [name(), text("Subnet", "subnet"), text("Gateway", "gateway"), yes("DHCP", "dhcp", "80px"), id],
    (row) => `${row.subnet} · gateway ${row.gateway ?? "none"}`, "The VIM knows of no subnets."],
]);

export const storagePage = stockPage("Storage", [
  ["volumes", "Volumes", [name(), state, amount("Size", "size_gb", disk, "90px"), yes("Bootable", "bootable"), yes("Encrypted", "encrypted"), id],
    (row) => `${disk(row.size_gb)}${row.bootable ? " · bootable" : ""}`, "The VIM knows of no volumes."],
  ["volume_snapshots", "Snapshots", [name(), amount("Size", "size_gb", disk, "90px"), text("Volume", "volume", "minmax(120px, 1.4fr)"), id],
    (row) => disk(row.size_gb), "The VIM knows of no snapshots."],
]);

export const imagesPage = stockPage("Images", [
  ["images", "Images", [name(), state, text("Disk", "disk", "90px"), text("Container", "container", "100px"), amount("Min disk", "min_disk_gb", disk, "90px"), amount("Min memory", "min_mem_mb", memory, "110px"), text("Visibility", "visibility", "100px"), yes("Protected", "protected"), id],
    (row) => `${row.disk ?? ""} · ${row.visibility}`, "The VIM knows of no images."],
]);

export const flavorsPage = stockPage("Flavors", [
  ["instance_types", "Flavors", [name(), amount("vCPUs", "vcpus", number, "80px"), amount("Memory", "mem_mb", memory), amount("Disk", "disk_gb", disk), amount("Ephemeral", "ephemeral_gb", disk), amount("Swap", "swap_gb", disk), yes("Heartbeat", "heartbeat"), yes("Auto recovery", "auto_recovery", "120px")],
    (row) => `${row.vcpus} vCPUs · ${memory(row.mem_mb)} · ${disk(row.disk_gb)}`, "The VIM knows of no flavors."],
]);

const members = (link) => ({ label: "Members", width: "minmax(200px, 3fr)", sort: (row) => row.members.length,
  cell: (row, store) => h("span", { class: "members", title: row.members.join(", ") }, h("b", null, number(row.members.length)), " ", row.members.slice(0, 6).map((one, index) => [index > 0 && ", ", link(one, store)]), row.members.length > 6 && " …") });
const hostMember = (one) => hostLink(one);
const instanceMember = (one, store) => h("a", { href: `#/instance/${encodeURIComponent(one)}` }, store.instances.get(one)?.[COLUMN.name] ?? String(one).slice(0, 8));
const memberLine = (row) => `${row.policies || row.zone || ""} · ${row.members.length} members`;

export const groupsPage = stockPage("Groups", [
  ["instance_groups", "Instance groups", [name(), text("Policies", "policies"), members(instanceMember)], memberLine, "There are no instance groups."],
  ["host_aggregates", "Host aggregates", [name(), text("Availability zone", "zone"), members(hostMember)], memberLine, "There are no host aggregates."],
  ["host_groups", "Host groups", [name(), text("Policies", "policies"), members(hostMember)], memberLine, "There are no host groups."],
]);
