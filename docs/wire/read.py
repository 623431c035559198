#!/usr/bin/env python3
"""Reads what Tidings puts on the wire (version 2); rows.py beside it and the Python standard library
are enough.

    from read import decode_message, decode_request
    message = decode_message(frames)                    # frames as ZeroMQ gives them

    python3 read.py vectors.json                        # checks this reader against the test vectors

docs/WIRE.md is the grammar. Values that JSON does not have come as {"$int64": "…"}, {"$date": ms},
{"$bytes": "hex"} and {"$float64": "NaN" | "Infinity" | "-Infinity" | "-0"}; strings may hold lone
surrogates. What is refused comes as {"kind": "refused", "reason": …}.
"""

import json
import re
import struct
import sys
import zlib
from urllib.parse import unquote

from rows import UPDATE_KINDS, Reader, Refused, read_updates, record_of

MESSAGE_KINDS = {1: "batch", 2: "replay", 3: "refusal", 4: "mark", 5: "vector", 6: "heartbeat", 7: "leaving"}
FOREIGN, UNPUBLISHED = 0x01, 0x10  # flags of a batch
REQUEST_KINDS = {1: "sync", 2: "replay", 3: "confirm"}
MAX_FRAME_BYTES = 5 * 1024 * 1024
MAX_REPLAY_BATCHES = 1024


# Messages


def decode_message(frames):
    """The frames of one message, as a dictionary."""
    try:
        return _message([bytes(frame) for frame in frames])
    except Refused as reason:
        return {"kind": "refused", "reason": str(reason)}


def decode_request(frame):
    try:
        return _request(bytes(frame))
    except Refused as reason:
        return {"kind": "refused", "reason": str(reason)}


def _message(frames):
    if len(frames) not in (1, 2):
        raise Refused("bad-frames")
    topic, frame = frames if len(frames) == 2 else _split(frames[0])
    plane, name = _topic(topic)
    _envelope(frame, b"D", MAX_FRAME_BYTES)
    kind = MESSAGE_KINDS.get(frame[4])
    if kind is None:
        raise Refused("unknown-kind")
    message = _replay(frame) if kind == "replay" else _body(frame, kind)
    if not _travels_on(plane, name, message):
        raise Refused("topic-mismatch")
    return message


def _split(message):
    """Topic and frame: the topic ends at the first "/" where our magic follows, else at the second."""
    end = message.find(b"/") + 1
    if end and message[end : end + 2] != b"\x89T":
        end = message.find(b"/", end) + 1
    return message[:end], message[end:]


def _topic(topic):
    text = topic.decode("latin-1")
    if text == "table/":
        return "table", None
    table = re.fullmatch(r"table/([A-Za-z0-9_.%-]{1,255})/", text)
    if table:
        return "table", unquote(table[1], errors="strict")
    other = re.fullmatch(r"(status|reply)/([0-9a-f]{32})/", text)
    if not other:
        raise Refused("bad-topic")
    return other[1], other[2]


def _envelope(frame, direction, most):
    if len(frame) > most:
        raise Refused("too-large")
    if len(frame) < 2:
        raise Refused("too-short")
    if frame[:2] != b"\x89T":
        raise Refused("bad-magic")
    if len(frame) < 28:
        raise Refused("too-short")
    if frame[2:3] != direction:
        raise Refused("bad-magic")
    if frame[3] != 2:
        raise Refused("unknown-version")
    if struct.unpack_from("<I", frame, 8)[0] != zlib.crc32(frame[12:4096], zlib.crc32(frame[:8])):
        raise Refused("bad-crc")
    if frame[5] & 0xF0 & ~UNPUBLISHED:
        raise Refused("unknown-flags")


def _names(reader):
    names = [reader.utf8(reader.unpack("B")) for _ in range(3)]
    incarnation = reader.data[12:28].hex()
    return {"node": names[0], "process": names[1], "instance": names[2], "incarnation": incarnation}


