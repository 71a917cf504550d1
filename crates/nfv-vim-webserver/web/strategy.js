// Software update strategies: phases, stages and steps as progress.

import { previewPanel } from "./preview.js";
import { h, icon, put } from "./dom.js";
import { badge, number, sentence } from "./words.js";

const RESULTS = {
  success: ["good", "Done", "check"],
  degraded: ["warn", "Done, degraded", "check"],
  failed: ["bad", "Failed", "cross"],
  "timed-out": ["bad", "Timed out", "clock"],
  aborted: ["off", "Aborted", "cross"],
  initial: ["off", "Not begun", "dash"],
  wait: ["busy", "Running", "clock"],
};
const STATES = { building: "busy", applying: "busy", aborting: "warn", applied: "good", "ready-to-apply": "good", aborted: "off", initial: "off" };
const stateTone = (state) => STATES[state] ?? (/fail|timeout/.test(state) ? "bad" : "quiet");

function outcome(thing) {
  if (thing.running) return ["busy", "Running", "clock"];
  return RESULTS[thing.result] ?? ["quiet", sentence(thing.result), "dash"];
}

function times(thing) {
  if (!thing.begin) return null;
  return h("span", { class: "times" }, thing.end ? `${thing.begin} – ${thing.end.slice(0, 10) === thing.begin.slice(0, 10) ? thing.end.slice(11) : thing.end}` : `since ${thing.begin}`);
}

/** A step; the hosts of its stage are not named again. */
function stepLine(step, hosts) {
  const [tone, label, sign] = outcome(step);
  const names = step.entities.join() === hosts.join() ? [] : step.entities;
  return h("li", { class: `step ${tone} ${step.running ? "now" : ""}` },
    h("span", { class: `step-sign ${tone}` }, icon(sign)),
    h("div", { class: "step-body" },
      h("div", { class: "step-head" }, h("b", null, sentence(step.name)), h("span", { class: `step-result ${tone}` }, label)),
      names.length > 0 && h("p", { class: "step-names" }, names.slice(0, 8).join(", "), names.length > 8 && ` and ${number(names.length - 8)} more`),
      step.reason && h("p", { class: "step-reason" }, step.reason),
      times(step)));
}

function stagePart(stage, index, open) {
  const [tone, label, sign] = outcome(stage);
  const done = stage.steps.filter((step) => ["success", "degraded"].includes(step.result)).length;
  const hosts = [...new Set(stage.steps.flatMap((step) => step.entities))];
  return h("details", { class: `stage edge-${tone} ${stage.running ? "now" : ""}`, open },
    h("summary", { class: "stage-head" }, h("span", { class: `step-sign ${tone}` }, icon(sign)),
      h("span", { class: "stage-title" }, h("b", null, `${index + 1}. ${sentence(stage.name)}`),
        h("span", { class: "stage-hosts" }, hosts.slice(0, 4).join(", "), hosts.length > 4 && ` and ${number(hosts.length - 4)} more`)),
      h("span", { class: "count" }, stage.running ? `${done} of ${stage.steps.length}` : label)),
    stage.reason && h("p", { class: "step-reason" }, stage.reason),
    times(stage),
    h("ol", { class: "steps" }, stage.steps.map((step) => stepLine(step, hosts))));
}

function phaseStep(phase) {
  const began = phase.running || phase.begin || phase.stages.some((stage) => stage.begin);
  const [tone, label, sign] = phase.running ? ["busy", `${phase.percent} %`, "clock"] : began ? outcome(phase) : ["off", phase.stages.length ? "Not begun" : "Nothing to do", "dash"];
  return h("li", { class: `phase-step ${tone}` }, h("span", { class: `step-sign ${tone}` }, icon(sign)), h("div", null, h("b", null, sentence(phase.name)), h("span", { class: "quiet-text" }, label)));
}

export function strategyPage({ store, root }) {
  const body = h("div", { class: "page scroll" });
  put(root, body);
  const open = new Map();
  // what was asked about a strategy stays while the rest is drawn anew
  const previews = new Map();

  function preview(strategy) {
    if (!["sw-patch", "sw-upgrade"].includes(strategy.kind)) return null;
    const known = previews.get(strategy.uuid) ?? previewPanel(store, "What if?", [["Apply what is left", `/console/api/preview/strategy/${strategy.kind}`]]);
    previews.set(strategy.uuid, known);
    return known.element;
  }

  function phasePart(strategy, phase) {
    if (!phase.stages.length) return null;
    const key = `${strategy.uuid} ${phase.name}`;
    const details = h("details", { class: "phase", open: open.get(key) ?? (phase.running || phase.name === strategy.current_phase) },
      h("summary", null, h("h3", null, `${sentence(phase.name)} phase`), h("span", { class: "count" }, `${phase.stages.length} ${phase.stages.length === 1 ? "stage" : "stages"}`)),
      phase.reason && h("p", { class: "step-reason" }, phase.reason),
      h("div", { class: "stages" }, phase.stages.map((stage, index) => {
        const own = `${key} ${index}`;
        const trouble = ["failed", "timed-out", "aborted", "degraded"].includes(stage.result);
        // one that is opened by itself closes by itself, too, when it is over
        const part = stagePart(stage, index, open.get(own) ?? (stage.running || trouble));
        part.querySelector("summary").addEventListener("click", () => open.set(own, !part.open));
        return part;
      })));
    details.firstChild.addEventListener("click", () => open.set(key, !details.open));
    return details;
  }

  function draw() {
    // what stays is taken out for a moment, and the keyboard with it
    const held = body.contains(document.activeElement) ? document.activeElement : null;
    fillIn();
    if (held && held !== document.activeElement && body.contains(held)) held.focus({ preventScroll: true });
  }

  function fillIn() {
    if (!store.strategies.length) {
      put(body, h("h1", null, "Strategy"), h("div", { class: "empty-card" }, icon("strategy"), h("p", null, "There is no strategy."),
        h("p", { class: "quiet-text" }, "A patch or upgrade strategy that is created with sw-manager shows here, step by step.")));
      return;
    }
    put(body, h("h1", null, store.strategies.length === 1 ? "Strategy" : "Strategies"), store.strategies.map((one) => h("article", { class: "strategy" },
      h("div", { class: "strategy-head" },
        h("div", null, h("h2", null, sentence(one.kind)), h("code", { class: "id" }, one.uuid)),
        badge(sentence(one.state), stateTone(one.state)),
        h("div", { class: "strip-progress" },
          h("div", { class: "meter tall", role: "progressbar", "aria-label": `Progress of the ${one.current_phase} phase`, "aria-valuenow": String(one.percent), "aria-valuemin": "0", "aria-valuemax": "100" }, h("i", { css: { width: `${one.percent}%` } })),
          h("b", null, `${one.percent} %`))),
      h("ol", { class: "phase-steps" }, one.phases.map(phaseStep)),
      h("dl", { class: "terms" }, one.terms.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, sentence(value))))),
      preview(one),
      one.phases.map((phase) => phasePart(one, phase)))));
  }
  return {
    update(kinds) { if (kinds.has("strategies")) draw(); },
    close() { for (const one of previews.values()) one.close(); },
  };
}
