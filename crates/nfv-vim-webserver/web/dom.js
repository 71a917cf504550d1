// Building the page. Text only ever becomes a text node, so nothing that comes from the cloud can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.setAttribute("class", value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "css") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** An element with properties (`class`, `css`, `onclick`, attributes) and children (nodes or texts). */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

const ICONS = {
  overview: "M3 3h8v8H3zM13 3h8v5h-8zM13 10h8v11h-8zM3 13h8v8H3z",
  cluster: "M4 4h16v6H4zM4 14h16v6H4zM7 7h.01M7 17h.01M11 7h6M11 17h6",
  instances: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.5",
  events: "M4 6h16M4 12h10M4 18h13",
  alarms: "M12 4a6 6 0 016 6v4l2 3H4l2-3v-4a6 6 0 016-6zM10 20h4",
  strategy: "M5 4v16M5 6h11l-2 3 2 3H5",
  networks: "M12 4v6M6 20v-4h12v4M12 10v6M9 4h6M4 20h4M16 20h4",
  storage: "M4 6c0-4 16-4 16 0v12c0 4-16 4-16 0zM4 6c0 4 16 4 16 0M4 12c0 4 16 4 16 0",
  images: "M4 4h16v16H4zM4 16l5-5 4 4 3-3 4 4M15 8h.01",
  flavors: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  groups: "M8 11a3 3 0 100-6 3 3 0 000 6zM16 11a3 3 0 100-6 3 3 0 000 6zM3 19c0-6 10-6 10 0M13 15c3-2 8-1 8 4",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  theme: "M12 4a8 8 0 100 16zM12 4a8 8 0 010 16",
  back: "M14 6l-6 6 6 6",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zM16 16l5 5",
  check: "M5 12.5l4.5 4.5L19 7",
  cross: "M6 6l12 12M18 6L6 18",
  dash: "M7 12h10",
  clock: "M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.5l3 2",
  key: "M14 10a4 4 0 10-3.9 4L12 12h2v-2h2V8",
};

/** A drawing beside a text that says the same. */
export function icon(name) {
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    s("path", { d: ICONS[name] ?? ICONS.dash }));
}

const STOPS = "a, button, summary, input, select";

/** Replaces what is in an element. The keyboard stays where it was: at the same link, else at the same place. */
export function put(element, ...children) {
  const active = element.contains(document.activeElement) && element !== document.activeElement ? document.activeElement : null;
  const place = active ? [...element.querySelectorAll(STOPS)].indexOf(active) : -1;
  element.replaceChildren();
  fill(element, null, children);
  if (active && !element.contains(active)) {
    const stops = [...element.querySelectorAll(STOPS)];
    const href = active.getAttribute("href");
    const next = (href && stops.find((one) => one.getAttribute("href") === href)) || stops[Math.min(place, stops.length - 1)];
    next?.focus({ preventScroll: true });
  }
  return element;
}

/** Calls `work` before the next frame, once however often it is asked to. */
export function beforeFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; work(); });
  };
}
