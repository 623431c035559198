"""A program that is not ours, which reads the updates of a table at an MQTT broker with docs/wire/read.py.

    python3 mqtt_reader.py PORT TABLE

Says "ready" on stderr when it has subscribed, and prints a line of JSON for each update.
"""

import json
import os
import sys

import paho.mqtt.client as mqtt

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "wire"))
sys.dont_write_bytecode = True  # no compiled files among the documents
from read import decode_message  # noqa: E402

port, table = int(sys.argv[1]), sys.argv[2]


def on_subscribe(*_):
    print("ready", file=sys.stderr, flush=True)


def on_message(_client, _userdata, message):
    if message.payload[:2] != b"\x89T":
        return  # what programs publish as JSON comes again in the batches of the intake
    batch = decode_message([f"table/{table}/".encode(), message.payload])
    for update in batch.get("updates", []):
        print(json.dumps({"kind": update["kind"], "record": update["record"]}), flush=True)


versions = getattr(mqtt, "CallbackAPIVersion", None)
client = mqtt.Client(versions.VERSION2) if versions else mqtt.Client()
client.on_subscribe, client.on_message = on_subscribe, on_message
client.connect("127.0.0.1", port)
client.subscribe(f"genesis/database/{table}", qos=1)
client.loop_forever()
