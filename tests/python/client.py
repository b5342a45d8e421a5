"""A client of vodpostd written from protocol/PROTOCOL.md alone, with nothing but Python's standard library.

    client.py SOCKET list             the videos: title, state, tokens of their URLs
    client.py SOCKET suspend TARGET   switches the URLs of a target off
    client.py SOCKET hello NUMBER     greets with this protocol number and says what the daemon does

Prints one JSON document. Exit status: 0 done, 1 refused, 4 the daemon speaks another protocol.
"""

import json
import socket
import struct
import sys

PROTOCOL = 3
FRAME_MAX = 1 << 20
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ROLES = ["none", "viewer", "operator", "admin"]


class Bytes:
    """Section 4, read from a message."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        part = self.data[self.at : self.at + count]
        if len(part) != count:
            raise ValueError("the message ends too early")
        self.at += count
        return part

    def number(self):
        first = self.take(1)[0]
        width = {251: 2, 252: 4, 253: 8, 254: 16}.get(first)
        return first if width is None else int.from_bytes(self.take(width), "little")

    def byte(self):
        return self.take(1)[0]

    def boolean(self):
        return self.byte() != 0

    def double(self):
        return struct.unpack("<d", self.take(8))[0]

    def string(self):
        return self.take(self.number()).decode()

    def option(self, read):
        return read() if self.byte() else None

    def vector(self, read):
        return [read() for _ in range(self.number())]

    def variant(self, names):
        return names[self.number()]

    def end(self):
        if self.at != len(self.data):
            raise ValueError(f"{len(self.data) - self.at} bytes are left over")


def number(value):
    if value < 251:
        return bytes([value])
    for mark, width in ((251, 2), (252, 4), (253, 8), (254, 16)):
        if value < 1 << (8 * width):
            return bytes([mark]) + value.to_bytes(width, "little")
    raise ValueError(value)


def string(text):
    encoded = text.encode()
    return number(len(encoded)) + encoded


def base32(value, digits):
    return "".join(ALPHABET[value >> (5 * digit) & 31] for digit in reversed(range(digits)))


# Section 8. Each function reads one struct, its fields in the order of the page.

VIDEO_STATES = ["deleted", "missing", "converting", "queued", "failed", "suspended", "live", "new", "unusable"]
POSTING_STATES = ["live", "suspended", "pending", "invalid"]
CAUSES = ["posting", "source", "missing", "converting", "conversion_failed", "deleted"]
SWITCHES = ["on", "off"]
CONVERSION_STATES = ["none", "queued", "running", "failed", "ready"]
PLANS = ["direct", "relocate", "remux", "transcode"]
SOURCE_STATES = ["present", "missing", "deleted"]


def source(data):
    return {
        "state": data.variant(SOURCE_STATES),
        "switch": data.variant(SWITCHES),
        "since": data.option(data.number),
        "gone_at": data.option(data.number),
        "reason": data.option(data.string),
    }


def rendition(data):
    return {
        "path": data.string(),
        "container": data.option(data.string),
        "video": data.option(data.string),
        "audio": data.option(data.string),
        "profile": data.option(data.string),
        "width": data.number(),
        "height": data.number(),
        "fps": data.double(),
        "bitrate_bps": data.number(),
        "duration_ms": data.number(),
        "size_bytes": data.number(),
        "index_first": data.boolean(),
        "selected": data.boolean(),
        "why": data.string(),
    }


def conversion(data):
    return {
        "state": data.variant(CONVERSION_STATES),
        "plan": data.option(lambda: data.variant(PLANS)),
        "plan_why": data.option(data.string),
        "progress": data.option(data.double),
        "speed": data.option(data.double),
        "eta_s": data.option(data.number),
        "attempt": data.number(),
        "requested_at": data.option(data.number),
        "deadline": data.option(data.number),
        "reason": data.option(data.string),
        "output": data.option(data.string),
        "waiting_for": data.option(data.string),
        "retry_at": data.option(data.number),
        "expected_at": data.option(data.number),
        "late_by_s": data.option(data.number),
    }


def traffic(data):
    return {
        "last_seen_at": data.number(),
        "views_24h": data.number(),
        "views_by_day": data.vector(data.number),
        "referrers": data.vector(lambda: {"host": data.string(), "views": data.number()}),
    }


def posting(data):
    return {
        "token": base32(data.number(), 20),
        "label": data.string(),
        "state": data.variant(POSTING_STATES),
        "switch": data.variant(SWITCHES),
        "causes": data.vector(lambda: data.variant(CAUSES)),
        "url": data.string(),
        "file_url": data.string(),
        "created_at": data.number(),
        "views": data.number(),
        "bytes": data.number(),
        "listed": data.boolean(),
        "traffic": data.option(lambda: traffic(data)),
    }


def last_change(data):
    return {"at": data.number(), "actor": data.string(), "what": data.number()}


def video(data):
    return {
        "id": base32(data.number(), 12).lower(),
        "title": data.string(),
        "root": data.string(),
        "folder": data.string(),
        "state": data.variant(VIDEO_STATES),
        "added_at": data.number(),
        "source": source(data),
        "renditions": data.vector(lambda: rendition(data)),
        "conversion": conversion(data),
        "postings": data.vector(lambda: posting(data)),
        "last_change": data.option(lambda: last_change(data)),
    }


def page(data):
    return {
        "videos": data.vector(lambda: video(data)),
        "next": data.option(data.string),
        "total": data.number(),
    }


def short(one):
    return {
        "title": one["title"],
        "state": one["state"],
        "tokens": [url["token"] for url in one["postings"]],
        "causes": [url["causes"] for url in one["postings"]],
    }


class Refused(Exception):
    """The number of the refusal in section 7; its fields are not needed here."""


class Daemon:
    ANSWER_PAGE, ANSWER_VIDEO = 1, 2

    def __init__(self, path, protocol=PROTOCOL):
        self.stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.stream.settimeout(30)
        self.stream.connect(path)
        self.stream.sendall(struct.pack("<8sII32s", b"VODPOST\n", protocol, 0, b"client.py"))
        magic, self.protocol, role, self.instance, version, self.uid, _zero = struct.unpack(
            "<8sIIQ32sII", self.receive(64)
        )
        if magic != b"VODPOST\n":
            raise ValueError("this is not vodpostd")
        self.role = ROLES[role] if role < len(ROLES) else "none"
        self.version = version.rstrip(b"\0").decode()
        self.calls = 0

    def receive(self, count):
        data = b""
        while len(data) < count:
            part = self.stream.recv(count - len(data))
            if not part:
                raise EOFError("the daemon closed the connection")
            data += part
        return data

    def call(self, request, answer, read):
        self.calls += 1
        payload = number(self.calls) + request
        self.stream.sendall(struct.pack("<I", len(payload)) + payload)
        while True:
            (length,) = struct.unpack("<I", self.receive(4))
            if length > FRAME_MAX:
                raise ValueError(f"a frame of {length} bytes")
            message = Bytes(self.receive(length))
            if message.number() != 0:
                continue  # A push.
            if message.number() != self.calls:
                continue  # The reply to another call.
            if message.number() != 0:
                raise Refused(message.number())
            if message.number() != answer:
                raise ValueError("the answer to another question")
            value = read(message)
            message.end()
            return value

    def list(self):
        videos, after = [], None
        while True:
            # List: no state, no text, by name, the default number of videos.
            cursor = b"\0" if after is None else b"\1" + string(after)
            query = b"\0" + b"\0" + number(0) + number(0) + cursor
            found = self.call(number(1) + query, self.ANSWER_PAGE, page)
            videos += found["videos"]
            after = found["next"]
            if after is None:
                return videos

    def suspend(self, target):
        return self.call(number(7) + string(target) + number(1), self.ANSWER_VIDEO, video)

    def closes(self):
        return self.stream.recv(1) == b""

    def hello(self):
        return {
            "protocol": self.protocol,
            "version": self.version,
            "role": self.role,
            "uid": self.uid,
            "instance": f"{self.instance:016x}",
        }


def main(path, command, *args):
    daemon = Daemon(path, int(args[0]) if command == "hello" else PROTOCOL)
    if command == "hello":
        same = int(args[0]) == daemon.protocol
        return daemon.hello() | ({} if same else {"closes": daemon.closes()})
    if daemon.protocol != PROTOCOL:
        sys.exit(4)
    if command == "list":
        return {"hello": daemon.hello(), "videos": [short(one) for one in daemon.list()]}
    if command == "suspend":
        return short(daemon.suspend(*args))
    raise SystemExit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    try:
        print(json.dumps(main(*sys.argv[1:])))
    except Refused as refused:
        print(json.dumps({"refused": refused.args[0]}))
        sys.exit(1)
