"""A program that is not ours: publishes JSON at the inbound port, subscribes at the outbound port.

    python3 foreign.py INBOUND OUTBOUND TO_PUBLISH TO_RECEIVE

Says "ready" on stderr when the intake of the node has subscribed. Then it publishes, and prints what it
receives of the updates of others, one JSON line each.
"""

import json
import os
import sys

import zmq

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "wire"))
sys.dont_write_bytecode = True  # no compiled files among the documents
from read import decode_message  # noqa: E402

def publish(publisher, count):
    """Every tenth commit has two updates."""
    for number in range(1, count + 1):
        update = {"kind": "modify", "record": {"N": number}, "before": {"N": 0}, "version": number}
        commit = [update, {"kind": "delete", "record": {"N": -number}}]
        body = commit if number % 10 == 0 else update
        publisher.send_multipart([b"update/FOREIGN/", json.dumps(body).encode()])


def receive(subscriber, count):
    while count > 0:
        message = decode_message(subscriber.recv_multipart())
        if message["kind"] == "refused":
            sys.exit("refused: " + message["reason"])
        if message["kind"] != "batch" or message.get("foreign"):
            continue
        for update in message["updates"]:
            print(json.dumps(update))
        count -= len(message["updates"])


def main(inbound, outbound, to_publish, to_receive):
    context = zmq.Context()
    publisher, subscriber = context.socket(zmq.XPUB), context.socket(zmq.SUB)
    publisher.setsockopt(zmq.SNDHWM, 0)
    publisher.connect(inbound)
    subscriber.connect(outbound)
    subscriber.subscribe(b"table/")
    if publisher.recv() != b"\x01update/":  # who publishes before is heard by nobody
        sys.exit("somebody else has subscribed")
    print("ready", file=sys.stderr, flush=True)
    publish(publisher, to_publish)
    receive(subscriber, to_receive)
    context.destroy(linger=1000)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
