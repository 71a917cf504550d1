// The frame around the pages: navigation, state of the link, login.

import { h, icon, put, beforeFrame } from "./dom.js";
import { Store, ask } from "./store.js";
import { number } from "./words.js";
import { overviewPage } from "./overview.js";
import { clusterPage } from "./cluster.js";
import { instancesPage, networksPage, storagePage, imagesPage, flavorsPage, groupsPage } from "./lists.js";
import { hostPage, instancePage } from "./detail.js";
import { eventsPage, alarmsPage } from "./events.js";
import { strategyPage } from "./strategy.js";

const PAGES = [
  ["overview", "Overview", overviewPage],
  ["cluster", "Cluster", clusterPage],
  ["instances", "Instances", instancesPage],
  ["alarms", "Alarms", alarmsPage],
  ["events", "Events", eventsPage],
  ["strategy", "Strategy", strategyPage],
  ["networks", "Networks", networksPage],
  ["storage", "Storage", storagePage],
  ["images", "Images", imagesPage],
  ["flavors", "Flavors", flavorsPage],
  ["groups", "Groups", groupsPage],
];
const RESOURCES = 6;
const ON_PHONE = new Set(["overview", "cluster", "instances", "events"]);
const DETAILS = { host: ["cluster", hostPage], instance: ["instances", instancePage] };

const app = document.getElementById("app");
let store = null;
let page = null;

// ---- appearance

const THEMES = ["auto", "light", "dark"];

function theme() {
  try { return THEMES.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "auto"; } catch { return "auto"; }
}

function setTheme(value) {
  try { localStorage.setItem("theme", value); } catch { /* kept for this page only */ }
  if (value === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", value);
  dispatchEvent(new Event("theme"));
}

setTheme(theme());

// ---- frame

function frame(person) {
  const link = h("div", { class: "link", role: "status" });
  const systemName = h("span", { class: "system-name" });
  const banner = h("div", { class: "banner", role: "alert", hidden: true });
  const main = h("main", { id: "main", class: "main", tabindex: "-1" });
  const counts = new Map();
  const navLink = ([key, label], extra = "") => {
    const amount = h("span", { class: "nav-count" });
    if (!extra) counts.set(key, amount);
    return h("a", { href: `#/${key}`, class: `nav-link ${extra}`, "data-page": key }, icon(key), h("span", { class: "nav-label" }, label), !extra && amount);
  };
  const themeButton = h("button", { type: "button", class: "icon-button", onclick: () => {
    setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    labelTheme();
  } }, icon("theme"), h("span", { class: "button-label" }));
  const labelTheme = () => {
    themeButton.setAttribute("aria-label", `Appearance: ${theme()}`);
    themeButton.title = `Appearance: ${theme()}`;
    themeButton.querySelector(".button-label").textContent = theme();
  };
  labelTheme();
  const logout = person && h("button", { type: "button", class: "icon-button", onclick: async () => {
    await post("/console/api/logout", {}).catch(() => null);
    location.reload();
  } }, icon("key"), h("span", { class: "button-label" }, `Log out ${person}`));

  const more = h("nav", { class: "more-sheet", id: "more", "aria-label": "More pages", hidden: true },
    PAGES.filter(([key]) => !ON_PHONE.has(key)).map((entry) => navLink(entry, "sheet-link")),
    h("div", { class: "sheet-foot" }, person && h("span", { class: "quiet-text" }, person)));
  const moreButton = h("button", { type: "button", class: "nav-link tab", "aria-expanded": "false", "aria-controls": "more", onclick: () => toggleMore() },
    icon("more"), h("span", { class: "nav-label" }, "More"));
  const toggleMore = (open = more.hidden) => {
    more.hidden = !open;
    moreButton.setAttribute("aria-expanded", String(open));
    if (open) more.querySelector("a")?.focus();
  };
  more.addEventListener("click", (event) => event.target.closest("a") && toggleMore(false));
  more.addEventListener("keydown", (event) => { if (event.key === "Escape") { toggleMore(false); moreButton.focus(); } });

  const version = h("span", { class: "quiet-text" });
  put(app,
    h("nav", { class: "rail", "aria-label": "Pages" },
      h("a", { class: "brand", href: "#/overview" }, h("img", { src: "/console/icon.svg", alt: "", width: "26", height: "26" }),
        h("span", { class: "brand-name" }, "Virtual Infrastructure", h("br"), "Manager")),
      PAGES.slice(0, RESOURCES).map((entry) => navLink(entry)),
      h("div", { class: "nav-section" }, "Resources"),
      PAGES.slice(RESOURCES).map((entry) => navLink(entry)),
      h("div", { class: "rail-foot" }, logout, version)),
    h("header", { class: "top" }, h("div", { class: "top-title" }, h("img", { class: "only-phone", src: "/console/icon.svg", alt: "", width: "22", height: "22" }), systemName), link, themeButton),
    banner, main, more,
    h("nav", { class: "tabs", "aria-label": "Main pages" }, PAGES.filter(([key]) => ON_PHONE.has(key)).map((entry) => navLink(entry, "tab")), moreButton));

  const refresh = beforeFrame(() => {
    systemName.textContent = store.system?.name || "Cluster";
    const states = { connecting: ["busy", "Connecting"], live: ["good", "Live"], lost: ["bad", "Reconnecting"] };
    const [tone, words] = states[store.link];
    if (link.dataset.state !== store.link) {
      link.dataset.state = store.link;
      put(link, h("i", { class: `mark ${tone}`, "aria-hidden": "true" }), words);
    }
    const failed = store.instanceCounts().get("failed") ?? 0;
    const alarms = store.shownAlarms().list.filter((alarm) => !alarm.suppressed).length;
    const set = (key, value, tone = "") => {
      const element = counts.get(key);
      element.textContent = value ? number(value) : "";
      element.className = `nav-count ${value ? tone : ""}`;
    };
    const hosts = store.hostCounts();
    set("cluster", (hosts.get("failed") ?? 0) + (hosts.get("offline") ?? 0), "bad");
    set("instances", failed, "bad");
    set("alarms", alarms, "warn");
    set("strategy", store.strategies.filter((one) => ["building", "applying", "aborting"].includes(one.state)).length, "busy");
    version.textContent = store.version ? `Version ${store.version}` : "";
    const problem = store.source.database && store.source.known ? `The database cannot be read (${store.source.database}). What you see is as it was last.`
      : store.link === "lost" && store.loaded ? "The connection is lost. What you see is as it was last."
        : store.unreadable > 0 ? `${store.unreadable} rows of the database cannot be read and are not shown.` : "";
    banner.hidden = !problem;
    if (banner.textContent !== problem) banner.textContent = problem;
  });
  store.addEventListener("update", refresh);
  refresh();
  return main;
}

// ---- pages

let main = null;

function show() {
  const [path, query = ""] = (location.hash.replace(/^#\/?/, "") || "overview").split("?");
  const [name, ...rest] = path.split("/");
  let argument = "";
  try { argument = decodeURIComponent(rest.join("/")); } catch { /* a broken link leads to a thing that is not there */ }
  const detail = DETAILS[name];
  const [key, title, make] = detail ? [detail[0], argument, detail[1]] : PAGES.find(([key]) => key === name) ?? PAGES[0];
  page?.close?.();
  document.title = `${title} – ${store.system?.name || "VIM"}`;
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === key) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  main.dataset.page = name;
  put(main);
  main.scrollTop = 0;
  if (!store.loaded) { page = waiting(); return; }
  page = make({ store, root: main, argument, query: new URLSearchParams(query) });
  page.update?.(new Set(["hosts", "instances", "strategies", "stock", "alarms", "source", "entries", "link"]));
}

function waiting() {
  const note = h("div", { class: "center-note" });
  put(main, note);
  const update = () => {
    if (store.error) {
      put(note, h("h1", null, "The page's data cannot be loaded"), h("p", null, store.error), h("p", { class: "quiet-text" }, "It is tried again every two seconds."));
    } else {
      put(note, h("div", { class: "skeleton", role: "img", "aria-label": "Loading" }, Array.from({ length: 6 }, () => h("i"))));
    }
  };
  update();
  return { update };
}

/** Shown instead of a page while the database was never read. */
function noDatabase() {
  return h("div", { class: "center-note" }, h("h1", null, "Waiting for the database"),
    h("p", null, store.source.database ?? "It was not read yet."),
    h("p", { class: "quiet-text" }, "The page fills by itself as soon as the VIM's database can be read."));
}

const KEYS = { o: "overview", c: "cluster", i: "instances", a: "alarms", e: "events", s: "strategy", n: "networks" };
let going = 0;

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea")) return;
  if (event.key === "/") {
    const field = main?.querySelector(".search-input");
    if (field) { event.preventDefault(); field.focus(); }
  } else if (event.key === "g") going = Date.now();
  else if (Date.now() - going < 1500 && KEYS[event.key]) { location.hash = `#/${KEYS[event.key]}`; going = 0; }
}

async function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Nfv-Console": "1" }, body: JSON.stringify(body) });
}

