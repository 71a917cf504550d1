"""The neighbours as the test sees them: the real OpenStack (REST, and its own client), and nfv-lab's control API."""

import json
import subprocess
import urllib.error
import urllib.request

NOVA_VERSION = "2.53"


class Refused(Exception):
    """A service answered with an error."""

    def __init__(self, what, status, text):
        super().__init__("%s: HTTP %s %s" % (what, status, text[:300]))
        self.status = status


def call(method, url, body=None, headers=None):
    """One request; JSON in, JSON out, and the headers of the answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return (json.loads(text) if text.strip() else None), answer.headers
    except urllib.error.HTTPError as error:
        raise Refused("%s %s" % (method, url), error.code, error.read().decode(errors="replace")) from None
    except OSError as error:
        raise Refused("%s %s" % (method, url), "-", str(error)) from None


def read_openrc(path):
    """The variables of an openrc file."""
    values = {}
    with open(path) as file:
        for word in file.read().split():
            name, sign, value = word.partition("=")
            if sign:
                values[name] = value
    return values


class OpenStack:
    """The real one, as its administrator sees it."""

    def __init__(self, credentials, client=None):
        self.client = client
        domain = {"name": "Default"}
        user = {"name": credentials["OS_USERNAME"], "password": credentials["OS_PASSWORD"], "domain": domain}
        body = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": credentials["OS_PROJECT_NAME"], "domain": domain}},
            }
        }
        answer, headers = call("POST", credentials["OS_AUTH_URL"] + "/auth/tokens", body)
        self.token = headers["X-Subject-Token"]
        self.catalog = answer["token"]["catalog"]

    def endpoint(self, kind, interface="internal"):
        """Address of a service; none when there is no such service."""
        for service in self.catalog:
            for endpoint in service["endpoints"]:
                if service["type"] == kind and endpoint["interface"] == interface:
                    return endpoint["url"]
        return None

    def nova(self, method, path, body=None):
        headers = {"X-Auth-Token": self.token, "X-OpenStack-Nova-API-Version": NOVA_VERSION}
        return call(method, self.endpoint("compute") + path, body, headers)[0]

    def cinder(self, method, path):
        return call(method, self.endpoint("volumev3") + path, None, {"X-Auth-Token": self.token})[0]

    def volume_is(self, volume, wanted):
        status = self.cinder("GET", "/volumes/" + volume)["volume"]["status"]
        return status == wanted or "volume is " + status

    def servers(self):
        """Name -> what Nova shows of it."""
        listed = self.nova("GET", "/servers/detail?all_tenants=1")["servers"]
        return {server["name"]: Server(server) for server in listed}

    def actions(self, uuid):
        """Names of what was asked of a server, oldest first, with the time."""
        listed = self.nova("GET", "/servers/%s/os-instance-actions" % uuid)["instanceActions"]
        return sorted((entry["start_time"], entry["action"]) for entry in listed)

    def service(self, host):
        """The nova-compute of a host."""
        return self.nova("GET", "/os-services?binary=nova-compute&host=" + host)["services"][0]

    def cli(self, *arguments):
        """The OpenStack client, as an operator uses it."""
        done = subprocess.run(
            [self.client, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180
        )
        if done.returncode:
            raise Refused("openstack " + " ".join(arguments), done.returncode, done.stderr.strip())
        return done.stdout.strip()


class Server:
    """A server, reduced to what matters here."""

    def __init__(self, shown):
        self.uuid = shown["id"]
        self.status = shown["status"]
        self.task = shown["OS-EXT-STS:task_state"]
        self.host = shown["OS-EXT-SRV-ATTR:host"]

    def rests_on(self, host):
        """Active there, and nothing going on."""
        return self.status == "ACTIVE" and self.task is None and self.host == host

    def __str__(self):
        return "%s%s on %s" % (self.status, "" if self.task is None else " (%s)" % self.task, self.host)


class Platform:
    """nfv-lab in the part of sysinv and maintenance."""

    def __init__(self, ports_file):
        with open(ports_file) as file:
            self.base = "http://127.0.0.1:%d" % json.load(file)["control"]

    def do(self, deed, **arguments):
        call("POST", self.base + "/do", {"do": deed, **arguments})

    def host(self, name):
        return next(host for host in call("GET", self.base + "/hosts")[0] if host["name"] == name)

    def notices(self, name):
        """What the VIM told sysinv about a host's services, oldest first."""
        path = "/v1/ihosts/" + self.host(name)["uuid"]
        entries = call("GET", self.base + "/journal?limit=100000")[0]
        asked = (entry for entry in entries if entry["method"] == "PATCH" and entry["path"] == path)
        return [change["value"] for entry in asked for change in entry["body"] if change["path"] == "/action"]
