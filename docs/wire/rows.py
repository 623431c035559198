"""The rows of a batch (docs/WIRE.md, "Payload"), and the reading of bytes that read.py shares.

Values that JSON does not have come as {"$int64": "…"}, {"$date": ms}, {"$bytes": "hex"} and
{"$float64": "NaN" | "Infinity" | "-Infinity" | "-0"}; strings may hold lone surrogates.
"""

import json
import struct

UPDATE_KINDS = ["insert", "modify", "delete"]
FIELD_TYPES = {
    0: "null", 1: "float64", 2: "int64", 3: "boolean", 4: "string", 5: "dictionary",
    6: "date", 8: "bytes", 9: "json", 10: "mixed", 11: "record",
}
TEXTS = {"string", "bytes", "json", "mixed", "record"}
CELLS = {"float64", "int64", "date"}
VALUE, TRUE, NULL, ABSENT = 0, 1, 2, 3
EXCEPTION_SLOT = 0xFFFF


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


def read_updates(payload, message):
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
    return record_of(text) if kind == "record" else text


def record_of(text):
    """A record, or the key of one, that travels as one text."""
    return {name: member and _mixed(member) for name, member in json.loads(text).items()}


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
