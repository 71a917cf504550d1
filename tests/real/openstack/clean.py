"""Makes the real OpenStack as new: no servers, no volumes, all nova-computes in service.

clean.py OPENSTACK_DIR                an earlier run may have been stopped anywhere
"""

import sys
import time

from cloud import OpenStack, Refused, read_openrc

SECONDS = 120


def until(what, condition):
    """Waits for the condition: it gives True, or how things stand."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            state = condition()
        except Refused as error:
            state = str(error)
        if state is True:
            return
        if time.monotonic() > end:
            sys.exit("%s: not within %d s: %s" % (what, SECONDS, state))
        time.sleep(1)


def administrator(credentials):
    """The cloud as its administrator sees it, once its Keystone gives tokens."""
    found = []

    def token():
        found.append(OpenStack(credentials))
        return True

    until("a token", token)
    return found[0]


def clean(cloud):
    def computes():
        return cloud.nova("GET", "/os-services?binary=nova-compute")["services"]

    def in_service():
        for service in computes():
            if service["forced_down"]:
                # refused as long as a returned nova-compute has not cleaned up what was evacuated from it
                cloud.nova("PUT", "/os-services/" + service["id"], {"forced_down": False})
            if service["status"] != "enabled":
                cloud.nova("PUT", "/os-services/" + service["id"], {"status": "enabled"})
        down = [service["host"] for service in computes() if service["state"] != "up"]
        return not down or "down: " + ", ".join(down)

    def no_servers():
        left = cloud.servers()
        for server in left.values():
            cloud.nova("DELETE", "/servers/" + server.uuid)
        return not left or ", ".join("%s %s" % item for item in left.items())

    def no_volumes():
        left = cloud.cinder("GET", "/volumes")["volumes"]
        for volume in left:
            cloud.cinder("DELETE", "/volumes/" + volume["id"])
        return not left or ", ".join(volume["id"] for volume in left)

    until("nova-computes in service", in_service)
    until("servers deleted", no_servers)
    if cloud.endpoint("volumev3"):
        until("volumes deleted", no_volumes)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    clean(administrator(read_openrc(sys.argv[1] + "/openrc")))