def _body(frame, kind):
    reader = Reader(frame, 28)
    message = {"kind": kind, "publisher": _names(reader)}
    if kind == "batch":
        _batch(reader, message)
    elif kind == "refusal":
        message.update(nonce=reader.varint(), table=reader.table(), firstRetained=reader.varint(1))
    elif kind == "mark":
        message.update(table=reader.table(least=0) or None, last=reader.varint())
        message["answers"] = [
            {"subscriber": reader.id(), "nonce": reader.varint()} for _ in range(reader.count(17))
        ]
    elif kind == "vector":
        message.update(nonce=reader.varint(), all=reader.bit())
        message["streams"] = [_stream(reader) for _ in range(reader.count(13))]
    elif kind == "heartbeat":
        message.update(confirm=reader.bit(), streams=reader.sequences())
    elif kind == "leaving":
        message["streams"] = reader.sequences()
    return message


def _stream(reader):
    state = {"table": reader.table(), "last": reader.varint(), "first": reader.varint(1)}
    state["since"] = reader.varint(1)
    age = reader.unpack("d")
    state["ageMs"] = None if age != age else age
    return state


def _replay(frame):
    reader = Reader(frame, 28)
    message = {"kind": "replay", "publisher": _names(reader), "nonce": reader.varint()}
    message["batches"] = []
    while reader.at < len(frame) or not message["batches"]:
        size = reader.unpack("I")
        batch_frame = reader.take(size)
        if len(message["batches"]) == MAX_REPLAY_BATCHES:
            raise Refused("bad-count")
        _envelope(batch_frame, b"D", MAX_FRAME_BYTES)
        if batch_frame[4] != 1:
            raise Refused("unknown-kind")
        batch = _body(batch_frame, "batch")
        if batch["publisher"]["incarnation"] != message["publisher"]["incarnation"]:
            raise Refused("publisher-mismatch")
        message["batches"].append(batch)
    return message


def _travels_on(plane, name, message):
    kind = message["kind"]
    if kind in ("batch", "mark"):
        return plane == "table" and name == message["table"]
    if kind == "vector":
        return plane == "reply"
    if kind in ("heartbeat", "leaving"):
        return plane == "status" and name == message["publisher"]["incarnation"]
    tables = {each["table"] for each in (message["batches"] if kind == "replay" else [message])}
    return plane == "reply" or (plane == "table" and tables == {name})


def _request(frame):
    _envelope(frame, b"U", 1024 * 1024)
    kind = REQUEST_KINDS.get(frame[4])
    if kind is None:
        raise Refused("unknown-kind")
    reader = Reader(frame, 28)
    request = {"kind": kind, "subscriber": frame[12:28].hex()}
    if kind == "sync":
        request.update(nonce=reader.varint(1), sinceMs=reader.varint())
        for part in ("tables", "marks"):
            request[part] = "*" if reader.bit() else _tables(reader)
        whole = reader.bit()
        request["incarnations"] = None if whole else [reader.id() for _ in range(reader.count(16))]
    elif kind == "replay":
        request.update(nonce=reader.varint(1), incarnation=reader.id(), table=reader.table())
        request["from"] = reader.varint(1)
        request["to"] = reader.varint(request["from"])
    else:
        request.update(incarnation=reader.id(), streams=reader.sequences())
    return request


def _tables(reader):
    tables = [reader.table() for _ in range(reader.count(2))]
    if len(set(tables)) < len(tables):
        raise Refused("repeated-table")
    return tables


# Batches


def _batch(reader, message):
    payload_at = reader.unpack("I")
    if payload_at % 8 or not 28 <= payload_at <= len(reader.data):
        raise Refused("bad-length")
    message["publishedAt"] = reader.unpack("d")
    reader.end = max(reader.at, payload_at)
    message["table"] = reader.table()
    for part in ("first", "count", "parcel"):
        message[part] = reader.varint(1)
    message["manifest"] = reader.sequences()
    message["commits"] = _commits(reader, message)
    payload, flags = reader.data[payload_at:], reader.data[5]
    if flags & FOREIGN:
        message["foreign"] = True
    if flags & UNPUBLISHED:
        message["unpublished"] = _reason(payload)
        if message["unpublished"] == "reset" and message["count"] == 1:
            message["reset"] = _reset(reader)
    else:
        message["updates"] = read_updates(payload, message)