// ---- begin

function run(person) {
  store = new Store();
  main = frame(person);
  let shown = false;
  const kinds = new Set();
  const flush = beforeFrame(() => {
    const now = new Set(kinds);
    kinds.clear();
    if (store.loaded && !store.source.known) { page?.close?.(); page = null; put(main, noDatabase()); shown = false; return; }
    if (store.loaded && !shown) { shown = true; show(); return; }
    page?.update?.(now);
  });
  store.addEventListener("update", (event) => { for (const kind of event.detail) kinds.add(kind); flush(); });
  store.addEventListener("logged-out", () => { store.stop(); location.reload(); });
  addEventListener("hashchange", () => {
    if (store.loaded && store.source.known) { show(); main.focus({ preventScroll: true }); }
  });
  addEventListener("keydown", keys);
  document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
  page = waiting();
  store.start();
}

function loginPage() {
  const problem = h("p", { class: "form-problem", role: "alert" });
  const name = h("input", { id: "name", name: "username", autocomplete: "username", required: true, autocapitalize: "off", spellcheck: "false" });
  const password = h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true });
  const button = h("button", { class: "button primary", type: "submit" }, "Log in");
  put(app, h("main", { class: "login", id: "main", tabindex: "-1" }, h("form", { class: "login-card", onsubmit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = "";
    try {
      const session = await post("/console/api/login", { name: name.value, password: password.value });
      run(session.person);
    } catch (error) {
      problem.textContent = error.message;
      password.value = "";
      password.focus();
    } finally {
      button.disabled = false;
    }
  } },
  h("img", { src: "/console/icon.svg", alt: "", width: "40", height: "40" }),
  h("h1", null, "Virtual Infrastructure Manager"),
  h("p", { class: "quiet-text" }, "Log in with your name at the platform's Keystone."),
  h("label", { for: "name" }, "Name"), name, h("label", { for: "password" }, "Password"), password, problem, button)));
  name.focus();
}

async function begin() {
  try {
    const session = await ask("/console/api/session");
    if (session.login && !session.person) loginPage(); else run(session.person);
  } catch {
    put(app, h("main", { class: "center-note", id: "main" }, h("h1", null, "The server does not answer"), h("p", null, "It is tried again in a few seconds.")));
    setTimeout(begin, 3000);
  }
}

begin();
