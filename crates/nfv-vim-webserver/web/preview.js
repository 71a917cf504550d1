// What would happen: asked of the VIM, nothing is changed by asking (docs/extensions.md).

import { h, put } from "./dom.js";
import { ask } from "./store.js";
import { badge, duration, number, sentence, timeOf } from "./words.js";

/** So many instances are shown at first, and with each step. */
const MOST_MOVES = 50;
const ACTIONS = { "live-migrate": "good", "cold-migrate": "busy", evacuate: "busy", stop: "warn", fail: "bad", stay: "off" };

function about(estimate) {
  return `about ${duration(estimate.seconds)}${estimate.measured ? "" : ", as is assumed"}`;
}

/** Where an instance could go. */
function places({ count, hosts, excluded }) {
  const rest = count - hosts.length;
  const to = count === 0 ? "No host could take it" : `To ${hosts.join(", ")}${rest > 0 ? ` and ${number(rest)} more` : ""}`;
  const not = Object.entries(excluded).map(([reason, amount]) => `${number(amount)} ${reason}`);
  return not.length ? `${to} (not: ${not.join(", ")})` : to;
}

function moveItem(one, store) {
  const label = one.name || one.uuid;
  const name = store.instances.has(one.uuid) ? h("a", { href: `#/instance/${encodeURIComponent(one.uuid)}` }, label) : h("b", null, label);
  return h("li", { class: "move" },
    h("div", { class: "move-head" }, name, badge(sentence(one.action), ACTIONS[one.action] ?? "quiet", one.then && `then ${sentence(one.then).toLowerCase()}`), one.estimate.seconds > 0 && h("span", { class: "quiet-text" }, about(one.estimate))),
    one.destinations && h("p", { class: "move-where" }, places(one.destinations)),
    one.reason && h("p", { class: "step-reason" }, one.reason));
}

function moveList(moves, store) {
  if (!moves.length) return null;
  const counts = new Map();
  for (const one of moves) counts.set(one.action, (counts.get(one.action) ?? 0) + 1);
  const list = h("ol", { class: "plain moves" });
  const more = h("button", { type: "button", class: "button", onclick: () => grow() });
  let shown = 0;
  function grow() {
    const first = shown;
    shown = Math.min(moves.length, shown + MOST_MOVES);
    list.append(...moves.slice(first, shown).map((one) => moveItem(one, store)));
    // the keyboard goes on where the new ones begin
    if (first > 0) { const next = list.children[first]?.querySelector("a"); next?.focus({ preventScroll: true }); }
    more.hidden = shown === moves.length;
    more.textContent = `Show more of ${number(moves.length - shown)}`;
  }
  grow();
  return [h("p", { class: "move-counts" }, [...counts].map(([action, amount]) => badge(`${number(amount)} ${sentence(action).toLowerCase()}`, ACTIONS[action] ?? "quiet"))), list, more];
}

function stepItem(step, hosts) {
  const names = step.entities.join() === hosts.join() ? [] : step.entities;
  return h("li", null, h("b", null, sentence(step.name)), h("span", { class: "quiet-text" }, `${about(step.estimate)}, at most ${duration(step.deadline_secs)}`),
    names.length > 0 && h("p", { class: "step-names" }, names.slice(0, 8).join(", "), names.length > 8 && ` and ${number(names.length - 8)} more`));
}

function stageBody(stage, store) {
  return [
    stage.refused && problem(`It would fail: ${stage.refused}`),
    stage.steps.length > 0 && h("ol", { class: "plain preview-steps" }, stage.steps.map((step) => stepItem(step, stage.hosts))),
    moveList(stage.moves, store)];
}

function stagePart(stage, store) {
  // a host has one stage, without a name
  if (!stage.name) return h("div", null, stageBody(stage, store));
  return h("details", { class: `stage ${stage.refused ? "edge-bad" : ""}`, open: Boolean(stage.refused) },
    h("summary", { class: "stage-head" },
      h("span", { class: "stage-title" }, h("b", null, `${stage.stage_id + 1}. ${sentence(stage.name)}`),
        h("span", { class: "stage-hosts" }, stage.hosts.slice(0, 4).join(", "), stage.hosts.length > 4 && ` and ${number(stage.hosts.length - 4)} more`)),
      h("span", { class: "count" }, about(stage.estimate))),
    stageBody(stage, store));
}

function problem(text) {
  return h("p", { class: "problem" }, text);
}

/** What is read out when it comes. */
function summary(preview) {
  // a failure is nothing that could be refused
  const well = !preview.refused && preview.action !== "fail";
  return [
    preview.refused && problem(`It would not succeed: ${preview.refused}`),
    h("p", { class: "preview-sum" }, well && badge("Nothing speaks against it", "good"),
      preview.estimate && h("span", null, sentence(about(preview.estimate))), h("span", { class: "quiet-text" }, "as of ", timeOf(new Date().toISOString())))];
}

function result(preview, store) {
  const one = preview.stages.length === 1 && !preview.stages[0].name;
  const empty = preview.stages.every((stage) => !stage.moves.length && !stage.steps.length);
  return [
    preview.notes.map((note) => h("p", { class: "step-reason" }, note)),
    empty && h("p", { class: "empty" }, "No instance is concerned."),
    preview.stages.length > 0 && h("div", { class: one ? "" : "stages" }, preview.stages.map((stage) => stagePart(stage, store)))];
}

/** A panel with a button for each question: label and address. What is shown stays until it is asked again. */
export function previewPanel(store, title, questions) {
  const sum = h("div", { role: "status" });
  const body = h("div");
  let asked = 0;
  let closed = false;
  const buttons = questions.map(([label, path]) => h("button", { type: "button", class: "button", "aria-pressed": "false", onclick: async (event) => {
    asked += 1;
    const mine = asked;
    const pressed = event.currentTarget;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
    put(body);
    put(sum, h("p", { class: "empty" }, "Asking the VIM …"));
    let shown;
    try {
      const preview = await ask(path);
      shown = [summary(preview), result(preview, store)];
    } catch (error) {
      if (error.status === 401) { store.dispatchEvent(new Event("logged-out")); return; }
      shown = [problem(error.status ? error.message : "The dashboard does not answer."), null];
    }
    if (closed || mine !== asked) return;
    put(sum, shown[0]);
    put(body, shown[1]);
  } }, label));
  const element = h("section", { class: "panel preview" }, h("h2", null, title), h("p", { class: "quiet-text" }, "The VIM tells what it would do; nothing is done by asking."),
    h("div", { class: "preview-buttons" }, buttons), h("div", { class: "preview-answer" }, sum, body));
  return { element, close() { closed = true; } };
}
