// What was decided about a host or an instance, and why (docs/extensions.md).

import { h, put } from "./dom.js";
import { badge, duration, milliseconds, number, sentence, timeOf } from "./words.js";

const OUTCOMES = { completed: "good", accepted: "good", failed: "bad", "timed-out": "bad", rejected: "warn", cancelled: "off", replaced: "off", interrupted: "warn", "held-back": "warn" };

const PEOPLE = { vim: "the VIM", "instance-director": "the instance director", tenant: "a user", instance: "the instance itself", operator: "an operator", platform: "the platform" };

/** How long something took: `0.4 s`, `12 s`, `3 min 5 s`. */
function took(ms) {
  return ms < 10000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000);
}

/** How long it is until then, as of now. */
function left(until) {
  const seconds = Math.round((milliseconds(until) - Date.now()) / 1000);
  if (seconds > 0) return `${duration(seconds)} left`;
  return seconds > -2 ? "due now" : `overdue for ${duration(-seconds)}`;
}

/** A moment that is yet to come, with what is left until then. */
function countdown(until) {
  return milliseconds(until) ? [timeOf(until), h("span", { class: "countdown", "data-until": until }, left(until))] : null;
}

function line(name, ...value) {
  return h("p", { class: "decision-line" }, h("span", { class: "quiet-text" }, name), ...value);
}

function decisionItem(one, opened) {
  const [tone, words] = one.outcome ? [OUTCOMES[one.outcome] ?? "quiet", sentence(one.outcome)] : ["busy", "Under way"];
  const facts = Object.entries(one.evidence ?? {});
  const evidence = facts.length > 0 && h("details", { class: "evidence", open: opened.has(one.id) },
    h("summary", null, "What was known"),
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", null, h("dt", null, sentence(name)), h("dd", null, value)))));
  if (evidence) evidence.addEventListener("toggle", () => { if (evidence.open) opened.add(one.id); else opened.delete(one.id); });
  return h("li", { class: `decision-item edge-${tone}` },
    h("div", { class: "decision-head" }, h("b", null, one.decision === "none" ? "Nothing is done" : sentence(one.decision)),
      badge(words, tone, one.outcome && one.duration_ms > 0 ? `after ${took(one.duration_ms)}` : ""), one.count > 1 && h("span", { class: "tag" }, `${number(one.count)} times`), timeOf(one.time)),
    one.cause && h("p", { class: "decision-cause" }, one.cause),
    one.outcome_reason && h("p", { class: "step-reason" }, one.outcome_reason),
    !one.outcome && one.wait && line("Waits for", h("span", null, one.wait.what), countdown(one.wait.until)),
    !one.outcome && one.deadline && line("To be over by", countdown(one.deadline)),
    line("Decided by", h("span", null, PEOPLE[one.initiated_by] ?? sentence(one.initiated_by))),
    evidence);
}

/** The panel of decisions; what is opened in it stays open, and what is left until a deadline counts down. */
export function decisionPanel() {
  const element = h("section", { class: "panel decisions", hidden: true });
  const opened = new Set();
  const clock = setInterval(() => {
    for (const one of element.querySelectorAll("[data-until]")) {
      const text = left(one.dataset.until);
      if (one.textContent !== text) one.textContent = text;
    }
  }, 1000);
  return {
    element,
    show(decisions) {
      element.hidden = !decisions;
      if (!decisions) return;
      put(element, h("h2", null, "Decisions"), decisions.length
        ? h("ol", { class: "plain decision-list" }, decisions.map((one) => decisionItem(one, opened)))
        : h("p", { class: "empty" }, "Nothing was decided yet."));
    },
    close() { clearInterval(clock); },
  };
}
