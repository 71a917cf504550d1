// The hosts with their instances, as a picture: every square is an instance.

import { beforeFrame, h, put } from "./dom.js";
import { COLUMN } from "./store.js";
import { HOST_CONDITIONS, badge, hostCondition, instanceCondition, memory, number, sentence } from "./words.js";
import { chips, matcher, searchField } from "./table.js";

const SIZE = 9;
const GAP = 3;
const ORDER = new Map(HOST_CONDITIONS.map(([key], index) => [key, index]));
const CONDITION_ORDER = ["failed", "changing", "disabled", "paused", "suspended", "running", "stopped"];
const COLLATOR = new Intl.Collator("en", { numeric: true });

/** The colours of tones as a canvas wants them. */
function colours() {
  const probe = h("i", { hidden: true });
  document.body.append(probe);
  const read = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  const found = { good: read("square-good"), busy: read("busy"), warn: read("warn"), bad: read("bad"), off: read("square-off"), quiet: read("quiet"), cross: read("surface") };
  probe.remove();
  return found;
}

function sortedInstances(list) {
  return list.toSorted((a, b) => CONDITION_ORDER.indexOf(a[COLUMN.condition]) - CONDITION_ORDER.indexOf(b[COLUMN.condition]) || COLLATOR.compare(a[COLUMN.name], b[COLUMN.name]));
}

class HostCard {
  constructor(store) {
    this.store = store;
    this.canvas = h("canvas", { class: "squares", "aria-hidden": "true" });
    this.element = h("article", { class: "host-card" });
    this.squares = [];
    this.canvas.addEventListener("mousemove", (event) => {
      const row = this.#at(event);
      this.canvas.title = row ? `${row[COLUMN.name]} – ${instanceCondition(row[COLUMN.condition])[1]}${row[COLUMN.detail] ? ` (${row[COLUMN.detail]})` : ""}` : "";
      this.canvas.classList.toggle("on-square", Boolean(row));
    });
    this.canvas.addEventListener("click", (event) => {
      const row = this.#at(event);
      if (row) { event.preventDefault(); location.hash = `#/instance/${encodeURIComponent(row[0])}`; }
    });
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / (SIZE + GAP));
    const line = Math.floor((event.clientY - box.top) / (SIZE + GAP));
    return column < this.columns ? this.squares[line * this.columns + column] : undefined;
  }

  set(host, residents) {
    const failed = residents.filter((row) => row[COLUMN.condition] === "failed").length;
    const moving = residents.filter((row) => row[COLUMN.condition] === "changing").length;
    const [, label, tone] = hostCondition(host.condition);
    const print = JSON.stringify([host, residents.length, failed, moving]);
    if (this.print !== print) {
      this.print = print;
      this.host = host;
      const capacity = host.capacity;
      const bar = (name, used, size, text) => h("div", { class: "mini", title: `${name}: ${text}` },
        h("span", { class: "mini-label" }, name), h("div", { class: "meter" }, h("i", { class: size && used / size > 0.9 ? "warn" : "", css: { width: `${size ? Math.min(100, (used / size) * 100) : 0}%` } })),
        h("span", { class: "mini-text" }, text));
      const notes = [residents.length ? `${number(residents.length)} instances` : "No instances", failed && `${number(failed)} failed`, moving && `${number(moving)} changing`].filter(Boolean);
      this.element.className = `host-card edge-${tone} ${Date.now() - (this.store.changed.get(host.name) ?? 0) < 4000 ? "fresh" : ""}`;
      put(this.element,
        h("div", { class: "host-head" }, h("h2", null, h("a", { href: `#/host/${encodeURIComponent(host.name)}` }, host.name)), badge(label, tone)),
        h("p", { class: "host-sub" }, host.personality.replaceAll(",", ", "), host.action && host.action !== " none" ? ` · ${host.action}` : "", host.condition !== "in-service" ? ` · ${sentence(host.avail).toLowerCase()}` : ""),
        residents.length > 0 && this.canvas,
        h("p", { class: "host-notes" }, notes.join(" · ")),
        capacity && h("div", { class: "minis" }, bar("CPU", capacity.vcpus_used, capacity.vcpus_max, `${number(capacity.vcpus_used)}/${number(capacity.vcpus_max)}`),
          bar("Mem", capacity.mem_used_mb, capacity.mem_max_mb, `${memory(capacity.mem_used_mb)} / ${memory(capacity.mem_max_mb)}`)));
    }
    this.residents = residents;
    this.squaresPrint = null;
  }

  draw(palette) {
    if (!this.residents?.length || !this.canvas.isConnected) return;
    const width = this.element.clientWidth - 26;
    if (width <= 0) return;
    const columns = Math.max(1, Math.floor((width + GAP) / (SIZE + GAP)));
    this.squares = sortedInstances(this.residents);
    const print = columns + this.squares.map((row) => row[COLUMN.condition][0] + row[COLUMN.condition][2]).join("") + palette.good + palette.bad;
    this.columns = columns;
    if (this.drawn === print) return;
    this.drawn = print;
    const lines = Math.ceil(this.squares.length / columns);
    const scale = devicePixelRatio || 1;
    const height = lines * (SIZE + GAP) - GAP;
    this.canvas.width = (columns * (SIZE + GAP) - GAP) * scale;
    this.canvas.height = height * scale;
    this.canvas.style.width = `${columns * (SIZE + GAP) - GAP}px`;
    this.canvas.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    this.squares.forEach((row, index) => {
      const tone = instanceCondition(row[COLUMN.condition])[2];
      const x = (index % columns) * (SIZE + GAP);
      const y = Math.floor(index / columns) * (SIZE + GAP);
      pen.fillStyle = palette[tone];
      pen.beginPath();
      pen.roundRect(x, y, SIZE, SIZE, 2);
      pen.fill();
      // not by colour alone: failed ones are crossed, those in change have a hole
      if (tone === "bad") {
        pen.strokeStyle = palette.cross;
        pen.lineWidth = 1.3;
        pen.beginPath();
        pen.moveTo(x + 2.5, y + 2.5); pen.lineTo(x + SIZE - 2.5, y + SIZE - 2.5);
        pen.moveTo(x + SIZE - 2.5, y + 2.5); pen.lineTo(x + 2.5, y + SIZE - 2.5);
        pen.stroke();
      } else if (tone === "busy" || tone === "quiet") {
        pen.clearRect(x + 3, y + 3, SIZE - 6, SIZE - 6);
      }
    });
  }
}

