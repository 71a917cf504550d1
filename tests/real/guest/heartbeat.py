"""Scenarios of the heartbeat: guestServer on the first host, its guestAgent played here by datagrams (contract: guest 9),
guest_client in the VM."""
import json
import os
import signal
import socket
import struct
import time

from site_of_guests import PATIENCE, scenario

NEEDS = ("guestServer",)
ADD, QUERY, VOTE = 0x11110020, 0x11110023, 0x11110024
RUNNING, STOPPED, LOSS, VOTED = 0x0110FEAD, 0x0100FEAD, 0x0000FEAD, 0xFEEDFEED


class Agent:
    """guestAgent's end of the datagrams, and the guestServer it speaks with."""

    def __init__(self, site):
        self.host, self.vm = site.hosts[0], site.vms[0]
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.4", 0))
            self.server = free.getsockname()
        root = os.path.dirname(self.host.sockets)
        files = {
            "var/run/.goenabled": "", "etc/platform/.initial_config_complete": "",
            "etc/platform/platform.conf": "management_interface=lo\nsubfunction=worker\n",
            "etc/mtc/guestServer.ini": f"[agent]\nrx_port={self.socket.getsockname()[1]}\n[client]\n"
                                       f"rx_port={self.server[1]}\nbind_address=127.0.0.4\nchannel_dir=/qemu\n"
                                       f"hostname={self.host.name}\nhbs_failure_threshold=1\nhbs_pulse_period=400\n"}
        for name, text in files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        # ports are addresses, not names: the server need not be in the host's namespace
        self.host.start_outside("guestServer", "-f", "--root", root)

    def send(self, command, **more):
        text = json.dumps({"source": "127.0.0.1", "uuid": self.vm.uuid, **more}).encode()
        head = struct.pack("<64sHHIII20s", b"guest msg header:\0", 0, 0, 0, command, 0, b"")
        self.socket.sendto(head + text, self.server)

    def wait_until_heartbeating(self):
        """Asks every two seconds, as guestAgent's audit does: an event may have come before the server knew us."""
        while True:
            self.send(ADD, service="heartbeat", state="enabled")
            body = self.wait_for(QUERY, again=QUERY)
            if body["heartbeating"] == "enabled" and body["reporting"] == "enabled":
                return body
            time.sleep(1)

    def wait_for(self, command, again=None, patience=PATIENCE):
        """The next such event of the VM; `again` is sent every two seconds until it comes."""
        end = time.monotonic() + patience
        self.socket.settimeout(2)
        while time.monotonic() < end:
            if again:
                self.send(again)
            try:
                datagram = self.socket.recv(2000)
            except socket.timeout:
                continue
            if struct.unpack_from("<I", datagram, 72)[0] == command:
                body = json.loads(datagram[100:].split(b"\0")[0])
                if body.get("uuid") == self.vm.uuid:
                    return body
        raise AssertionError(f"event {command:#010x} did not come")


def agent_of(site):
    if not hasattr(site, "agent"):
        site.agent = Agent(site)
    return site.agent



@scenario(needs=NEEDS)
def heartbeat_comes_up(site):
    """guest_client in the VM and guestServer on its host find each other."""
    body = agent_of(site).wait_until_heartbeating()
    assert body["repair-action"] == "reboot" and body["vote-to"] == "9", body


@scenario(needs=NEEDS)
def vote_refused(site):
    """The VM's script refuses a stop; the refusal comes with its reason."""
    agent, vm = agent_of(site), site.vms[0]
    vm.shell("touch /tmp/vote_no_to_stop")
    agent.send(VOTE, event="stop")
    body = agent.wait_for(VOTED, patience=60)
    assert (body["vote"], body["event-type"], body["notification_type"]) == ("reject", "stop", "revocable"), body
    vm.shell("rm -f /tmp/vote_no_to_stop")
    agent.send(VOTE, event="stop")
    body = agent.wait_for(VOTED, patience=60)
    assert body["vote"] == "accept", body


@scenario(needs=NEEDS)
def stopped_guest_is_lost(site):
    """A VM that stands still (SIGSTOP of qemu) is reported lost, and running again afterwards."""
    agent, vm = agent_of(site), site.vms[0]
    began = time.monotonic()
    vm.signal(signal.SIGSTOP)
    agent.wait_for(LOSS)
    print(f"   lost after {time.monotonic() - began:.1f} s")
    vm.signal(signal.SIGCONT)
    agent.wait_for(RUNNING)


@scenario(needs=NEEDS)
def killed_client_is_lost(site):
    """A client that is killed is reported lost, and running again when it is back."""
    agent, vm = agent_of(site), site.vms[0]
    vm.shell("touch /tmp/hold-guest-client")
    began = time.monotonic()
    vm.shell("killall -9 guest-client")
    agent.wait_for(LOSS)
    print(f"   lost after {time.monotonic() - began:.1f} s")
    vm.shell("rm /tmp/hold-guest-client")
    agent.wait_for(RUNNING)
