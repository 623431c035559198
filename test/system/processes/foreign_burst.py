"""A program that is not ours and does not pause: publishes records {"N": 1} to {"N": COUNT} at the inbound port.

    python3 foreign_burst.py INBOUND COUNT [large | CONNECTIONS]

`large`: then one more with a text of 4 MiB. CONNECTIONS: as many connect one after the other, and each
publishes one. Says "ready" on stderr when the intake of the node has subscribed, publishes on a line from
stdin, and ends when all has left.
"""

import json
import sys

import zmq

inbound, count, how = sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""
context = zmq.Context()


def connect():
    publisher = context.socket(zmq.XPUB)
    publisher.setsockopt(zmq.SNDHWM, 0)
    publisher.setsockopt(zmq.LINGER, -1)
    publisher.connect(inbound)
    while publisher.recv() != b"\x01update/":  # who publishes before is heard by nobody
        pass
    return publisher


def send(publisher, record):
    update = {"kind": "insert", "record": record}
    publisher.send(b"update/FOREIGN/" + json.dumps(update).encode())


publisher = connect()
print("ready", file=sys.stderr, flush=True)
sys.stdin.readline()
for number in range(1, count + 1):
    send(publisher, {"N": number})
if how == "large":
    send(publisher, {"N": count + 1, "TEXT": "x" * (4 * 1024 * 1024)})
publisher.close()
for number in range(count + 1, count + 1 + (int(how) if how.isdigit() else 0)):
    publisher = connect()
    send(publisher, {"N": number})
    publisher.close()
context.term()