export function clusterPage({ store, root, query }) {
  const cards = new Map();
  const grid = h("div", { class: "host-grid" });
  const none = h("p", { class: "empty", hidden: true });
  let wanted = null;
  let state = query.get("state");
  let palette = colours();
  const draw = beforeFrame(() => { for (const card of cards.values()) card.draw(palette); });
  const search = searchField("Find hosts", (text) => { wanted = matcher(text); arrange(); });
  const states = chips("Hosts by condition", HOST_CONDITIONS, (key) => { state = key; arrange(); });
  if (state) states.choose(state, true);
  put(root, h("div", { class: "page scroll" },
    h("div", { class: "page-head" }, h("h1", null, "Cluster"), search),
    states.element, grid, none,
    h("p", { class: "key", "aria-hidden": "true" }, "Each square is an instance: ",
      [["good", "running"], ["busy", "changing"], ["bad", "failed"], ["warn", "disabled"], ["quiet", "paused"], ["off", "stopped"]].map(([tone, text]) => h("span", null, h("i", { class: `square ${tone}` }), text)))));
  const resize = new ResizeObserver(draw);
  resize.observe(grid);
  const onTheme = () => { palette = colours(); draw(); };
  addEventListener("theme", onTheme);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", onTheme);

  function arrange() {
    const byHost = store.byHost();
    const hosts = [...store.hosts.values()]
      .filter((host) => (!state || host.condition === state) && (!wanted || wanted(`${host.name} ${host.personality} ${host.condition} ${host.state} ${host.avail}`.toLowerCase())))
      .sort((a, b) => ORDER.get(a.condition) - ORDER.get(b.condition) || COLLATOR.compare(a.name, b.name));
    for (const [name, card] of cards) if (!store.hosts.has(name)) { card.element.remove(); cards.delete(name); }
    const elements = hosts.map((host) => {
      let card = cards.get(host.name);
      if (!card) cards.set(host.name, card = new HostCard(store));
      card.set(host, byHost.get(host.name) ?? []);
      return card.element;
    });
    if (elements.length !== grid.children.length || elements.some((element, index) => grid.children[index] !== element)) {
      const focused = document.activeElement;
      grid.replaceChildren(...elements);
      if (focused && focused !== document.body && grid.contains(focused)) focused.focus({ preventScroll: true });
    }
    none.hidden = elements.length > 0;
    none.textContent = store.hosts.size ? "No host matches the filter." : "The VIM knows of no hosts yet.";
    states.counts(store.hostCounts());
    draw();
  }

  return {
    update(kinds) { if (kinds.has("hosts") || kinds.has("instances")) arrange(); },
    close() { resize.disconnect(); removeEventListener("theme", onTheme); scheme.removeEventListener("change", onTheme); },
  };
}
