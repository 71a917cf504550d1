"""Nova's side of server groups, made from the contract (guest 3.5, 11.6): a listener on one host, told of the others by
pipes. Started by play.py with: nova.py HOST SOCKETS_OF_ALL_HOSTS INSTANCE=HOST ...

Between hosts it speaks through UNIX sockets in files, which all network namespaces share."""
import json
import os
import selectors
import socket
import sys

here, directory = sys.argv[1], sys.argv[2]
members = dict(member.split("=") for member in sys.argv[3:])
guests = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
guests.bind("\0cgcs.server_grp")
peers = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peers.bind(os.path.join(directory, f"nova.{here}"))


def deliver(instance, data):
    """To a member, wherever it is."""
    message = {"data": data, "version": 2, "dest_addr": "cgcs.server_grp", "dest_instance": instance}
    text = json.dumps(message).encode()
    try:
        if members[instance] == here:
            guests.sendto(text, "\0cgcs.messaging")
        else:
            peers.sendto(text, os.path.join(directory, f"nova.{members[instance]}"))
    except OSError as error:
        print("nova:", instance, error, file=sys.stderr)


def hear(message):
    source, data = message["source_instance"], message["data"]
    if data.get("msg_type") == "broadcast":
        for instance in members:
            if instance != source:
                deliver(instance, {"version": "version", "msg_type": "broadcast", "source_instance": source,
                                   "data": data["data"]})
    elif data.get("msg_type") == "status_query":
        for instance, host in members.items():
            deliver(source, {"version": 2, "msg_type": "status_response", "seq": data["seq"],
                             "data": {"display_name": instance, "hostname": host, "state": "active"}})
        deliver(source, {"version": 2, "msg_type": "status_response_done", "seq": data["seq"]})


selector = selectors.DefaultSelector()
selector.register(guests, selectors.EVENT_READ)
selector.register(peers, selectors.EVENT_READ)
while True:
    for key, _ in selector.select():
        text = key.fileobj.recv(4096)
        if key.fileobj is guests:
            hear(json.loads(text))
        else:
            guests.sendto(text, "\0cgcs.messaging")
