"""Writes the configuration of nfv-vim for the test against a real OpenStack.

configure.py ports COUNT              prints free ports of the loopback interface
configure.py write DIR OPENRC         reads DIR/vim-ports and DIR/lab-ports.json, writes DIR/config.ini and its files
"""

import json
import os
import socket
import sys
import urllib.parse

import cloud

CONFIG = """\
[debug]
config_file={dir}/debug.ini
handlers=stdout
[database]
database_dir={dir}/db
[alarm]
namespace=nfv_vim.alarm.handlers.v1
handlers=File-Storage
audit_interval=30
config_file={dir}/alarm.ini
[event-log]
namespace=nfv_vim.event_log.handlers.v1
handlers=File-Storage
config_file={dir}/event.ini
[nfvi]
namespace=nfv_vim.nfvi.plugins.v1
config_file={dir}/nfvi.ini
# nothing answers for the guest agent here
guest_plugin_disabled=true
[instance-configuration]
recovery_audit_interval=30
recovery_audit_cooldown=5
recovery_cooldown=3
max_concurrent_migrates_per_host=1
max_concurrent_evacuates_per_host=1
max_evacuate_local_image_disk_gb=60
max_cold_migrate_local_image_disk_gb=60
[vim]
rpc_host=127.0.0.1
rpc_port={rpc}
run_dir={dir}/run
"""

DEBUG = """\
[debug-overall]
debug_level: debug.level.info
trace_level: debug.level.notice
[debug-loggers]
"""

PLUGINS = """\
[platform]
{platform}
[openstack]
{openstack}
[keystone]
{keystone}
[nova]
{nova}
endpoint_override={nova_address}
[neutron]
{neutron}
[glance]
{glance}
[cinder]
{cinder}
[sysinv]
{sysinv}
[patching]
{patching}
[fm]
{fm}
[mtc]
endpoint_override=http://127.0.0.1:{mtc_port}
[guest]
endpoint_override=http://127.0.0.1:{guest_port}
[amqp]
host={amqp_host}
port={amqp_port}
user_id=guest
password=guest
virt_host=/
[infrastructure-rest-api]
host=127.0.0.1
port={infrastructure}
[guest-rest-api]
host=127.0.0.1
port={guest}
[compute-rest-api]
host=127.0.0.1
port={compute}
[host-listener]
host=127.0.0.1
port={listener}
[nfvi-timeouts]
openstack.get_token=10
sysinv=45
"""

VIM_PORTS = ("infrastructure", "guest", "compute", "listener", "rpc")
BROKER_FROM_KEYSTONE = 672


def free_ports(count):
    """Ports that nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def account(port, ip="127.0.0.1", user="admin", password="admin", project="admin"):
    lines = (
        "username=" + user,
        "tenant=" + project,
        "authorization_protocol=http",
        "authorization_ip=" + ip,
        "authorization_port=%d" % port,
        "user_domain_name=Default",
        "project_domain_name=Default",
        "keyring_service=CGCS",
        "password=" + password,
    )
    return "\n".join(lines)


def entry(name, kind, interface="admin"):
    return "region_name=RegionOne\nservice_name=%s\nservice_type=%s\nendpoint_type=%s" % (name, kind, interface)


def write(directory, openrc):
    credentials = cloud.read_openrc(openrc)
    keystone = urllib.parse.urlsplit(credentials["OS_AUTH_URL"])
    nova = cloud.OpenStack(credentials).endpoint("compute", "admin")
    with open(os.path.join(directory, "vim-ports")) as file:
        ports = dict(zip(VIM_PORTS, file.read().split()))
    with open(os.path.join(directory, "lab-ports.json")) as file:
        lab = json.load(file)
    files = {
        "config.ini": CONFIG.format(dir=directory, rpc=ports["rpc"]),
        "debug.ini": DEBUG,
        "alarm.ini": "[File-Storage]\nfile=%s/alarms.log\n" % directory,
        "event.ini": "[File-Storage]\nfile=%s/events.log\n" % directory,
        "nfvi.ini": PLUGINS.format(
            platform=account(lab["keystone"]),
            openstack=account(
                keystone.port,
                keystone.hostname,
                credentials["OS_USERNAME"],
                credentials["OS_PASSWORD"],
                credentials["OS_PROJECT_NAME"],
            ),
            keystone=entry("keystone", "identity", "internal"),
            nova=entry("nova", "compute"),
            nova_address="http://" + urllib.parse.urlsplit(nova).netloc,
            neutron=entry("neutron", "network"),
            glance=entry("glance", "image"),
            cinder=entry("cinderv2", "volumev2"),
            sysinv=entry("sysinv", "platform"),
            patching=entry("patching", "patching"),
            fm=entry("fm", "faultmanagement"),
            mtc_port=lab["mtc"],
            guest_port=lab["guest"],
            amqp_host=keystone.hostname,
            # all ports of an OpenStack made by openstack-up move together
            amqp_port=keystone.port + BROKER_FROM_KEYSTONE,
            **{name: ports[name] for name in VIM_PORTS if name != "rpc"},
        ),
    }
    for name in ("db", "run"):
        os.makedirs(os.path.join(directory, name), exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(directory, name), "w") as file:
            file.write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ports"] and len(sys.argv) == 3:
        print(*free_ports(int(sys.argv[2])))
    elif sys.argv[1:2] == ["write"] and len(sys.argv) == 4:
        write(sys.argv[2], sys.argv[3])
    else:
        sys.exit(__doc__)
