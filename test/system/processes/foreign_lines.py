"""A program that is not ours, told by its stdin what to publish at the inbound port.

    python3 foreign_lines.py INBOUND

Each line "COUNT TABLE" publishes the next COUNT records {"N": 1, "KEY": 1} … of all tables together, KEY being N
modulo 10, without a pause; "COUNT TABLE LENGTH" gives each a TEXT of that length, which no other record has. Says
"ready" on stderr when the intake of the node has subscribed, "published N" behind each line, and ends with its stdin,
when all has left.
"""

import json
import sys

import zmq

context = zmq.Context()
publisher = context.socket(zmq.XPUB)
publisher.setsockopt(zmq.SNDHWM, 0)
publisher.setsockopt(zmq.LINGER, -1)
publisher.connect(sys.argv[1])
while publisher.recv() != b"\x01update/":
    pass
print("ready", file=sys.stderr, flush=True)
number = 0
for line in sys.stdin:
    count, table, *length = line.split()
    for _ in range(int(count)):
        number += 1
        record = {"N": number, "KEY": number % 10}
        if length:
            record["TEXT"] = f"{number:032}" * (int(length[0]) // 32)
        update = {"kind": "insert", "record": record}
        publisher.send(f"update/{table}/{json.dumps(update)}".encode())
    print("published", number, file=sys.stderr, flush=True)
publisher.close()
context.term()
