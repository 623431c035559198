#!/usr/bin/env python3
"""Reads what Tidings puts on the wire (version 1); the Python standard library is enough.

    from read import decode_message, decode_request
    message = decode_message([topic, frame, ...])      # frames as ZeroMQ gives them

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

MESSAGE_KINDS = {1: "batch", 2: "replay", 3: "refusal", 4: "mark", 5: "vector", 6: "heartbeat", 7: "leaving"}
REQUEST_KINDS = {1: "sync", 2: "replay", 3: "confirm"}
UPDATE_KINDS = ["insert", "modify", "delete"]
FIELD_TYPES = {
    0: "null", 1: "float64", 2: "int64", 3: "boolean", 4: "string", 5: "dictionary",
    6: "date", 8: "bytes", 9: "json", 10: "mixed", 11: "record",
}
TEXTS = {"string", "bytes", "json", "mixed", "record"}
CELLS = {"float64", "int64", "date"}
VALUE, TRUE, NULL, ABSENT = 0, 1, 2, 3
EXCEPTION_SLOT = 0xFFFF
MAX_FRAME_BYTES = 4 * 1024 * 1024


class Refused(Exception):
    """The bytes are not accepted; the argument is the reason."""


class Reader:
    def __init__(self, data, at=0, end=None):
        self.data, self.at = data, at
        self.end = len(data) if end is None else end

    def take(self, count):
        if count > self.end - self.at:
            raise Refused("bad-length")
        taken = self.data[self.at:self.at + count]
        self.at += count
        return taken

    def unpack(self, code):
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    def varint(self, least=0):
        value = shift = 0
        for _ in range(8):
            byte = self.unpack("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if value > 2 ** 53 - 1 or value < least:
                    raise Refused("bad-number")
                return value
        raise Refused("bad-number")

    def count(self, bytes_each, least=0):
        count = self.varint(least)
        if count * bytes_each > self.end - self.at:
            raise Refused("bad-count")
        return count

    def utf8(self, count):
        try:
            return self.take(count).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("bad-text") from None

    def table(self, least=1):
        count = self.varint()
        if not least <= count <= 255:
            raise Refused("bad-text")
        return self.utf8(count)

    def id(self):
        return self.take(16).hex()

    def bit(self):
        bit = self.unpack("B")
        if bit > 1:
            raise Refused("bad-number")
        return bit == 1

    def sequences(self):
        return [{"table": self.table(), "last": self.varint()} for _ in range(self.count(3))]


# Messages


def decode_message(frames):
    """The topic frame and what follows it, as a dictionary."""
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
    plane, name = _topic(frames[0] if frames else b"")
    if len(frames) < 2:
        raise Refused("bad-frames")
    frame = frames[1]
    if plane == "update" and name is not None and frame[:2] != b"\x89T":
        if len(frames) != 2:
            raise Refused("bad-frames")
        return _foreign(name, frame)
    _envelope(frame, b"D", MAX_FRAME_BYTES)
    kind = MESSAGE_KINDS.get(frame[4])
    if kind is None:
        raise Refused("unknown-kind")
    if len(frames) != (3 if kind == "replay" else 2):
        raise Refused("bad-frames")
    if kind == "replay":
        message = _replay(frame, frames[2])
    else:
        message = _body(frame, kind)
    if not _travels_on(plane, name, message):
        raise Refused("topic-mismatch")
    return message


def _topic(topic):
    text = topic.decode("latin-1")
    if text == "update/":
        return "update", None
    update = re.fullmatch(r"update/([A-Za-z0-9_.%-]{1,255})/", text)
    if update:
        return "update", unquote(update[1], errors="strict")
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
    if frame[3] != 1:
        raise Refused("unknown-version")
    if struct.unpack_from("<I", frame, 8)[0] != zlib.crc32(frame[12:], zlib.crc32(frame[:8])):
        raise Refused("bad-crc")
    if frame[5] & 0xF0:
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
        message["streams"] = [_stream(reader) for _ in range(reader.count(12))]
    elif kind == "heartbeat":
        message.update(confirm=reader.bit(), streams=reader.sequences())
    elif kind == "leaving":
        message["streams"] = reader.sequences()
    return message


def _stream(reader):
    state = {"table": reader.table(), "last": reader.varint(), "first": reader.varint(1)}
    age = reader.unpack("d")
    state["ageMs"] = None if age != age else age
    return state


def _replay(frame, batch_frame):
    reader = Reader(frame, 28)
    message = {"kind": "replay", "publisher": _names(reader), "nonce": reader.varint()}
    _envelope(batch_frame, b"D", MAX_FRAME_BYTES)
    if batch_frame[4] != 1:
        raise Refused("unknown-kind")
    message["batch"] = _body(batch_frame, "batch")
    if message["batch"]["publisher"]["incarnation"] != message["publisher"]["incarnation"]:
        raise Refused("publisher-mismatch")
    return message


def _travels_on(plane, name, message):
    kind = message["kind"]
    if kind in ("batch", "mark"):
        return plane == "update" and name == message["table"]
    if kind == "vector":
        return plane == "reply"
    if kind in ("heartbeat", "leaving"):
        return plane == "status" and name == message["publisher"]["incarnation"]
    table = message["batch"]["table"] if kind == "replay" else message["table"]
    return plane == "reply" or (plane == "update" and name == table)


def _request(frame):
    _envelope(frame, b"U", 1024 * 1024)
    kind = REQUEST_KINDS.get(frame[4])
    if kind is None:
        raise Refused("unknown-kind")
    reader = Reader(frame, 28)
    request = {"kind": kind, "subscriber": frame[12:28].hex()}
    if kind == "sync":
        request["nonce"] = reader.varint(1)
        for part in ("tables", "marks"):
            request[part] = "*" if reader.bit() else [reader.table() for _ in range(reader.count(2))]
        whole = reader.bit()
        request["incarnations"] = None if whole else [reader.id() for _ in range(reader.count(16))]
    elif kind == "replay":
        request.update(nonce=reader.varint(1), incarnation=reader.id(), table=reader.table())
        request["from"] = reader.varint(1)
        request["to"] = reader.varint(request["from"])
    else:
        request.update(incarnation=reader.id(), streams=reader.sequences())
    return request


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
    message["updates"] = _updates(reader.data[payload_at:], message)


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


def _updates(payload, message):
    """All updates of a batch."""
    reader = Reader(payload)
    (updates, rows, shape_bytes, dictionary_bytes, versions, heap_bytes, exceptions, exception_bytes) = (
        reader.unpack("I") for _ in range(8)
    )
    if updates != message["count"]:
        raise Refused("bad-count")
    fields = _shape(Reader(payload, 32, 32 + shape_bytes))
    layout = _layout(fields)
    dictionaries_at = 32 + _padded(shape_bytes)
    flags_at = dictionaries_at + _padded(dictionary_bytes)
    versions_at = flags_at + _padded(updates)
    rows_at = versions_at + versions * 8
    heap_at = rows_at + rows * layout["stride"]
    exceptions_at = heap_at + heap_bytes
    if exceptions_at + exception_bytes != len(payload):
        raise Refused("malformed")
    layout["dictionaries"] = _dictionaries(Reader(payload, dictionaries_at, flags_at), fields)
    layout["exceptions"] = _exceptions(Reader(payload, exceptions_at), exceptions)
    layout["payload"], layout["rows_at"], layout["heap_at"] = payload, rows_at, heap_at
    commits, row, result = list(_commit_numbers(message["commits"])), 0, []
    version_reader = Reader(payload, versions_at, rows_at)
    for number in range(updates):
        flags = payload[flags_at + number]
        update = {"table": message["table"], "kind": UPDATE_KINDS[flags & 3], "record": _row(layout, row)}
        row += 1
        if flags & 4:
            update["before"] = _row(layout, row)
            row += 1
        if flags & 8:
            update["version"] = {"$int64": str(version_reader.unpack("q"))}
        update["sequence"] = message["first"] + number
        update["commit"] = commits[number]
        result.append(update)
    return result


def _commit_numbers(entries):
    for entry in entries:
        if entry["type"] == "run":
            for number in range(entry["commits"]):
                yield from [entry["commit"] + number] * entry["updatesEach"]
        else:
            yield from [entry["commit"]] * len(entry["places"])


def _padded(count):
    return (count + 7) // 8 * 8


def _shape(reader):
    fields = []
    for _ in range(reader.unpack("H")):
        code = reader.unpack("B")
        if code not in FIELD_TYPES:
            raise Refused("malformed")
        fields.append((reader.utf8(reader.unpack("H")), FIELD_TYPES[code]))
    return fields


def _layout(fields):
    """Where the parts of a row stand: state words, heap offset, slots, padding to 8, cells."""
    columns, slots, cells, dictionaries = [], 0, 0, 0
    for index, (name, kind) in enumerate(fields):
        column = {"name": name, "type": kind, "index": index}
        if kind in TEXTS or kind == "dictionary":
            column["slot"] = slots
            slots += 1
        if kind in CELLS:
            column["cell"] = cells
            cells += 1
        if kind == "dictionary":
            column["dictionary"] = dictionaries
            dictionaries += 1
        columns.append(column)
    words = (len(fields) + 15) // 16
    cells_at = _padded(words * 4 + 4 + slots * 2)
    return {"columns": columns, "words": words, "cells_at": cells_at, "stride": cells_at + cells * 8}


def _text(reader, encoding):
    taken = reader.take(reader.unpack("I"))
    return taken.decode("utf-16-le", "surrogatepass") if encoding else taken.decode("latin-1")


def _dictionaries(reader, fields):
    dictionaries = []
    for _, kind in fields:
        if kind == "dictionary":
            dictionaries.append([_text(reader, reader.unpack("B")) for _ in range(reader.unpack("H"))])
    return dictionaries


def _exceptions(reader, count):
    exceptions = {}
    for _ in range(count):
        row, field, encoding = reader.unpack("I"), reader.unpack("H"), reader.unpack("B")
        reader.unpack("B")
        exceptions[row, field] = _text(reader, encoding)
    return exceptions


def _row(layout, row):
    payload = layout["payload"]
    at = layout["rows_at"] + row * layout["stride"]
    heap = layout["heap_at"] + struct.unpack_from("<I", payload, at + layout["words"] * 4)[0]
    record = {}
    for column in layout["columns"]:
        index, kind = column["index"], column["type"]
        word = struct.unpack_from("<I", payload, at + index // 16 * 4)[0]
        state = word >> index % 16 * 2 & 3
        value = None
        if state in (VALUE, TRUE) and kind == "boolean":
            value = state == TRUE
        elif state == VALUE and "cell" in column:
            value = _cell(kind, payload, at + layout["cells_at"] + column["cell"] * 8)
        elif state == VALUE and "slot" in column:
            slot = struct.unpack_from("<H", payload, at + layout["words"] * 4 + 4 + column["slot"] * 2)[0]
            if kind == "dictionary":
                value = layout["dictionaries"][column["dictionary"]][slot]
            elif slot == EXCEPTION_SLOT:
                value = _parsed(kind, layout["exceptions"][row, index])
            else:
                value = _parsed(kind, payload[heap:heap + slot].decode("latin-1"))
                heap += slot
        if state != ABSENT:
            record[column["name"]] = value
    if [column["type"] for column in layout["columns"]] == ["record"]:
        return record[""]
    return record


def _cell(kind, payload, at):
    if kind == "int64":
        return {"$int64": str(struct.unpack_from("<q", payload, at)[0])}
    number = struct.unpack_from("<d", payload, at)[0]
    return {"$date": _number(number)} if kind == "date" else _number(number)


def _number(number):
    if number != number:
        return {"$float64": "NaN"}
    if number in (float("inf"), float("-inf")):
        return {"$float64": "Infinity" if number > 0 else "-Infinity"}
    if number == 0 and struct.pack("<d", number)[7]:
        return {"$float64": "-0"}
    return number


def _parsed(kind, text):
    if kind == "bytes":
        return {"$bytes": text.encode("latin-1").hex()}
    if kind == "json":
        return json.loads(text)
    if kind == "mixed":
        return _mixed(text)
    if kind == "record":
        members = json.loads(text)
        return {name: member and _mixed(member) for name, member in members.items()}
    return text


def _mixed(text):
    letter, rest = text[0], text[1:]
    if letter == "s":
        return rest
    if letter in "nd":
        number = _number(float(rest))
        return {"$date": number} if letter == "d" else number
    if letter == "i":
        return {"$int64": rest}
    if letter == "b":
        return rest == "1"
    return {"$bytes": rest.encode("latin-1").hex()} if letter == "x" else json.loads(rest)


# Foreign publishers


def _foreign(table, frame):
    try:
        given = json.loads(frame.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refused("bad-text") from None
    except ValueError:
        raise Refused("bad-json") from None
    updates = [_foreign_update(table, item) for item in (given if isinstance(given, list) else [given])]
    if not updates:
        raise Refused("bad-update")
    return {"kind": "foreign", "table": table, "updates": updates}


def _foreign_update(table, item):
    if not isinstance(item, dict) or item.get("kind") not in UPDATE_KINDS:
        raise Refused("bad-update")
    if not isinstance(item.get("record"), dict):
        raise Refused("bad-update")
    update = {"table": table, "kind": item["kind"], "record": item["record"]}
    if item.get("before") is not None:
        update["before"] = item["before"]
    if item.get("version") is not None:
        update["version"] = {"$int64": str(int(item["version"]))}
    update.update(sequence=None, commit=None)
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
        else:
            frames = [bytes.fromhex(frame) for frame in vector["frames"]]
            read = decode_message([vector["topic"].encode("latin-1"), *frames])
        if not _same(read, vector["meaning"]):
            wrong += 1
            print(f"{vector['name']}: read {json.dumps(read)}\n  instead of {json.dumps(vector['meaning'])}")
    print(f"{len(vectors) - wrong} of {len(vectors)} vectors read right")
    return 1 if wrong or not vectors else 0


if __name__ == "__main__":
    sys.exit(_check(sys.argv[1]))
