// A directory with a large site, stand-ins for Keystone and Fault Management, and the webserver on them.

import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { createServer as listen } from "node:net";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const TENANT = "0b2c1d4e-0000-4000-8000-000000000003";
const HOSTS = 200;
const INSTANCES = 10000;
export { HOSTS, INSTANCES };

const alarm = (number, id, severity, entity, reason, repair, minute) => ({
  uuid: `alarm-${number}`, alarm_id: id, severity, entity_instance_id: entity, reason_text: reason, proposed_repair_action: repair,
  timestamp: `2019-01-23T15:${String(minute).padStart(2, "0")}:05.678901`, suppression_status: "unsuppressed", mgmt_affecting: "True",
});

/** What Fault Management has to say; tests may change it. */
export const alarms = [
  alarm(1, "700.001", "critical", `tenant=${TENANT}.instance=00000002-5eed-4000-8000-000000000011`, "Instance dns-00017 owned by radio-edge has failed on host compute-17", "The system will attempt recovery; no repair action required", 4),
  alarm(2, "270.001", "critical", "host=compute-3.services=compute", "Host compute-3 compute services failure", "Wait for host services recovery to complete; if problem persists contact next level of support", 2),
  alarm(3, "200.004", "critical", "host=compute-3", "compute-3 experienced a service-affecting failure. Auto-recovery in progress.", "If auto-recovery is consistently unable to recover host to the unlocked-enabled state contact next level of support", 1),
  alarm(4, "200.001", "warning", "host=compute-7", "compute-7 was administratively locked to take it out-of-service.", "Administratively unlock Host to bring it back in-service.", 0),
  alarm(5, "200.001", "warning", "host=compute-8", "compute-8 was administratively locked to take it out-of-service.", "Administratively unlock Host to bring it back in-service.", 0),
  alarm(6, "100.103", "major", "host=compute-14.memory=platform", "Platform Memory threshold exceeded ; threshold 80.00%, actual 84.12%", "Monitor and if condition persists, contact next level of support", 8),
  alarm(7, "900.001", "minor", "host=controller", "Patching operation in progress.", "Complete reboots of affected hosts.", 3),
];

/** Keystone and Fault Management in one. The password that is good is `sesame`; `guest` has no role that counts. */
export function neighbours() {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      if (request.url.startsWith("/v3/auth/tokens")) {
        const { user } = JSON.parse(body).auth.identity.password;
        if (user.password !== "sesame") { response.writeHead(401, { "Content-Type": "application/json" }).end('{"error": {"code": 401}}'); return; }
        response.writeHead(201, { "Content-Type": "application/json", "X-Subject-Token": "token" }).end(JSON.stringify({ token: {
          expires_at: new Date(Date.now() + 3600e3).toISOString(), user: { name: user.name }, project: { id: "p", name: "admin" }, catalog: [],
          roles: [{ name: user.name === "guest" ? "member" : "admin" }] } }));
      } else if (request.url.startsWith("/alarms")) {
        response.writeHead(request.headers["x-auth-token"] === "token" ? 200 : 401, { "Content-Type": "application/json" }).end(JSON.stringify({ alarms }));
      } else response.writeHead(404).end();
    });
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready({ port: server.address().port, close: () => server.close() })));
}

/** What the VIM foresees; tests may change it. */
export const foreseen = { answer: null };

/** A VIM that answers previews; a message is its length, four bytes the least first, and JSON. */
export function vim() {
  const server = listen((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("data", (piece) => {
      bytes = Buffer.concat([bytes, piece]);
      if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32LE(0)) return;
      const request = JSON.parse(bytes.subarray(4).toString());
      const { result, ...keys } = foreseen.answer(request);
      const answer = Buffer.from(JSON.stringify({ version: "1.0", type: request.type.replace("-request", "-response"), result, ...keys }));
      const head = Buffer.alloc(4);
      head.writeUInt32LE(answer.length);
      socket.end(Buffer.concat([head, answer]));
    });
  });
  return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready({ port: server.address().port, close: () => server.close() })));
}

const account = (port) => `username=admin\ntenant=admin\nauthorization_protocol=http\nauthorization_ip=127.0.0.1\nauthorization_port=${port}
user_domain_name=Default\nproject_domain_name=Default\nkeyring_service=CGCS\npassword=sesame\n`;

export class Site {
  constructor(directory, bin, vimPort) {
    this.vimPort = vimPort;
    this.directory = directory;
    this.bin = bin;
  }

  /** Runs the program that fills and changes the site. */
  change(...words) {
    const done = spawnSync(join(this.bin, "examples", "dashboard_site"), [this.directory, ...words.map(String)], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`dashboard_site ${words.join(" ")}: ${done.stderr}`);
  }

  configure(port, extra = "") {
    const at = (name) => join(this.directory, name);
    mkdirSync(at("run"), { recursive: true });
    const files = {
      "debug.ini": "[debug-overall]\ndebug_level: debug.level.info\ntrace_level: debug.level.none\n[debug-loggers]\n",
      "alarm.ini": `[File-Storage]\nfile=${at("alarms.log")}\n`,
      "event.ini": `[File-Storage]\nfile=${at("events.log")}\n`,
      "nfvi.ini": `[platform]\n${account(port)}[fm]\nregion_name=RegionOne\nservice_name=fm\nservice_type=faultmanagement\nendpoint_type=admin\nendpoint_override=http://127.0.0.1:${port}\n`,
      "config.ini": `[debug]\nconfig_file=${at("debug.ini")}\nhandlers=stdout\n[database]\ndatabase_dir=${at("db")}
[alarm]\nhandlers=File-Storage\nconfig_file=${at("alarm.ini")}\n[event-log]\nhandlers=File-Storage\nconfig_file=${at("event.ini")}
[nfvi]\nconfig_file=${at("nfvi.ini")}\n[vim]\nrun_dir=${at("run")}\nrpc_host=127.0.0.1\nrpc_port=${this.vimPort}\n[vim-api]\nhost=0.0.0.0\n[vim-webserver]\nhost=127.0.0.1\nport=0\nsource_dir=${at("source")}\nalarm_interval_in_secs=1\n${extra}`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
  }

  /** Starts the webserver; gives its address. */
  start() {
    const began = Date.now();
    this.process = spawn(join(this.bin, "nfv-vim-webserver"), ["-c", join(this.directory, "config.ini")]);
    this.log = "";
    return new Promise((ready, failed) => {
      const limit = setTimeout(() => failed(new Error(`the webserver did not start: ${this.log}`)), 120000);
      const hear = (piece) => {
        this.log += piece;
        const found = /listens on (\S+)\./.exec(this.log);
        if (found) {
          clearTimeout(limit);
          this.started = Date.now() - began;
          ready(`http://${found[1]}`);
        }
      };
      this.process.stdout.on("data", hear);
      this.process.stderr.on("data", hear);
    });
  }

  /** Resident memory now and at most, in MiB. */
  memory() {
    const text = readFileSync(`/proc/${this.process.pid}/status`, "utf8");
    const of = (name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)[1]) / 102.4) / 10;
    return { now: of("VmRSS"), most: of("VmHWM") };
  }

  stop() {
    return new Promise((done) => {
      if (!this.process || this.process.exitCode !== null) { done(this.process?.exitCode); return; }
      this.process.once("exit", (code) => done(code));
      this.process.kill("SIGTERM");
    });
  }
}
