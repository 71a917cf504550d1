"""Plays the operator and the faults, watches the VIM, and judges.

play.py DIR OPENSTACK_DIR VIM_PID     DIR as made by configure.py; prints a time line, ends with `N passed, M failed`
"""

import os
import subprocess
import sys
import time

from cloud import OpenStack, Platform, Refused, read_openrc
from records import RecordFile

HERE = os.path.dirname(os.path.abspath(__file__))
COMPUTES = ("compute-0", "compute-1")
PRIORITY = "sw:wrs:recovery_priority"
# name -> recovery priority (1 is the most urgent); all of them begin on compute-0
SERVERS = {"signal-0": "1", "media-0": "3", "web-0": "5", "batch-0": None}
VOLUME_BOOTED = "media-0"
FAILING = "web-0"


class Stop(Exception):
    """Going on makes no sense."""


class Play:
    def __init__(self, directory, openstack_dir, vim_pid):
        self.directory, self.openstack_dir, self.vim_pid = directory, openstack_dir, vim_pid
        self.cloud = OpenStack(read_openrc(openstack_dir + "/openrc"), openstack_dir + "/openstack")
        self.platform = Platform(directory + "/lab-ports.json")
        self.event_file = RecordFile(directory + "/events.log")
        self.alarm_file = RecordFile(directory + "/alarms.log")
        self.events, self.raised, self.cleared = [], {}, set()
        self.began = time.monotonic()
        self.passed = self.failed = 0
        self.uuids = {}

    # ---------------------------------------------------------------- telling

    def say(self, who, text):
        print("%6.1f  %-9s %s" % (time.monotonic() - self.began, who, text), flush=True)

    def chapter(self, text):
        print("\n%s" % text, flush=True)

    def look(self):
        """Takes in what the VIM has written since, and tells it."""
        for event in self.event_file.new():
            self.events.append(event)
            self.say("vim", "%s: %s" % (event.get("event-id"), event.get("reason_text")))
        for alarm in self.alarm_file.new():
            uuid = alarm.get("alarm-uuid")
            if alarm.get("kind") == "Raise-Alarm":
                repeated = uuid in self.raised
                self.raised[uuid] = alarm
                if not repeated:
                    self.say("vim", "alarm %s: %s" % (alarm["alarm-type"], alarm["specific-problem-text"]))
            elif uuid not in self.cleared:
                self.cleared.add(uuid)
                known = self.raised.get(uuid, {})
                self.say("vim", "alarm %s cleared: %s" % (known.get("alarm-type"), known.get("alarm-entity")))

    def judge(self, what, good, detail=""):
        if good:
            self.passed += 1
            self.say("ok", what)
        else:
            self.failed += 1
            self.say("FAIL", "%s%s" % (what, " -- " + str(detail) if detail else ""))
        return good

    def until(self, what, condition, seconds, needed=False):
        """Waits for the condition: it gives True, or how things stand."""
        end = time.monotonic() + seconds
        while True:
            self.look()
            try:
                state = condition()
            except Refused as error:
                state = str(error)
            if state is True:
                return self.judge(what, True)
            if not vim_runs(self.vim_pid):
                self.judge(what, False, "nfv-vim has ended")
                raise Stop
            if time.monotonic() > end:
                self.judge("%s within %d s" % (what, seconds), False, state)
                if needed:
                    raise Stop
                return False
            time.sleep(0.5)

    # ---------------------------------------------------------------- looking

    def event(self, kind, entity, since):
        """The VIM logged such an event about it."""
        found = any(e.get("event-id") == kind and entity in e.get("entity", "") for e in self.events[since:])
        return found or "no event %s of %s" % (kind, entity)

    def all_events(self, kind, names, since):
        return all_true(self.event(kind, self.uuids[name], since) for name in names)

    def alarm_over(self, kind, entity, since):
        """Such an alarm was raised after the first `since` ones, and cleared."""
        alarms = list(self.raised.values())[since:]
        mine = [a["alarm-uuid"] for a in alarms if a["alarm-type"] == kind and entity in a["alarm-entity"]]
        if not mine:
            return "no alarm %s of %s" % (kind, entity)
        return all(uuid in self.cleared for uuid in mine) or "alarm %s of %s is not cleared" % (kind, entity)

    def no_alarm(self):
        left = [alarm["alarm-type"] for uuid, alarm in self.raised.items() if uuid not in self.cleared]
        return not left or ", ".join(left)

    def all_on(self, host):
        """Nova shows all servers active there."""
        servers = self.cloud.servers()
        return all_true(servers[name].rests_on(host) or "%s: %s" % (name, servers[name]) for name in self.uuids)

    def asked(self, name, action):
        """When Nova was asked for this action on a server, oldest first."""
        return [at for at, what in self.cloud.actions(self.uuids[name]) if what == action]

    def service_is(self, host, status, forced_down):
        shown = self.cloud.service(host)
        as_wanted = shown["status"] == status and shown["forced_down"] == forced_down
        return as_wanted or "nova-compute of %s: %s, forced_down %s" % (host, shown["status"], shown["forced_down"])

    def told(self, host, notice, since):
        """sysinv was told so by the VIM after the first `since` notices about the host."""
        notices = self.platform.notices(host)[since:]
        return notice in notices or "sysinv was told: %s" % ", ".join(notices or ["nothing"])

    def host_is(self, host, *states):
        shown = self.platform.host(host)
        got = (shown["administrative"], shown["operational"], shown["availability"])
        return got == states or "%s is %s" % (host, " ".join(got))

    # ---------------------------------------------------------------- the scenes

    def start(self):
        self.chapter("The VIM meets the cloud")
        for host in COMPUTES:
            what = "sysinv was told services-enabled of %s" % host
            self.until(what, lambda: self.told(host, "services-enabled", 0), 90, True)
            state = self.service_is(host, "enabled", False)
            self.judge("nova-compute of %s is enabled and not forced down" % host, state is True, state)

    def create(self):
        self.chapter("A user creates %d servers on compute-0" % len(SERVERS))
        volume = self.bootable_volume() if self.cloud.endpoint("volumev3") else None
        for name, priority in SERVERS.items():
            words, boot = ["--image", "tiny"], ""
            if name == VOLUME_BOOTED and volume:
                words, boot = ["--volume", volume], ", booted from a volume"
            words += ["--flavor", "m1.tiny", "--network", "net0", "--host", "compute-0"]
            if priority:
                words += ["--property", "%s=%s" % (PRIORITY, priority)]
            words += ["-f", "value", "-c", "id", name]
            version = ["--os-compute-api-version", "2.74"]
            self.uuids[name] = self.cloud.cli(*version, "server", "create", *words)
            self.say("user", "server create %s, recovery priority %s%s" % (name, priority or "none", boot))
            self.look()
        self.until("all servers are active on compute-0", lambda: self.all_on("compute-0"), 120, True)
        self.until("the VIM knows them", lambda: self.all_events("instance-created", SERVERS, 0), 120, True)

    def bootable_volume(self):
        """A volume that Nova boots from; Cinder's fake driver cannot put an image on it."""
        only_id = ("-f", "value", "-c", "id")
        volume = self.cloud.cli("volume", "create", "--size", "1", "--bootable", *only_id, VOLUME_BOOTED)
        self.until("Cinder has a volume", lambda: self.cloud.volume_is(volume, "available"), 30)
        return volume

    def heal(self):
        self.chapter("A server fails")
        uuid = self.uuids[FAILING]
        events, alarms, reboots = len(self.events), len(self.raised), len(self.asked(FAILING, "reboot"))
        self.cloud.cli("server", "set", "--state", "error", FAILING)
        self.say("user", "server set --state error %s" % FAILING)
        error = self.cloud.servers()[FAILING]
        self.judge("%s is in error" % FAILING, error.status == "ERROR", error)

        def healed():
            server = self.cloud.servers()[FAILING]
            return server.rests_on("compute-0") or str(server)

        self.until("%s is active again" % FAILING, healed, 120)
        count = len(self.asked(FAILING, "reboot")) - reboots
        self.judge("Nova was asked for one reboot", count == 1, "%d reboots" % count)
        for kind in ("instance-failed", "instance-reboot-begin", "instance-rebooting", "instance-rebooted"):
            self.until("event log %s" % kind, lambda: self.event(kind, uuid, events), 30)
        self.until(
            "alarm instance-failed raised and cleared", lambda: self.alarm_over("instance-failed", uuid, alarms), 30
        )

    def lock(self):
        self.chapter("compute-0 is locked")
        events, alarms, told = len(self.events), len(self.raised), len(self.platform.notices("compute-0"))
        self.platform.do("host-lock", host="compute-0")
        self.say("operator", "host-lock compute-0")
        self.until("all servers are active on compute-1", lambda: self.all_on("compute-1"), 180)
        for name in SERVERS:
            count = len(self.asked(name, "live-migration"))
            self.judge("%s was live-migrated once" % name, count == 1, "%d live migrations" % count)
        self.until("event logs", lambda: self.all_events("instance-live-migrated", SERVERS, events), 60)
        for name in SERVERS:
            self.until(
                "alarm instance-live-migrating of %s raised and cleared" % name,
                lambda: self.alarm_over("instance-live-migrating", self.uuids[name], alarms),
                30,
            )
        self.until(
            "nova-compute of compute-0 is disabled and forced down",
            lambda: self.service_is("compute-0", "disabled", True),
            60,
        )
        self.until("compute-0 is locked", lambda: self.host_is("compute-0", "locked", "disabled", "online"), 60)
        # a second time when mtc shows the host as locked
        notices = self.platform.notices("compute-0")[told:]
        self.judge("sysinv was told services-disabled", set(notices) == {"services-disabled"}, notices)

    def unlock(self):
        self.chapter("compute-0 is unlocked")
        told = len(self.platform.notices("compute-0"))
        self.platform.do("host-unlock", host="compute-0")
        self.say("operator", "host-unlock compute-0")
        # an unlock restarts the host; by that its fake hypervisor forgets the servers that have left
        self.daemons("openstack-down", "nova-compute-0")
        self.daemons("openstack-up")
        self.host_returns("compute-0", told)

    def host_returns(self, host, told):
        self.until(
            "sysinv was told services-enabled of %s" % host, lambda: self.told(host, "services-enabled", told), 180
        )
        self.until("nova-compute of %s is in service" % host, lambda: self.service_is(host, "enabled", False), 60)
        state = self.host_is(host, "unlocked", "enabled", "available")
        self.judge("%s is available" % host, state is True, state)

    def fail(self):
        self.chapter("compute-1 dies")
        events, alarms = len(self.events), len(self.raised)
        self.daemons("openstack-down", "nova-compute-1")
        self.platform.do("host-fail", host="compute-1", offline_after=2.0)
        self.say("fault", "compute-1 is dead, its nova-compute too")
        self.until("all servers are active on compute-0", lambda: self.all_on("compute-0"), 300)
        evacuated = {name: self.asked(name, "evacuate") for name in SERVERS}
        for name, times in evacuated.items():
            self.judge("%s was evacuated once" % name, len(times) == 1, "%d evacuations" % len(times))
        order = sorted(SERVERS, key=lambda name: evacuated[name] or ["never"])
        self.judge("in the order of their recovery priority", order == list(SERVERS), ", ".join(order))
        self.until("event logs", lambda: self.all_events("instance-evacuated", SERVERS, events), 60)
        for name in SERVERS:
            self.until(
                "alarm instance-failed of %s raised and cleared" % name,
                lambda: self.alarm_over("instance-failed", self.uuids[name], alarms),
                60,
            )
        state = self.service_is("compute-1", "disabled", True)
        self.judge("nova-compute of compute-1 is disabled and forced down", state is True, state)

    def recover(self):
        self.chapter("compute-1 comes back")
        told = len(self.platform.notices("compute-1"))
        self.daemons("openstack-up")
        self.platform.do("host-recover", host="compute-1")
        self.say("fault", "compute-1 has power again")
        self.host_returns("compute-1", told)
        state = self.all_on("compute-0")
        self.judge("the servers stayed where they are", state is True, state)

    def delete(self):
        self.chapter("The user deletes the servers")
        events = len(self.events)
        self.cloud.cli("server", "delete", "--wait", *self.uuids.values())
        self.say("user", "server delete %s" % " ".join(SERVERS))
        self.until("the VIM knows", lambda: self.all_events("instance-deleted", SERVERS, events), 120)
        self.until("no alarm is left", self.no_alarm, 30)

    def daemons(self, tool, *names):
        """Stops daemons of the OpenStack, or starts what is missing."""
        command = [os.path.join(HERE, tool), self.openstack_dir, *names]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode:
            self.judge(" ".join([tool, *names]), False, done.stdout[-500:] + done.stderr[-500:])
            raise Stop

    def run(self):
        try:
            for scene in (
                self.start,
                self.create,
                self.heal,
                self.lock,
                self.unlock,
                self.fail,
                self.recover,
                self.delete,
            ):
                scene()
        except Stop:
            self.say("", "not going on")
        except (Refused, subprocess.TimeoutExpired) as error:
            self.judge("the neighbours work", False, error)
        self.look()
        self.chapter("%d passed, %d failed" % (self.passed, self.failed))
        return self.failed == 0


def all_true(states):
    """True, or what is not as it should be."""
    bad = [state for state in states if state is not True]
    return not bad or "; ".join(bad)


def vim_runs(pid):
    """The process is there and no zombie."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(0 if Play(sys.argv[1], sys.argv[2], int(sys.argv[3])).run() else 1)
