"""Hosts, VMs and what runs on them, for play.py."""
import os
import re
import signal
import socket
import subprocess
import threading
import time

SCENARIOS = []


def scenario(needs=()):
    """A scenario of the play; it needs these programs of the hosts."""
    def add(function):
        SCENARIOS.append((function.__name__, function, needs))
        return function
    return add


PATIENCE = 300  # emulated VMs on a busy machine are slow


def wait_until(what, is_so, patience=PATIENCE):
    """Waits until is_so() gives something true, and gives that."""
    end = time.monotonic() + patience
    while True:
        result = is_so()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.1)


class Host:
    """A compute host: a network namespace, and a directory of libvirt's sockets."""

    def __init__(self, name, directory, programs):
        self.name, self.programs = name, programs
        self.sockets = os.path.join(directory, name, "qemu")
        os.makedirs(self.sockets)
        self.log = open(os.path.join(directory, name, "log"), "w")
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "ip link set lo up; echo ready; read end"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.processes = []
        self.start("host_agent", "7", "--socket-dir", self.sockets)

    def command(self, program, *arguments):
        path = program if os.path.isabs(program) else os.path.join(self.programs, program)
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", path, *arguments]

    def start(self, program, *arguments, **options):
        process = subprocess.Popen(self.command(program, *arguments), stderr=self.log, **options)
        self.processes.append(process)
        return process

    def start_outside(self, program, *arguments):
        """Starts a program that does not need the namespace."""
        process = subprocess.Popen([os.path.join(self.programs, program), *arguments], stderr=self.log,
                                   stdout=self.log)
        self.processes.append(process)
        return process

    def run(self, program, *arguments):
        """Runs a program to its end; gives its exit code."""
        return subprocess.run(self.command(program, *arguments), stderr=self.log).returncode

    def stop(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.holder.stdin.close()
        self.holder.wait()


class Vm:
    """A VM under QEMU, with the ports of libvirt and one more, on which a shell listens."""

    def __init__(self, host, number, uuid, kernel, initramfs, directory, cpus=3):
        self.host, self.uuid = host, uuid
        self.instance = f"instance-{number:08x}"
        self.console = os.path.join(directory, self.instance + ".console")
        shell = os.path.join(directory, self.instance + ".shell")
        ports = []
        for index, (port, path) in enumerate((
                ("cgcs.heartbeat", os.path.join(host.sockets, f"cgcs.heartbeat.{uuid}.sock")),
                ("cgcs.messaging", os.path.join(host.sockets, f"cgcs.messaging.{self.instance}.sock")),
                ("test.shell", shell))):
            ports += ["-chardev", f"socket,id=port{index},path={path},server=on,wait=off",
                      "-device", f"virtserialport,chardev=port{index},name={port}"]
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "tcg", "-m", "192", "-smp", str(cpus), "-nodefaults", "-no-user-config",
             "-display", "none", "-no-reboot", "-kernel", kernel, "-initrd", initramfs,
             "-append", f"console=ttyS0 quiet panic=-1 no_timer_check hostname={self.instance}",
             "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
             "-device", "virtio-serial", *ports], stdout=host.log, stderr=host.log)
        self.port = socket.socket(socket.AF_UNIX)
        wait_until("qemu listens", lambda: self.port.connect_ex(shell) == 0)
        self.output = ""
        threading.Thread(target=self._read, daemon=True).start()
        self.commands = 0

    def _read(self):
        while data := self.port.recv(4096):
            self.output += data.decode(errors="replace")

    def printed(self):
        """What its kernel and its first process have printed."""
        with open(self.console, errors="replace") as console:
            return console.read()

    def wait_until_up(self):
        wait_until(f"{self.instance} is up", lambda: "guest is up" in self.printed() or self.qemu.poll() is not None)
        assert "guest is up" in self.printed(), f"{self.instance} ended:\n{self.printed()[-3000:]}"

    def shell(self, command):
        """Runs a command in the VM; gives what it prints."""
        self.commands += 1
        mark, since = f"end-{self.commands}", len(self.output)
        self.port.sendall(f"{command}\necho; echo {mark}\n".encode())
        wait_until(f"{self.instance} has run {command!r}",
                   lambda: re.search(rf"^{mark}$", self.output[since:], re.M) or self.qemu.poll() is not None)
        return self.output[since:].split(mark)[0]

    def signal(self, number):
        self.qemu.send_signal(number)

    def stop(self):
        self.qemu.send_signal(signal.SIGCONT)
        self.qemu.kill()
        self.qemu.wait()