def _reason(payload):
    """Why the updates of this batch will never be had."""
    if not re.fullmatch(rb"[a-z][a-z-]{0,63}", payload):
        raise Refused("bad-text")
    return payload.decode("ascii")


def _reset(reader):
    """What a reset says: why, and the keys of the records, none where it may be any."""
    text = reader.utf8(reader.varint())
    keys = [reader.utf8(reader.varint()) for _ in range(reader.count(3))]
    return {"text": text, "keys": [record_of(key) for key in keys]}


def _commits(reader, message):
    entries, updates = [], 0
    for _ in range(reader.count(3, 1)):
        commits = reader.varint()
        if commits:
            entry = {"type": "run", "commits": commits, "commit": reader.varint(1)}
            entry["updatesEach"] = reader.varint(1)
            updates += commits * entry["updatesEach"]
        else:
            entry = _part(reader, message["manifest"])
            updates += len(entry["places"])
        entries.append(entry)
    if updates != message["count"]:
        raise Refused("bad-count")
    return entries


def _part(reader, manifest):
    entry = {"type": "part", "commit": reader.varint(1), "places": [], "tables": []}
    following = 0
    for _ in range(reader.count(1, 1)):
        entry["places"].append(following + reader.varint())
        following = entry["places"][-1] + 1
    for _ in range(reader.count(2, 1)):
        index = reader.varint()
        if index >= len(manifest):
            raise Refused("bad-count")
        entry["tables"].append({"table": manifest[index]["table"], "updates": reader.varint(1)})
    return entry


# What a foreign program publishes


def decode_foreign(frame):
    """One message as a foreign program sends it, as the intake of a node reads it."""
    try:
        topic = re.fullmatch(rb"update/([A-Za-z0-9_.%-]{1,255})/(.*)", bytes(frame), re.DOTALL)
        if not topic:
            raise Refused("bad-topic")
        return _foreign(unquote(topic[1].decode("ascii"), errors="strict"), topic[2])
    except Refused as reason:
        return {"kind": "refused", "reason": str(reason)}


def _foreign(table, frame):
    try:
        given = json.loads(
            frame.decode("utf-8"), parse_int=_whole, parse_float=_number, parse_constant=_no_number
        )
    except UnicodeDecodeError:
        raise Refused("bad-text") from None
    except ValueError:
        raise Refused("bad-json") from None
    items = given if isinstance(given, list) else [given]
    updates = [_foreign_update(table, item) for item in items]
    if not updates:
        raise Refused("bad-update")
    return {"kind": "foreign", "table": table, "updates": updates}


def _whole(text):
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise Refused("bad-number")
    return value if abs(value) < 2**53 else {"$int64": text}


def _number(text):
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Refused("bad-number")
    return value


def _no_number(text):
    raise Refused("bad-json")


def _foreign_update(table, item):
    if not isinstance(item, dict) or item.get("kind") not in UPDATE_KINDS:
        raise Refused("bad-update")
    if not isinstance(item.get("record"), dict):
        raise Refused("bad-update")
    update = {"table": table, "kind": item["kind"], "record": item["record"]}
    if item.get("before") is not None:
        update["before"] = item["before"]
    version = item.get("version")
    if version is not None:
        update["version"] = version if isinstance(version, dict) else {"$int64": str(int(version))}
    return update


# Test vectors


def _same(a, b):
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and a == b


def _check(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    wrong = 0
    for vector in vectors:
        if "request" in vector:
            read = decode_request(bytes.fromhex(vector["request"]))
        elif "foreign" in vector:
            read = decode_foreign(bytes.fromhex(vector["foreign"]))
        else:
            read = decode_message([bytes.fromhex(vector["message"])])
        if not _same(read, vector["meaning"]):
            wrong += 1
            print(f"{vector['name']}: read {json.dumps(read)}\n  instead of {json.dumps(vector['meaning'])}")
    print(f"{len(vectors) - wrong} of {len(vectors)} vectors read right")
    return 1 if wrong or not vectors else 0


if __name__ == "__main__":
    sys.exit(_check(sys.argv[1]))
