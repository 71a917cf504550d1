"""apply.py CASE WORK PROJECT: puppet.sh runs this in a copy of the machine: applies, compares, starts."""
import configparser
import json
import os
import socket
import subprocess
import sys
import time

CASE, WORK, PROJECT = sys.argv[1:]
PARTS = os.path.join(PROJECT, "tests/real/puppet")
CLASSES = {
    "defaults": "include nfv\ninclude nfv::vim\ninclude nfv::nfvi\ninclude nfv::alarm\ninclude nfv::event_log\n"
                "include nova_api_proxy\nclass { 'nova_api_proxy::config': admin_password => 's3cret' }",
    "platform": "include nfv\ninclude nfv::vim\ninclude nfv::nfvi\ninclude nova_api_proxy\ninclude nova_api_proxy::config",
}


def fail(text):
    sys.exit("%s: %s" % (CASE, text))


def read(path):
    """Sections of a file, by the reference of all ini parsers here."""
    parser = configparser.RawConfigParser(default_section="none", strict=False)
    parser.optionxform = str
    parser.read(path)
    return {section: dict(parser.items(section)) for section in parser.sections()}


def comments(path):
    with open(path) as file:
        return [line for line in file if line.startswith("#")]


def apply():
    log = os.path.join(WORK, "%s.log" % CASE)
    with open(log, "a") as out:
        status = subprocess.call(
            ["puppet", "apply", "--detailed-exitcodes", "--modulepath", os.path.join(PROJECT, "puppet"),
             "--hiera_config", "/tmp-hiera/hiera.yaml", "-e", CLASSES[CASE]], stdout=out, stderr=out)
    with open(log) as out:
        text = out.read()
    # 0: nothing was changed, 2: something was
    if status not in (0, 2):
        fail("puppet apply ended with %d:\n%s" % (status, text))
    for secret in ("s3cret", "p%s,[=#;w", "ra bb=it"):
        if secret in text:
            fail("the log shows a secret")
    return status == 2


def wait_port(address, port, what):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            socket.create_connection((address, port), 5).close()
            return
        except OSError:
            time.sleep(0.1)
    fail("%s does not listen on %s port %d" % (what, address, port))


def run(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        fail("%s ended with %d: %s" % (" ".join(command), result.returncode, result.stdout))
    return result.stdout.strip()


subprocess.run("rm -rf /etc/nfv /etc/proxy", shell=True, check=True)
# the addresses of the site
for address in ("192.168.204.2/24", "fd00::2/64", "10.10.10.2/24"):
    subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
debs = [os.path.join(WORK, "deb", name) for name in os.listdir(os.path.join(WORK, "deb"))]
subprocess.run(["dpkg", "-i"] + debs, check=True, stdout=subprocess.DEVNULL)
os.mkdir("/tmp-hiera")
with open("/tmp-hiera/hiera.yaml", "w") as file:
    file.write("version: 5\ndefaults:\n  datadir: %s\n  data_hash: yaml_data\nhierarchy:\n  - name: case\n    path: %s.yaml\n"
               % (PARTS, CASE))
expected = json.load(open(os.path.join(PARTS, "expected", CASE + ".json")))
before = {path: read(path) for path in expected}
noted = {path: comments(path) for path in expected}
modes = {path: os.stat(path).st_mode for path in expected}

if not apply():
    fail("applying changed nothing")
if apply():
    fail("applying again changed something; see %s.log" % CASE)
keys = 0
for path, sections in expected.items():
    whole = before[path]
    for section, values in sections.items():
        whole.setdefault(section, {}).update(values)
        keys += len(values)
    found = read(path)
    for section in sorted(set(whole) | set(found)):
        if whole.get(section) != found.get(section):
            fail("%s [%s]: %s, expected %s" % (path, section, found.get(section), whole.get(section)))
    if comments(path) != noted[path]:
        fail("%s has lost comments" % path)
    if os.stat(path).st_mode != modes[path]:
        fail("%s has another mode" % path)
print("%d keys in %d files as expected; applying again changes nothing" % (keys, len(expected)))

vim = read("/etc/nfv/vim/config.ini")
run("/usr/lib/ocf/resource.d/nfv/vim", "start")
wait_port("127.0.0.1", 4343, "nfv-vim")
listener = read("/etc/nfv/nfv_plugins/nfvi_plugins/config.ini")["host-listener"]
wait_port(listener["host"], int(listener["port"]), "nfv-vim")
if not os.path.exists(os.path.join(vim["database"]["database_dir"], "vim_db_v1")):
    fail("no database in %s" % vim["database"]["database_dir"])
run("/usr/lib/ocf/resource.d/nfv/vim", "monitor")
run("/usr/lib/ocf/resource.d/nfv/vim", "stop")
proxy = read("/etc/proxy/nova-api-proxy.conf")["DEFAULT"]
os.makedirs(proxy.get("log_dir", "/var/log/nova"), exist_ok=True)
if run("/etc/init.d/api-proxy", "start") != "OK":
    fail("nova-api-proxy does not start")
address = proxy["osapi_proxy_listen"]
wait_port("127.0.0.1" if address == "0.0.0.0" else address, 8774, "nova-api-proxy")
run("/etc/init.d/api-proxy", "status")
run("/etc/init.d/api-proxy", "stop")
print("nfv-vim and nova-api-proxy start with them")
