"""Plays a user whose openstack client talks to Nova through nova-api-proxy, and judges.

play-proxy.py DIR OPENSTACK_DIR VIM_PID     DIR as made by configure.py; ends with `N passed, M failed`

Starts $NFV_BIN_DIR/nova-api-proxy on the catalog's public port of Nova. Actions must pass through the VIM; everything
else must reach Nova.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

from cloud import OpenStack, Refused, call, read_openrc

HERE = os.path.dirname(os.path.abspath(__file__))
ETC = os.path.join(HERE, "../../../nova-api-proxy/etc")
SERVER = "proxied-0"
KEY = "proxied-key"

CONFIG = """\
[DEFAULT]
osapi_proxy_listen = 127.0.0.1
osapi_proxy_listen_port = {listen}
osapi_compute_listen = {nova_host}
osapi_compute_listen_port = {nova_port}
nfvi_compute_listen = 127.0.0.1
nfvi_compute_listen_port = {vim}
pool_size = 256
run_dir = {dir}
log_file = {dir}/nova-api-proxy.log
[keystone_authtoken]
auth_uri = {keystone}
auth_url = {keystone}
auth_type = password
project_name = services
username = nova
password = {password}
user_domain_name = Default
project_domain_name = Default
"""


class Play:
    def __init__(self, directory, openstack_dir, vim_pid):
        self.directory, self.openstack_dir, self.vim_pid = directory, openstack_dir, vim_pid
        self.credentials = read_openrc(openstack_dir + "/openrc-proxy")
        self.cloud = OpenStack(read_openrc(openstack_dir + "/openrc"), openstack_dir + "/openstack")
        self.client = OpenStack(self.credentials, openstack_dir + "/openstack")
        self.log = directory + "/nova-api-proxy.log"
        self.began = time.monotonic()
        self.passed = self.failed = 0
        os.environ["LAB_VIA"] = "proxy"

    def judge(self, what, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        mark, tail = ("ok", "") if good else ("FAIL", " -- %s" % detail)
        print("%6.1f  %-4s %s%s" % (time.monotonic() - self.began, mark, what, tail), flush=True)
        return good

    def start_proxy(self):
        nova = urllib.parse.urlsplit(self.cloud.endpoint("compute", "internal"))
        public = urllib.parse.urlsplit(self.cloud.endpoint("compute", "public"))
        with open(self.directory + "/vim-ports") as file:
            vim = file.read().split()[2]
        config = CONFIG.format(
            listen=public.port,
            nova_host=nova.hostname,
            nova_port=nova.port,
            vim=vim,
            dir=self.directory,
            keystone=self.credentials["OS_AUTH_URL"],
            password=self.credentials["OS_PASSWORD"],
        )
        path = self.directory + "/nova-api-proxy.conf"
        with open(path, "w") as file:
            file.write(config)
        with open(ETC + "/api-proxy-paste.ini") as source, open(self.directory + "/api-proxy-paste.ini", "w") as copy:
            copy.write(source.read())
        binary = os.path.join(os.environ["NFV_BIN_DIR"], "nova-api-proxy")
        self.proxy = subprocess.Popen([binary, "--config-file", path])
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", public.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise Refused("start", "-", "nova-api-proxy does not listen on %d" % public.port)

    def set_public_endpoint(self, url):
        """The catalog's public address of Nova. On a controller of 2019 it names the project."""
        ids = [e["id"] for s in self.cloud.catalog for e in s["endpoints"]
               if s["type"] == "compute" and e["interface"] == "public"]
        address = "%s/endpoints/%s" % (self.credentials["OS_AUTH_URL"], ids[0])
        call("PATCH", address, {"endpoint": {"url": url}}, {"X-Auth-Token": self.cloud.token})

    def stop_proxy(self):
        self.proxy.send_signal(signal.SIGTERM)
        began = time.monotonic()
        status = self.proxy.wait(20)
        took = time.monotonic() - began
        self.judge("nova-api-proxy ends within 3 s of SIGTERM, with 0", status == 0 and took < 3, (status, took))

    def read_log(self):
        with open(self.log) as file:
            return file.read()

    def cli(self, what, *arguments):
        """One command of the client through the proxy: its output, or none when it fails."""
        try:
            output = self.client.cli(*arguments)
        except Refused as error:
            self.judge(what, False, error)
            return None
        self.judge("%s: openstack %s" % (what, " ".join(arguments)), True)
        return output

    def settles(self, wanted, seconds=90):
        """Waits until the server has a status and nothing is under way."""
        end = time.monotonic() + seconds
        server = None
        while time.monotonic() < end:
            server = self.cloud.servers().get(SERVER)
            if (server.status if server else None) == wanted and (server is None or server.task is None):
                return self.judge("it is %s" % (server or "gone"), True)
            time.sleep(0.5)
        return self.judge("it is %s within %d s" % (wanted or "gone", seconds), False, server)

    def action(self, what, action, wanted, *arguments):
        """A command that the proxy must give to the VIM, and how the server is afterwards."""
        sent = "action: (%s)" % action
        before = self.read_log().count(sent)
        self.cli(what, *arguments)
        self.judge("the VIM was given %s" % action, self.read_log().count(sent) > before, "not in the log")
        self.settles(wanted)

    def known_to_vim(self):
        """The VIM learns of a server by Nova's notification or its audit; until then it knows no such instance."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with open(self.directory + "/vim.out", errors="replace") as file:
                if "for %s." % SERVER in file.read():
                    return self.judge("the VIM knows the server", True)
            time.sleep(1)
        return self.judge("the VIM knows the server within 120 s", False)

    def play(self):
        public = self.cloud.endpoint("compute", "public")
        self.start_proxy()
        try:
            # without a project in the path, the VIM takes `servers` for it, as the original does (southbound 9.2)
            self.set_public_endpoint(public.rstrip("/") + "/%(project_id)s")
            self.user()
        finally:
            self.set_public_endpoint(public)
            self.stop_proxy()
        log = self.read_log()
        self.judge("no request failed at an upstream", " ERROR " not in log and "CRITICAL" not in log)
        self.judge("no key and no password is in the log", "PRIVATE KEY" not in log and self.admin_pass not in log)

    def user(self):
        key = self.cli("a key pair", "keypair", "create", KEY)
        self.judge("its private key comes back", key and "PRIVATE KEY" in key)
        output = self.cli(
            "a server", "server", "create", "--flavor", "m1.tiny", "--image", "tiny", "--network", "net0",
            "--key-name", KEY, "--wait", "-f", "value", "-c", "adminPass", SERVER,
        )
        self.admin_pass = (output or "").strip().splitlines()[-1] if output else "-"
        self.settles("ACTIVE")
        self.known_to_vim()
        listed = self.cli("the list", "server", "list", "-f", "value", "-c", "Name", "-c", "Status")
        self.judge("it is listed", listed and "%s ACTIVE" % SERVER in listed, listed)
        shown = self.cli("one server", "server", "show", SERVER, "-f", "value", "-c", "name")
        self.judge("it is shown", shown == SERVER, shown)
        self.action("stop", "os-stop", "SHUTOFF", "server", "stop", SERVER)
        self.action("start", "os-start", "ACTIVE", "server", "start", SERVER)
        self.action("soft reboot", "reboot", "ACTIVE", "server", "reboot", SERVER)
        self.action("pause", "pause", "PAUSED", "server", "pause", SERVER)
        self.action("unpause", "unpause", "ACTIVE", "server", "unpause", SERVER)
        host = self.cloud.servers()[SERVER].host
        self.action("live migration", "os-migrateLive", "ACTIVE", "server", "migrate", "--live-migration", SERVER)
        moved = self.cloud.servers()[SERVER].host
        self.judge("it moved from %s to %s" % (host, moved), host != moved)
        self.action("resize", "resize", "VERIFY_RESIZE", "server", "resize", "--flavor", "m1.small", SERVER)
        self.action("confirm", "confirmResize", "ACTIVE", "server", "resize", "confirm", SERVER)
        self.action("rebuild", "rebuild", "ACTIVE", "server", "rebuild", SERVER)
        console = self.cli("console log", "console", "log", "show", SERVER)
        self.judge("the console log is there", bool(console))
        self.cli("delete", "server", "delete", "--wait", SERVER)
        self.settles(None)
        self.cli("delete the key pair", "keypair", "delete", KEY)


def main():
    directory, openstack_dir, vim_pid = sys.argv[1], sys.argv[2], int(sys.argv[3])
    play = Play(directory, openstack_dir, vim_pid)
    try:
        play.play()
    except (Refused, OSError) as error:
        play.judge("the play goes on", False, error)
    print("%d passed, %d failed" % (play.passed, play.failed))
    sys.exit(0 if play.failed == 0 and play.passed else 1)


if __name__ == "__main__":
    main()
