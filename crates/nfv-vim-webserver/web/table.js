// A table of any length of which only what is in sight is in the page.

import { beforeFrame, h, icon, put } from "./dom.js";
import { number } from "./words.js";

const PHONE = matchMedia("(max-width: 640px)");
const ROW = 34;
const PHONE_ROW = 60;
const MARGIN = 12;
const COLLATOR = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/**
 * `columns`: { label, width, cell(row) → node or text, sort(row) → text or number, end }.
 * `card(row)`: what a row is on a phone. `id(row)`: its key. `empty`: the text for no rows.
 * `atMost`: as high as its rows need, and no higher than this; else it fills what there is.
 */
export class Table {
  #options;
  #data = [];
  /** { id, key, row } in the order of the chosen column. */
  #sorted = [];
  #shown = [];
  #wanted = null;
  #sort = { column: 0, down: false };
  #body = h("div", { class: "vt-rows", role: "presentation" });
  #head = h("div", { class: "vt-head", role: "rowgroup" });
  #rows = new Map();
  #resize;
  #draw = beforeFrame(() => this.#paint());
  #onPhone = () => { this.#rows.clear(); put(this.#body); this.#drawHead(); this.#paint(); };

  constructor(options) {
    this.#options = options;
    this.#sort = { column: options.sortBy ?? 0, down: options.sortDown ?? false };
    this.none = h("p", { class: "empty", hidden: true });
    this.scroller = h("div", { class: "vt-scroll", tabindex: "0", role: "rowgroup" }, this.#body);
    this.table = h("div", { class: "vt", role: "table", "aria-label": options.label }, this.#head, this.scroller);
    this.sorter = h("select", { class: "select only-phone", "aria-label": "Sort by", onchange: (event) => this.#choose(Number(event.target.value), false) },
      options.columns.map((column, index) => column.sort && h("option", { value: index }, `By ${column.label.toLowerCase()}`)));
    this.table.style.setProperty("--columns", options.columns.map((column) => column.width ?? "1fr").join(" "));
    this.element = h("div", { class: `vt-wrap ${options.class ?? ""}` }, this.table, this.none);
    this.scroller.addEventListener("scroll", this.#draw, { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.#key(event));
    this.#resize = new ResizeObserver(this.#draw);
    this.#resize.observe(this.scroller);
    PHONE.addEventListener("change", this.#onPhone);
    this.#drawHead();
  }

  close() {
    this.#resize.disconnect();
    PHONE.removeEventListener("change", this.#onPhone);
  }

  /** All rows. Those whose key is what it was stay where they are; sorting 10,000 names anew takes its time. */
  data(rows) {
    this.#data = rows;
    const key = this.#options.columns[this.#sort.column].sort;
    const left = new Map(rows.map((row) => [this.#options.id(row), row]));
    const kept = [];
    const moved = [];
    for (const entry of this.#sorted) {
      const row = left.get(entry.id);
      if (row === undefined) continue;
      left.delete(entry.id);
      if (row === entry.row) { kept.push(entry); continue; }
      const now = { id: entry.id, key: key(row), row };
      (now.key === entry.key ? kept : moved).push(now);
    }
    for (const [id, row] of left) moved.push({ id, key: key(row), row });
    const compare = this.#compare();
    moved.sort(compare);
    if (kept.length === 0 || moved.length === 0) this.#sorted = kept.length ? kept : moved;
    else {
      const merged = [];
      let next = 0;
      for (const entry of kept) {
        while (next < moved.length && compare(moved[next], entry) < 0) merged.push(moved[next++]);
        merged.push(entry);
      }
      while (next < moved.length) merged.push(moved[next++]);
      this.#sorted = merged;
    }
    this.#choice();
  }

  /** Only rows that `wanted` says yes to; none: all. */
  filter(wanted) {
    this.#wanted = wanted;
    this.#choice();
  }

  get shownCount() { return this.#shown.length; }

  #compare() {
    const { down } = this.#sort;
    const text = (a, b) => COLLATOR.compare(a.key, b.key);
    const compare = (a, b) => (typeof a.key === "number" ? a.key - b.key : text(a, b));
    return down ? (a, b) => compare(b, a) : compare;
  }

  #order() {
    this.#sorted = [];
    this.data(this.#data);
  }

  #choice() {
    this.#shown = [];
    for (const { row } of this.#sorted) if (!this.#wanted || this.#wanted(row)) this.#shown.push(row);
    this.table.setAttribute("aria-rowcount", String(this.#shown.length + 1));
    // what is in sight at once, the rows around it with the next frame
    this.#paint(0);
    this.#draw();
    this.#options.counted?.(this.#shown.length, this.#data.length);
  }

  #choose(column, toggle) {
    const same = this.#sort.column === column;
    this.#sort = { column, down: toggle && same ? !this.#sort.down : false };
    this.sorter.value = String(column);
    this.#drawHead();
    this.scroller.scrollTop = 0;
    this.#order();
  }

  #drawHead() {
    const focused = [...this.#head.querySelectorAll("button")].indexOf(document.activeElement);
    const cells = this.#options.columns.map((column, index) => {
      const active = this.#sort.column === index;
      const direction = active ? (this.#sort.down ? "descending" : "ascending") : "none";
      const content = column.sort
        ? h("button", { type: "button", class: "vt-sort", onclick: () => this.#choose(index, true) }, column.label,
          h("span", { class: `arrow ${active ? (this.#sort.down ? "down" : "up") : ""}`, "aria-hidden": "true" }))
        : column.label;
      return h("div", { class: `vt-cell ${column.end ? "end" : ""}`, role: "columnheader", "aria-sort": column.sort ? direction : undefined }, content);
    });
    put(this.#head, h("div", { class: "vt-row vt-headrow", role: "row", "aria-rowindex": "1" }, cells));
    this.#head.querySelectorAll("button")[focused]?.focus();
  }

  #paint(margin = MARGIN) {
    // all reading comes before the first writing: each change of order would cost a layout
    const gutter = this.scroller.offsetWidth - this.scroller.clientWidth;
    const size = PHONE.matches ? PHONE_ROW : ROW;
    const rows = this.#shown;
    // as high as its rows, up to what there is room for
    const high = rows.length * size + (PHONE.matches ? 2 : 37);
    const most = Math.min(innerHeight, this.#options.atMost || innerHeight);
    const top = Math.min(this.scroller.scrollTop, Math.max(0, rows.length * size - this.scroller.clientHeight));
    this.#body.style.height = `${rows.length * size}px`;
    this.element.style.height = rows.length ? `${Math.min(high, this.#options.atMost || high)}px` : "auto";
    this.#head.style.paddingRight = `${gutter}px`;
    const empty = rows.length === 0;
    this.none.hidden = !empty;
    this.table.hidden = empty && this.#data.length === 0;
    if (empty) put(this.none, this.#data.length ? "Nothing matches the filter." : (this.#options.empty ?? "There is nothing here."));
    const first = Math.max(0, Math.floor(top / size) - margin);
    const last = Math.min(rows.length, Math.ceil((top + most) / size) + margin);
    const keep = new Map();
    for (let index = first; index < last; index += 1) {
      const row = rows[index];
      let known = this.#rows.get(this.#options.id(row));
      if (!known || known.row !== row) {
        const element = this.#rowElement(row);
        if (known) {
          const hadFocus = known.element.contains(document.activeElement);
          known.element.replaceWith(element);
          if (hadFocus) element.querySelector("a")?.focus({ preventScroll: true });
        } else this.#body.append(element);
        known = { row, element, index: -1 };
      }
      if (known.index !== index) {
        known.index = index;
        known.element.style.transform = `translateY(${index * size}px)`;
        known.element.setAttribute("aria-rowindex", String(index + 2));
        known.element.classList.toggle("odd", index % 2 === 1);
      }
      keep.set(this.#options.id(row), known);
    }
    for (const [id, { element }] of this.#rows) {
      if (keep.has(id)) continue;
      if (element.contains(document.activeElement)) this.scroller.focus({ preventScroll: true });
      element.remove();
    }
    this.#rows = keep;
  }

  #rowElement(row) {
    const fresh = this.#options.fresh?.(row);
    if (PHONE.matches) {
      return h("div", { class: `vt-row vt-card ${fresh ? "fresh" : ""}`, role: "row" },
        h("div", { class: "vt-cell", role: "cell" }, this.#options.card(row)));
    }
    return h("div", { class: `vt-row ${fresh ? "fresh" : ""}`, role: "row" },
      this.#options.columns.map((column) => h("div", { class: `vt-cell ${column.end ? "end" : ""}`, role: "cell" }, column.cell(row))));
  }

  /** Up and down go from row to row, also to rows that are not in the page yet. */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const size = PHONE.matches ? PHONE_ROW : ROW;
    const current = [...this.#rows.values()].find(({ element }) => element.contains(document.activeElement));
    const index = current ? current.index + step : Math.ceil(this.scroller.scrollTop / size);
    if (index < 0 || index >= this.#shown.length) return;
    event.preventDefault();
    const top = index * size;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + size > this.scroller.scrollTop + this.scroller.clientHeight) this.scroller.scrollTop = top + size - this.scroller.clientHeight;
    this.#paint();
    this.#rows.get(this.#options.id(this.#shown[index]))?.element.querySelector("a")?.focus({ preventScroll: true });
  }
}

/** Buttons of which one or none is pressed: [key, label, tone]. Tells the key, or null for all. */
export function chips(label, list, onchoose) {
  let chosen = null;
  const buttons = list.map(([key, text, tone]) => {
    const amount = h("span", { class: "chip-count" });
    const button = h("button", { type: "button", class: `chip ${tone}`, "aria-pressed": "false",
      onclick: () => choose(chosen === key ? null : key) },
      h("i", { class: "mark", "aria-hidden": "true" }), text, amount);
    return { key, button, amount };
  });
  function choose(key, quiet) {
    chosen = key;
    for (const one of buttons) one.button.setAttribute("aria-pressed", String(one.key === key));
    if (!quiet) onchoose(key);
  }
  return {
    element: h("div", { class: "chips", role: "group", "aria-label": label }, buttons.map((one) => one.button)),
    choose,
    counts(counts) {
      for (const one of buttons) {
        const value = counts.get(one.key) ?? 0;
        one.amount.textContent = number(value);
        one.button.classList.toggle("none", value === 0);
      }
    },
  };
}

/** A field that filters. */
export function searchField(label, onsearch, value = "") {
  const input = h("input", { type: "search", class: "search-input", placeholder: label, "aria-label": label, autocomplete: "off", spellcheck: "false", value,
    oninput: (event) => onsearch(event.target.value) });
  return h("div", { class: "search" }, icon("search"), input, h("kbd", { class: "hint not-phone", "aria-hidden": "true" }, "/"));
}

/** Words of which all must be in the text. */
export function matcher(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length ? (haystack) => words.every((word) => haystack.includes(word)) : null;
}
