// The state of the cluster in the page, and keeping it the same as the server's.

const COLUMN = { uuid: 0, name: 1, host: 2, condition: 3, detail: 4, tenant: 5, flavor: 6, vcpus: 7, mem: 8, priority: 9 };
export { COLUMN };

const MAX_ENTRIES = 2000;

/** A request of the console; throws an error with `status`. */
export async function ask(path, options) {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  if (!response.ok) {
    const error = new Error((await response.text()).trim() || `Status ${response.status}`);
    error.status = response.status;
    throw error;
  }
  return response.json();
}

export class Store extends EventTarget {
  hosts = new Map();
  instances = new Map();
  strategies = [];
  stock = {};
  stockTables = new Map();
  heldAlarms = [];
  alarms = { alarms: null, error: null };
  source = { database: null, known: false };
  system = null;
  version = "";
  unreadable = 0;
  revision = -1;
  entries = [];
  /** When what changed last, by uuid or name: for the highlight. */
  changed = new Map();
  lastChange = 0;
  link = "connecting";
  loaded = false;
  error = null;
  #events = null;
  #loading = false;
  /** What is being loaded is older than what it was asked for again. */
  #again = false;
  #waiting = [];
  #retry = 0;

  /** Tells listeners what differs: any of hosts, instances, strategies, stock, alarms, entries, link, source, commit. */
  #tell(...kinds) {
    this.dispatchEvent(new CustomEvent("update", { detail: new Set(kinds) }));
  }

  start() {
    this.#listen();
    this.#load();
    this.#loadEntries();
  }

  stop() {
    this.#events?.close();
    clearTimeout(this.#retry);
  }

  #listen() {
    const events = new EventSource("/console/stream");
    this.#events = events;
    const on = (name, work) => events.addEventListener(name, (event) => work(JSON.parse(event.data)));
    on("hello", (data) => {
      const again = this.link === "lost";
      this.link = "live";
      this.source = data.source;
      this.alarms = data.alarms;
      this.#tell("link", "source", "alarms");
      if (data.revision !== this.revision && this.loaded) this.#load();
      if (again) this.#loadEntries();
    });
    on("change", (change) => this.#change(change));
    on("entry", (entry) => this.#entry(entry));
    on("alarms", (alarms) => { this.alarms = alarms; this.#tell("alarms"); });
    on("source", (source) => {
      this.source = source;
      this.#tell("source");
      if (!this.loaded || this.revision <= 0) this.#load();
    });
    // nothing of it may be in the picture: pages of one thing have more
    on("commit", () => this.#tell("commit"));
    on("behind", () => { this.#load(); this.#loadEntries(); });
    events.onerror = () => {
      if (this.link !== "lost") {
        this.link = "lost";
        this.#tell("link");
      }
      // closed for good: refused, or the session is over
      if (events.readyState === EventSource.CLOSED) {
        clearTimeout(this.#retry);
        this.#retry = setTimeout(async () => {
          const session = await ask("/console/api/session").catch(() => null);
          if (session?.login && !session.person) this.dispatchEvent(new Event("logged-out"));
          else this.#listen();
        }, 2000);
      }
    };
  }

  async #load() {
    if (this.#loading) { this.#again = true; return; }
    this.#loading = true;
    this.#again = false;
    try {
      const state = await ask("/console/api/state");
      this.hosts = new Map(state.hosts.map((host) => [host.name, host]));
      this.instances = new Map(state.instances.map((row) => [row[0], row]));
      this.strategies = state.strategies;
      this.system = state.system;
      this.stock = Object.fromEntries(state.stock);
      this.stockTables.clear();
      this.heldAlarms = state.held_alarms;
      this.unreadable = state.unreadable;
      this.alarms = state.alarms;
      this.source = state.source;
      this.version = state.version;
      this.revision = state.revision;
      this.lastChange = Date.now();
      this.loaded = true;
      this.error = null;
    } catch (error) {
      if (error.status === 401) this.dispatchEvent(new Event("logged-out"));
      this.error = error.message;
    } finally {
      this.#loading = false;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const change of waiting) this.#change(change, true);
    this.#tell("hosts", "instances", "strategies", "stock", "alarms", "source", "link");
    if (!this.loaded) setTimeout(() => this.#load(), 2000);
    else if (this.#again) this.#load();
  }

  async #loadEntries() {
    try {
      const entries = await ask("/console/api/entries?limit=500");
      this.entries = entries.reverse();
      this.#tell("entries");
    } catch (error) {
      if (error.status !== 401) setTimeout(() => this.#loadEntries(), 5000);
    }
  }

  /** Older entries than those that are here; false when there are none. */
  async olderEntries() {
    const last = this.entries.at(-1);
    const older = await ask(`/console/api/entries?limit=500&before=${last?.id ?? 0}`);
    this.entries = this.entries.concat(older.reverse());
    this.#tell("entries");
    return older.length > 0;
  }

  #entry(entry) {
    if (this.entries[0] && entry.id <= this.entries[0].id) return;
    this.entries.unshift(entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.length = MAX_ENTRIES;
    this.#tell("entries");
  }

  #change(change, quiet) {
    if (this.#loading) { this.#waiting.push(change); return; }
    if (change.revision <= this.revision) return;
    if (change.from !== this.revision) { this.#load(); return; }
    const kinds = new Set(["link"]);
    const now = Date.now();
    this.revision = change.revision;
    this.lastChange = now;
    if (this.changed.size > 5000) this.changed.clear();
    // when (nearly) all is new, nothing stands out
    const few = change.from > 0 && (change.instances?.length ?? 0) < 500;
    for (const host of change.hosts ?? []) { this.hosts.set(host.name, host); if (few) this.changed.set(host.name, now); kinds.add("hosts"); }
    for (const name of change.hosts_gone ?? []) { this.hosts.delete(name); kinds.add("hosts"); }
    for (const row of change.instances ?? []) { this.instances.set(row[0], row); if (few) this.changed.set(row[0], now); kinds.add("instances"); }
    for (const uuid of change.instances_gone ?? []) { this.instances.delete(uuid); kinds.add("instances"); }
    if (change.strategies) { this.strategies = change.strategies; kinds.add("strategies"); }
    if (change.system) { this.system = change.system; kinds.add("source"); }
    for (const name of change.stock ?? []) { this.stockTables.delete(name); kinds.add("stock"); }
    if (change.held_alarms) { this.heldAlarms = change.held_alarms; kinds.add("alarms"); }
    if (change.unreadable !== undefined) { this.unreadable = change.unreadable; kinds.add("source"); }
    if (!quiet) this.#tell(...kinds);
  }

  /** A table that changes seldom: rows as objects. */
  async table(name) {
    const known = this.stockTables.get(name);
    if (known) return known;
    const { columns, rows } = await ask(`/console/api/stock/${name}`);
    const table = rows.map((row) => Object.fromEntries(row.map((value, index) => [columns[index], value])));
    this.stockTables.set(name, table);
    this.stock[name] = table.length;
    return table;
  }

  /** How many instances or hosts are in each condition. */
  hostCounts() {
    return count(this.hosts.values(), (host) => host.condition);
  }

  instanceCounts() {
    return count(this.instances.values(), (row) => row[COLUMN.condition]);
  }

  /** Instances by the name of their host. */
  byHost() {
    const map = new Map();
    for (const row of this.instances.values()) {
      const list = map.get(row[COLUMN.host]);
      if (list) list.push(row); else map.set(row[COLUMN.host], [row]);
    }
    return map;
  }

  /** The alarms to show and where they come from: Fault Management's, or those of the VIM alone. */
  shownAlarms() {
    if (this.alarms.alarms) return { from: "fm", error: this.alarms.error, list: this.alarms.alarms };
    const list = this.heldAlarms.map((alarm) => ({ ...alarm, id: alarm.kind, suppressed: false }));
    return { from: "vim", error: this.alarms.error, list };
  }
}

function count(items, key) {
  const counts = new Map();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
