"""Plays scenarios with two real guests on two hosts; called by ../guest.sh."""
import argparse
import os
import signal
import sys
import time

from site_of_guests import SCENARIOS, Host, Vm, scenario, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))


class Site:
    """Two hosts with a VM each."""

    def __init__(self, arguments):
        directory = arguments.dir
        self.hosts, self.vms = [], []
        try:
            self.start(arguments, directory)
        except BaseException:
            self.stop()
            raise

    def start(self, arguments, directory):
        for number, name in enumerate(("compute-0", "compute-1")):
            host = Host(name, directory, arguments.bin)
            self.hosts.append(host)
            uuid = f"00000000-0000-4000-8000-00000000000{number}"
            self.vms.append(Vm(host, 10 + number, uuid, arguments.kernel,
                               os.path.join(directory, "initramfs.gz"), directory))
        members = [f"{vm.instance}={vm.host.name}" for vm in self.vms]
        for host in self.hosts:
            host.start(sys.executable, os.path.join(HERE, "nova.py"), host.name, directory, *members)
        for vm in self.vms:
            vm.wait_until_up()

    def stop(self):
        for vm in self.vms:
            vm.stop()
        for host in self.hosts:
            host.stop()


@scenario(needs=("host_agent",))
def group_messages(site):
    """VMs on two hosts exchange messages of their group, and learn how both are."""
    a, b = site.vms
    for vm in site.vms:
        def asked():
            vm.shell("killall -q server_group_app")
            vm.shell("server_group_app > /tmp/heard 2>&1 &")
            vm.shell("sleep 2")
            return "status response" in vm.shell("cat /tmp/heard")
        # the first question may come before the agents are connected
        wait_until(f"{vm.instance} gets a status", asked)
        status = vm.shell("cat /tmp/heard")
        for other in site.vms:
            assert f'"display_name": "{other.instance}"' in status, status
    for speaker, hearer in ((a, b), (b, a)):
        text = f"hello from {speaker.instance}"
        speaker.shell("killall server_group_app; sleep 1")
        speaker.shell(f"server_group_app '{text}' > /tmp/heard 2>&1 &")
        wanted = f"got server group broadcast msg: len: {len(text)}, sinstance: {speaker.instance}, msg: {text}"
        wait_until(f"{hearer.instance} hears it", lambda: wanted in hearer.shell("cat /tmp/heard"))
        assert "broadcast" not in speaker.shell("cat /tmp/heard"), "it hears itself"


@scenario(needs=("host_agent", "guest_scale_helper"))
def vcpu_scaling(site):
    """vCPUs of a VM go off line and come back."""
    host, vm = site.hosts[0], site.vms[0]
    name = ("--instance_name", vm.instance, "--timeout", "60000")
    online = lambda: vm.shell("cat /sys/devices/system/cpu/online").strip()
    assert online() == "0-2", online()
    assert (code := host.run("guest_scale_helper", *name, "--cpu_del")) == 2, code
    assert online() == "0-1", online()
    assert (code := host.run("guest_scale_helper", *name, "--cpu_del")) == 1, code
    assert online() == "0", online()
    # cpu 0 stays
    assert (code := host.run("guest_scale_helper", *name, "--cpu_del")) == 255, code
    assert (code := host.run("guest_scale_helper", *name, "--cpu_add", "1", "[0,1]")) == 1, code
    assert (code := host.run("guest_scale_helper", *name, "--cpu_add", "2", "[0,1,2]")) == 2, code
    assert online() == "0-2", online()


@scenario(needs=("host_agent", "guest_scale_helper"))
def agents_come_back(site):
    """After either agent was killed the way is there again; the VM's port notices the host's return by itself."""
    host, vm = site.hosts[0], site.vms[0]
    name = ("--instance_name", vm.instance, "--timeout", "3000")

    def reachable():
        # an answer that says it could not be done is an answer
        return host.run("guest_scale_helper", *name, "--cpu_add", "9", "[0]") == 255 and host_agent_lives()

    def host_agent_lives():
        return host.processes[0].poll() is None
    wait_until("the VM answers", reachable)
    for _ in range(3):
        host.processes[0].kill()
        host.processes[0].wait()
        time.sleep(1)
        host.processes[0] = host.start("host_agent", "7", "--socket-dir", host.sockets)
        wait_until("the VM answers again", reachable)
    vm.shell("killall -9 guest_agent")
    wait_until("the VM answers again", reachable)
    # a quiet port costs no time of the VM
    busy = lambda: int(vm.shell("cut -d' ' -f14 /proc/$(pidof guest_agent)/stat").strip())
    host.processes[0].kill()
    host.processes[0].wait()
    before = busy()
    time.sleep(5)
    assert busy() - before <= 20, "guest_agent spins while its host is away"
    host.processes[0] = host.start("host_agent", "7", "--socket-dir", host.sockets)
    wait_until("the VM answers again", reachable)


@scenario(needs=("host_agent", "guest_scale_helper"))
def stopped_guest(site):
    """A VM that is stopped (SIGSTOP of qemu) delays only itself."""
    stopped, other = site.vms
    # an answer to an earlier question that comes late would be taken for the answer to this one
    time.sleep(3)
    stopped.signal(signal.SIGSTOP)
    try:
        code = site.hosts[0].run("guest_scale_helper", "--instance_name", stopped.instance, "--cpu_del")
        assert code == 254, code
        code = site.hosts[1].run("guest_scale_helper", "--instance_name", other.instance, "--timeout", "60000",
                                 "--cpu_add", "2", "[0,1,2]")
        assert code == 2, code
    finally:
        stopped.signal(signal.SIGCONT)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--dir", "--bin", "--kernel"):
        parser.add_argument(name, required=True)
    parser.add_argument("--scenarios")
    arguments = parser.parse_args()
    wanted = arguments.scenarios.split() if arguments.scenarios else [name for name, _, _ in SCENARIOS]
    began = time.monotonic()
    site = Site(arguments)
    failed = []
    try:
        print(f"two guests are up after {time.monotonic() - began:.0f} s", flush=True)
        for name, function, needs in SCENARIOS:
            if name not in wanted:
                continue
            missing = [program for program in needs if not os.path.exists(os.path.join(arguments.bin, program))]
            if missing:
                print(f"-- {name}: passed over, not built: {' '.join(missing)}")
                continue
            began = time.monotonic()
            try:
                function(site)
                print(f"-- {name}: ok ({time.monotonic() - began:.0f} s)", flush=True)
            except AssertionError as error:
                failed.append(name)
                print(f"-- {name}: FAILED: {error}", flush=True)
                for vm in site.vms:
                    print(f"--- what {vm.instance} said last:\n{vm.output[-1500:]}")
    finally:
        site.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    # whoever stops this stops the guests, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        # scenarios of the heartbeat, where there are any: a file beside this one
        import heartbeat  # noqa: F401
    except ImportError:
        pass
    main()
