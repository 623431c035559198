"""A program that is not ours, told by its stdin what to publish at an MQTT broker.

    python3 mqtt_lines.py PORT

"publish COUNT TABLE" publishes the next COUNT records {"N": 1} … of all tables together; "say TABLE TEXT" publishes that text, and
"retain TABLE TEXT" has the broker keep it, too. Says "ready" on stderr when it is connected, and "done" when the broker has acknowledged
what a line told.
"""

import json
import sys

import paho.mqtt.client as mqtt

versions = getattr(mqtt, "CallbackAPIVersion", None)
client = mqtt.Client(versions.VERSION2) if versions else mqtt.Client()
client.max_queued_messages_set(0)
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_start()


def publish(table, text, retain=False):
    return client.publish(f"genesis/database/{table}", text, qos=1, retain=retain)


print("ready", file=sys.stderr, flush=True)
number = 0
for line in sys.stdin:
    word, rest = line.rstrip("\n").split(" ", 1)
    first, second = rest.split(" ", 1)
    if word == "publish":
        for _ in range(int(first)):
            number += 1
            last = publish(second, json.dumps({"kind": "insert", "record": {"N": number}}))
    else:
        last = publish(first, second, word == "retain")
    last.wait_for_publish()
    print("done", file=sys.stderr, flush=True)
client.loop_stop()
client.disconnect()
