"""Checks an evidence package with Python's standard library and openssl, written from docs/formats/evidence-package.md alone.

Usage: verify_package.py PACKAGE [--genesis DIGEST] [--policy FILE] [--tsa-root FILE]
Prints one check a line, `verdict name`; exit status 0 valid, 1 broken, 2 consistent but unpinned. It makes fewer checks
than the first verifier (docs/formats/evidence-package.md says which); each that it makes has the same name and verdict.
"""

import argparse
import base64
import hashlib
import importlib.util
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
PROOFS = os.path.join(HERE, "../../crates/ledger/tests/second_implementation/verify.py")
spec = importlib.util.spec_from_file_location("proofs", PROOFS)
proofs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(proofs)

PASS, FAIL, UNPINNED, UNCHECKED = "pass", "fail", "unpinned", "unchecked"
HEX = re.compile(r"[0-9a-f]{64}")


class Wrong(Exception):
    """A check does not hold; the text says why."""


def need(condition, why):
    if not condition:
        raise Wrong(why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


class Checks(list):
    def note(self, name, verdict):
        self.append((name, verdict))

    def run(self, name, check, *arguments):
        """Notes whether the check raises; any damage that it stumbles over is a failure too."""
        try:
            result = check(*arguments)
        except (Wrong, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, OSError,
                StopIteration) as reason:
            if os.environ.get("EXPLAIN"):
                print(f"{name}: {reason!r}", file=sys.stderr)
            self.note(name, FAIL)
            return None
        self.note(name, result if result in (UNCHECKED, UNPINNED) else PASS)
        return result


# Zip: one strict form of it
def check_name(name):
    need(1 <= len(name.encode()) <= 200, "its length")
    need(not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name), "a control character")
    need("\\" not in name and ":" not in name, "a backslash or a colon")
    for part in name.split("/"):
        need(part not in ("", ".", "..") and not part.endswith((" ", ".")), "a part of it")


def read_zip(data):
    need(len(data) >= 22 and data[-22:-18] == b"PK\5\6", "no end where it must be")
    disk, start_disk, here, count, length, start, comment = struct.unpack("<HHHHIIH", data[-18:])
    need((disk, start_disk, comment) == (0, 0, 0) and here == count <= 2000, "the end")
    need(start + length == len(data) - 22 and start != 0xFFFFFFFF, "the directory's place")
    entries, at, following = [], start, 0
    for _ in range(count):
        need(data[at:at + 4] == b"PK\1\2", "the directory")
        fields = struct.unpack("<HHHHHHIIIHHHHHII", data[at + 4:at + 46])
        _, _, flags, method, time, date, crc, packed, size, name_length, extra, note, number, _, _, offset = fields
        raw = data[at + 46:at + 46 + name_length]
        need(len(raw) == name_length, "cut short")
        at += 46 + name_length
        need(flags == 1 << 11 and method in (0, 8) and (time, date) == (0, 0x21), "flags, method or time")
        need((extra, note, number) == (0, 0, 0) and 0xFFFFFFFF not in (packed, size), "extra fields or zip64")
        need(method == 8 or packed == size, "stored with two sizes")
        local = struct.unpack("<4sHHHHHIIIHH", data[offset:offset + 30])
        need(local[0] == b"PK\3\4" and local[2:] == (flags, method, time, date, crc, packed, size, name_length, 0),
             "the local header")
        need(data[offset + 30:offset + 30 + name_length] == raw and offset == following, "name or place")
        following = offset + 30 + name_length + packed
        entries.append((raw.decode(), method, crc, size, data[offset + 30 + name_length:following]))
    need(at == len(data) - 22 and following == start, "bytes that belong to nothing")
    return entries


def check_duplicates(entries):
    names = [entry[0].lower() for entry in entries]
    need(len(set(names)) == len(names), "a name twice")
    for name in names:
        parts = name.split("/")
        need(not any("/".join(parts[:n]) in names for n in range(1, len(parts))), "a file and a folder")


def check_sizes(entries):
    need(sum(entry[3] for entry in entries) <= 1 << 30, "too much in all")
    for _, _, _, size, packed in entries:
        need(size <= 64 << 10 or size // 200 <= len(packed), "a bomb")


def unpack(entry):
    name, method, crc, size, packed = entry
    content = packed
    if method == 8:
        inflater = zlib.decompressobj(-15)
        content = inflater.decompress(packed, size + 1)
        need(inflater.eof and not inflater.unused_data and not inflater.unconsumed_tail, "the deflate stream")
    need(len(content) == size and zlib.crc32(content) == crc, "size or CRC-32")
    return content


class Damaged:
    """A file that cannot be unpacked."""


def open_package(path, checks):
    """The top folder's name and the files below it, or None."""
    if os.path.isdir(path):
        checks.note("zip.readable", UNCHECKED)
        files = {}
        for folder, _, names in os.walk(path):
            for name in names:
                full = os.path.join(folder, name)
                with open(full, "rb") as file:
                    files[os.path.relpath(full, path)] = file.read()
        return os.path.basename(os.path.abspath(path)), files
    with open(path, "rb") as file:
        data = file.read()
    entries = checks.run("zip.readable", read_zip, data)
    if entries is None:
        return None
    before = len(checks)
    checks.run("zip.names", lambda: [check_name(entry[0]) for entry in entries] and None)
    checks.run("zip.duplicates", check_duplicates, entries)
    checks.run("zip.size", check_sizes, entries)
    if any(verdict == FAIL for _, verdict in checks[before:]):
        return None
    tops = {entry[0].partition("/")[0] for entry in entries}
    if len(tops) != 1 or not all("/" in entry[0] for entry in entries):
        checks.note("bag.declaration", FAIL)
        return None
    files = {}
    for entry in entries:
        try:
            content = unpack(entry)
        except (Wrong, zlib.error):
            content = Damaged
        files[entry[0].partition("/")[2]] = content
    return tops.pop(), files


# The bag
def read_manifest(files, name, payload):
    text = files[name].decode()
    need(text.endswith("\n"), "no last line")
    listed = {}
    for line in text[:-1].split("\n"):
        digest, separator, path = line.partition("  ")
        need(separator and HEX.fullmatch(digest), "a line")
        need(re.fullmatch(r"(?:[^%]|%25)*", path), "an escape")
        path = path.replace("%25", "%")
        check_name(path)
        need(path.startswith("data/") == payload and path != "tagmanifest-sha256.txt" and path not in listed, "a path")
        listed[path] = digest
    return listed


def check_info(files, info):
    text = files["bag-info.txt"].decode()
    need(text.endswith("\n"), "no last line")
    for line in text[:-1].split("\n"):
        label, separator, value = line.partition(": ")
        need(separator and label and value and label not in info, "a line")
        info[label] = value
    need(info.get("Blockworm-Evidence") == "1", "the version")
    need({"Source-Organization", "External-Identifier", "Bagging-Date"} <= set(info), "a label is missing")
    sizes = [len(content) for path, content in files.items() if path.startswith("data/") and content is not Damaged]
    need(info["Payload-Oxum"] == f"{sum(sizes)}.{len(sizes)}", "Payload-Oxum")


def check_bag(files, checks):
    declared = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    checks.run("bag.declaration", lambda: need(files["bagit.txt"] == declared, "its lines"))
    info, listed, manifests = {}, {}, []
    checks.run("bag.info", check_info, files, info)

    def both():
        wrong = None
        for name, payload in (("manifest-sha256.txt", True), ("tagmanifest-sha256.txt", False)):
            try:
                manifests.append(read_manifest(files, name, payload))
                listed.update(manifests[-1])
            except (Wrong, LookupError, ValueError, AttributeError) as reason:
                wrong = wrong or reason
        need(wrong is None, wrong)
        tags = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt"} | ({"seal.p7s"} & set(files))
        need(tags <= set(manifests[1]), "a tag file is not listed")

    checks.run("bag.manifest", both)
    strangers = [path for path in files if path not in listed and path != "tagmanifest-sha256.txt"]
    checks.run("bag.unlisted", lambda: need(not strangers, strangers))
    tags_hold = dict(checks)["bag.manifest"] == PASS and all(path.startswith("data/") for path in strangers)
    for path, digest in sorted(listed.items()):
        content = files.get(path, Damaged)
        holds = content is not Damaged and sha256(content) == digest
        tags_hold = tags_hold and (holds or path.startswith("data/"))
        checks.note(f"file:{path}", PASS if holds else FAIL)
    checks.note("file:tagmanifest-sha256.txt", PASS if tags_hold and "tagmanifest-sha256.txt" in files else FAIL)
    return info


# matter.json
ROWS = {
    "entries": ["number", "phase", "kind", "commitment", "size", "capture", "method", "captured_ms", "by", "organisation",
                "height", "time_ms", "transaction", "link", "erased"],
    "attestations": ["number", "entry", "statement", "findings", "by", "organisation", "role", "height", "time_ms",
                     "transaction", "withdrawn"],
    "acts": ["number", "act", "entry", "of", "outcome", "document", "until_ms", "by", "organisation", "height", "time_ms",
             "transaction"],
    "relations": ["organisation", "to", "relation", "height", "time_ms", "transaction", "by"],
}
BESIDE = {
    "entries": ["original", "capture_file", "proof", "checkpoint"],
    "attestations": ["findings_file", "proof", "checkpoint"],
    "acts": ["document_file", "proof", "checkpoint"],
    "relations": ["proof"],
}
FIELDS = ["format", "ledger", "genesis_digest", "contract", "contract_id", "matter", "exported_ms", "exported_by",
          "state_height", "entries", "attestations", "acts", "relations", "organisations", "members", "checkpoints", "asset"]


def read_index(files, top, info):
    index = json.loads(files["data/matter.json"])
    need(set(index) == set(FIELDS), "fields of matter.json")
    need(index["format"] == "blockworm-evidence/1", "the format")
    need(all(len(value) <= 512 for value in index.values() if isinstance(value, list)), "a long list")
    for kind, fields in ROWS.items():
        for row in index[kind]:
            optional = {"erased", "findings", "withdrawn", "entry", "of", "outcome", "document", "until_ms"}
            names = set(row) | (optional & set(fields))
            need(names == set(fields) | set(BESIDE[kind]), f"fields of {kind}")
    need(top == index["matter"], "the top folder")
    need(info.get("External-Identifier") == f"{index['ledger']}/{index['matter']}", "the identifier")
    source, exporter = info.get("Source-Organization", ""), index["exported_by"]
    need(source == exporter or source.endswith(f"({exporter})"), "the exporter")
    return index


# Borsh of the system's rows (docs/contracts/system.md)
class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        need(len(self.data) >= count, "a row is cut short")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def text(self):
        return self.take(self.number(4)).decode()

    def blob(self):
        return self.take(self.number(4))

    def texts(self):
        return [self.text() for _ in range(self.number(4))]

    def optional(self):
        return self.number(8) if self.number(1) else None


def organisation_row(data):
    reader = Reader(data)
    row = {"name": reader.text(), "roles": reader.texts(), "root": reader.blob(), "suspended_at": reader.optional(),
           "removed_at": reader.optional()}
    need(not reader.data, "more than a row")
    return row


def member_row(data):
    reader = Reader(data)
    algorithm, size = [("ed25519", 32), ("p256", 33)][reader.number(1)]
    row = {"key": f"{algorithm}:{reader.take(size).hex()}", "functions": reader.texts(), "not_after_ms": reader.number(8),
           "registered_at": reader.number(8), "revoked_at": reader.optional()}
    need(not reader.data, "more than a row")
    return row


def pem_certificates(text):
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----\n(.*?)-----END CERTIFICATE-----\n?", text.decode(), re.S)
    need(blocks, "no certificate")
    return [base64.b64decode(block.replace("\n", ""), validate=True) for block in blocks]


def openssl(*arguments, **files):
    """Whether openssl is content; `@name` stands for a file with that content."""
    with tempfile.TemporaryDirectory() as folder:
        def place(argument):
            if not argument.startswith("@"):
                return argument
            full = os.path.join(folder, argument[1:])
            with open(full, "wb") as file:
                file.write(files[argument[1:]])
            return full
        command = ["openssl", *map(place, arguments)]
        return subprocess.run(command, capture_output=True).returncode == 0


def to_pem(certificates):
    text = ""
    for der in certificates:
        text += "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der).decode() + "-----END CERTIFICATE-----\n"
    return text.encode()


class Case:
    def __init__(self, files, index, pins, checks):
        self.files, self.index, self.pins, self.checks = files, index, pins, checks
        self.rows, self.proofs, self.state = None, {}, None

    # The state and the proofs of transactions
    def read_state(self):
        try:
            self.prove_state()
        except (LookupError, TypeError, ValueError, AttributeError):
            # It is no state answer at all, so nothing of it is read.
            self.state, self.rows = None, None
            raise

    def load(self, path, kind):
        """A proof with its genesis: its own, or the package's where it is of version 3."""
        proof = json.loads(self.files[path])
        need(proof["format"] == f"blockworm-{kind}/{proofs.version(proof)}", "the format")
        if "genesis" not in proof:
            proof["genesis"] = json.loads(self.files["data/genesis.json"])
        return proof

    def genesis(self):
        file = self.files.get("data/genesis.json")
        genesis = self.state["genesis"] if file is None else json.loads(file)
        # What has no encoding is no genesis.
        proofs.genesis(genesis)
        return genesis

    def prove_state(self):
        self.state = self.load("data/proofs/state.json", "state")
        pin, sound = self.pins["genesis"], True
        headers = {h["height"]: h for h in self.state["chain"]["headers"]}
        found = list(proofs.shared_checks(self.state, pin))
        for number, claim in enumerate(self.state["states"]):
            found.append((f"state[{number}]", proofs.claim(claim, headers, self.state["genesis"])))
        for name, passed in found:
            sound = sound and passed is not False
            self.checks.note(f"state.{name}", {True: PASS, False: FAIL, None: UNPINNED}[passed])
        need(sound, "a check of the proof")
        need(self.state["ledger"] == self.index["ledger"], "another ledger")
        need(self.state["genesis_digest"] == self.index["genesis_digest"], "another genesis")
        need(all(c["height"] == self.index["state_height"] for c in self.state["states"]), "another height")
        self.rows = {(c["contract"], bytes.fromhex(c["key"])): c["value"] for c in self.state["states"]}

    def row(self, contract, key):
        need(self.rows is not None, "the state proves nothing")
        value = self.rows[contract, key]
        need(value is not None, "no such row")
        return bytes.fromhex(value)

    def evidence(self, namespace, first, last):
        key = b"".join(struct.pack(">H", len(part)) + part.encode() for part in [namespace, *first]) + last
        return json.loads(self.row(self.index["contract_id"], key))

    def proof(self, path):
        if path not in self.proofs:
            self.proofs[path] = self.read_proof(path)
        proof, found = self.proofs[path]
        need(proof is not None, "the proof cannot be read")
        return proof, found

    def read_proof(self, path):
        try:
            proof = self.load(path, "proof")
            found = list(proofs.shared_checks(proof, self.pins["genesis"])) + list(proofs.transaction_checks(proof))
            return proof, found
        except (Wrong, LookupError, TypeError, ValueError, AttributeError):
            return None, []

    def held(self, path):
        proof, found = self.proof(path)
        need(all(passed is not False for _, passed in found), "a check of the transaction's proof")
        return proof

    def check_genesis(self):
        for path, (proof, _) in self.proofs.items():
            need(proof is None or proof["genesis_digest"] == self.index["genesis_digest"], path)
        digest = sha256(proofs.genesis(self.genesis()))
        need(digest == self.index["genesis_digest"] and digest[:32] == self.index["ledger"], "the digest")

    def check_contract(self):
        place = self.index["contract_id"] - 16
        need(place >= 0, "a contract of the system")
        contract = self.genesis()["contracts"][place]
        need(contract["name"] == self.index["contract"] and contract["code"].startswith("evidence@"), "the contract")

    # Rows
    def deed(self, row, path, words):
        proof = self.held(path)
        body = proof["transaction"]
        need(sha256(proofs.transaction_body(body)) == row["transaction"], "another transaction")
        need(proof["receipt"]["code"] == "ok" and body["contract"] == self.index["contract"], "refused, or elsewhere")
        need(body["sender"] == row["by"] and row["by"].split("/")[0] == row["organisation"], "another's")
        headers = {h["height"]: h for h in proof["chain"]["headers"]}
        need(proof["receipt"]["height"] == row["height"], "another block")
        need(str(headers[row["height"]]["time_ms"]) == row["time_ms"], "another time")
        said = set()

        def collect(value):
            if isinstance(value, dict):
                said.update(value)
                value = list(value.values())
            if isinstance(value, list):
                for item in value:
                    collect(item)
            else:
                said.add(str(value))
        collect(json.loads(body["message"]))
        need(set(words) <= said, "the message does not say it")

    def listed_row(self, kind, row):
        return {name: row.get(name) for name in ROWS[kind]}

    def check_row(self, kind, row):
        matter = self.index["matter"]
        if kind == "relations":
            proved = self.evidence(kind, [row["organisation"]], row["to"].encode())
        else:
            proved = self.evidence(kind, [matter], struct.pack(">I", row["number"]))
        need(self.listed_row(kind, proved) == self.listed_row(kind, row) and set(proved) <= set(ROWS[kind]), "it differs")
        words = {"entries": [matter, row.get("commitment"), row.get("capture")],
                 "attestations": [matter, row.get("statement"), row.get("findings") or matter],
                 "acts": [matter, row.get("act")], "relations": [row.get("to"), row.get("relation")]}[kind]
        if row["proof"] is not None:
            self.deed(row, row["proof"], words)

    def salted(self, what, file, expected):
        digest = sha256(self.files[file["file"]])
        need(digest == file["sha256"], "its digest")
        salt = bytes.fromhex(file["salt"])
        domain = f"blockworm/evidence/{what}\0".encode()
        need(sha256(domain, salt, bytes.fromhex(digest)) == expected, "its commitment")

    def check_original(self, entry):
        original = entry["original"]
        if original is None:
            return UNCHECKED
        content = self.files[original["file"]]
        need(original["file"].startswith("data/originals/") and content is not Damaged, "the file")
        if original["sha256"] and original["salt"]:
            salt, digest = bytes.fromhex(original["salt"]), bytes.fromhex(original["sha256"])
            need(sha256(b"blockworm/evidence/original\0", salt, digest) == entry["commitment"], "its commitment")
        if original["encrypted"]:
            return UNCHECKED
        need(sha256(content) == original["sha256"] and original["salt"], "its digest")
        need(entry["size"] == str(len(content)), "its size")

    def check_link(self, entry, before):
        lines = ["blockworm/evidence/link/1", before, self.index["matter"], str(entry["number"])]
        lines += [entry[name] for name in ("phase", "kind", "commitment", "size", "capture", "method", "captured_ms", "by")]
        need(sha256("".join(f"{line}\n" for line in lines).encode()) == entry["link"], "the link")

    def check_signer(self, row):
        key = self.held(row["proof"])["transaction"]["key"]
        need(self.row(2, f"k/{key}".encode()) == row["by"].encode(), "another's key")
        member = member_row(self.row(2, f"m/{row['by']}".encode()))
        revoked = member["revoked_at"]
        need(revoked is None or revoked >= row["height"], "revoked before")
        item = next(m for m in self.index["members"] if m["id"] == row["by"] and m["key"] == key)
        chain = pem_certificates(self.files[item["certificate"]])
        if member["key"] == key:
            need(b"".join(chain) == self.row(2, f"c/{row['by']}".encode()), "another certificate")
        root = organisation_row(self.row(1, row["organisation"].encode()))["root"]
        at = str(int(row["time_ms"]) // 1000)
        need(openssl("verify", "-attime", at, "-purpose", "sslclient", "-CAfile", "@root", "-untrusted", "@chain", "@leaf",
                     root=to_pem([root]), chain=to_pem(chain), leaf=to_pem(chain[:1])), "no path to the root")
        spki = subprocess.run(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], input=chain[0],
                              capture_output=True, check=True).stdout
        raw = base64.b64decode(b"".join(spki.split(b"\n")[1:-2]))
        algorithm, digits = key.split(":")
        point = bytes.fromhex(digits)
        if algorithm == "ed25519":
            need(raw.endswith(point), "the certificate's key")
        else:
            need(raw[-64:-32] == point[1:] and raw[-1] & 1 == point[0] & 1, "the certificate's key")

    def check_history(self, row):
        size = row["checkpoint"]
        if size is None:
            need(self.pins["policy"] is None, "the policy wants a checkpoint")
            return UNCHECKED
        checkpoint = self.checkpoint(size)
        item = next(item for item in self.index["checkpoints"] if item["size"] == size)
        path = next(one["file"] for one in item["history"] if one["height"] == row["height"])
        history = json.loads(self.files[path])
        need(set(history) == {"header", "index", "size", "path"}, "its fields")
        proof, _ = self.proof(row["proof"])
        header = next(h for h in proof["chain"]["headers"] if h["height"] == row["height"])
        need(history["header"] == header and history["index"] == row["height"] and history["size"] == size, "its header")
        digest = hashlib.sha256(proofs.header(header)).digest()
        need(proofs.included(history, proofs.leaf(digest), checkpoint["root"]), "the path")

    def check_complete(self):
        matter = self.evidence("matters", [], self.index["matter"].encode())
        need(matter["id"] == self.index["matter"], "another matter")
        for kind in ("entries", "attestations", "acts"):
            need([row["number"] for row in self.index[kind]] == list(range(1, matter[kind] + 1)), kind)
        entries = self.index["entries"]
        need(matter["head"] == (entries[-1]["link"] if entries else "0" * 64), "the head")

    def standing(self, row, role):
        member = member_row(self.row(2, f"m/{row['by']}".encode()))
        organisation = organisation_row(self.row(1, row["organisation"].encode()))
        for ended in (member["revoked_at"], organisation["suspended_at"], organisation["removed_at"]):
            need(ended is None or ended >= row["height"], "ended before")
        return PASS if role in organisation["roles"] else UNCHECKED

    def check_interest(self, row):
        parties = self.evidence("matters", [], self.index["matter"].encode())["parties"]
        need(row["organisation"] not in parties, "a party itself")

    def check_act_role(self, row):
        parties = self.evidence("matters", [], self.index["matter"].encode())["parties"]
        party, act = row["organisation"] in parties, row["act"]
        if act in ("dispute", "retain", "erase", "close"):
            return need(party, "no party")
        if act == "withdraw":
            own = [a for a in self.index["attestations"] if (a["number"], a["organisation"]) == (row["of"], row["organisation"])]
            return need(own, "another's attestation")
        need(act in ("decide", "release", "hold") and not party, "a party, or no act")
        found = self.standing(row, "court")
        return self.standing(row, "notary") if act == "hold" and found == UNCHECKED else found

    # Checkpoints (docs/formats/checkpoint.md)
    def checkpoint(self, size):
        item = next(item for item in self.index["checkpoints"] if item["size"] == size)
        text = self.files[item["file"]].decode()
        body, separator, lines = text.partition("\n\n")
        need(separator and lines.endswith("\n"), "a note")
        origin, count, root = body.split("\n")
        need(origin == f"blockworm/{self.index['ledger']}" and count == str(size), "origin or size")
        signatures = []
        for line in lines[:-1].split("\n"):
            mark, name, encoded = line.split(" ")
            need(mark == "\u2014" and name, "a signature line")
            raw = base64.b64decode(encoded, validate=True)
            need(len(raw) > 4, "a signature")
            signatures.append((name, raw))
        root = base64.b64decode(root, validate=True)
        need(len(root) == 32, "the root")
        return {"body": body + "\n", "root": root, "signatures": signatures}

    def check_policy(self, size):
        checkpoint, policy = self.checkpoint(size), self.pins["policy"]
        name = f"checkpoint[{size}]"
        if policy is None:
            self.checks.note(f"{name}.policy", UNPINNED)
            return
        signed, seen = {}, set()
        for witness, (key_name, key_id, key) in policy["witnesses"].items():
            verdict = UNCHECKED
            for line_name, raw in checkpoint["signatures"]:
                if (line_name, raw[:4]) != (key_name, key_id):
                    continue
                seen.add((line_name, raw))
                time, signature = raw[4:12], raw[12:]
                message = f"cosignature/v1\ntime {int.from_bytes(time, 'big')}\n{checkpoint['body']}".encode()
                good = len(signature) == 64 and proofs.signed(f"ed25519:{key.hex()}", message, f"ed25519:{signature.hex()}")
                verdict = PASS if good or verdict == PASS else FAIL
            signed[witness] = verdict == PASS
            self.checks.note(f"{name}.cosignature:{key_name}", verdict)
        for line_name, raw in checkpoint["signatures"]:
            if (line_name, raw) not in seen:
                self.checks.note(f"{name}.cosignature:{line_name}", UNCHECKED)
        for group, threshold, members in policy["groups"]:
            signed[group] = sum(signed[member] for member in members) >= threshold
        good = signed[policy["quorum"]] and policy["origin"] == f"blockworm/{self.index['ledger']}"
        self.checks.note(f"{name}.policy", PASS if good else FAIL)

    def check_time(self, item):
        name, path, roots = f"time[{item['size']}]", item["token"], self.pins["tsa_roots"]
        if path is None:
            self.checks.note(f"{name}.token", UNCHECKED)
            return
        if roots is None:
            return
        body = self.checkpoint(item["size"])["body"].encode()
        good = openssl("ts", "-verify", "-data", "@body", "-in", "@token", "-token_in", "-CAfile", "@roots",
                       body=body, token=self.files[path], roots=roots)
        # openssl says one word for both: with a pinned root the token holds and is trusted, or one of them is not.
        if good:
            self.checks.note(f"{name}.token", PASS)
            self.checks.note(f"{name}.trust", PASS)

    def check_seal(self):
        if "seal.p7s" not in self.files:
            return UNCHECKED
        # With -cades openssl wants a path; whether its root counts is another check's.
        roots = b"".join(self.files[item["root"]] for item in self.index["organisations"])
        need(openssl("cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "@seal", "-content", "@manifest",
                     "-CAfile", "@roots", "-purpose", "any", "-no_check_time", "-out", "/dev/null", roots=roots,
                     seal=self.files["seal.p7s"], manifest=self.files["manifest-sha256.txt"]), "the seal")

    def check_operators(self):
        operators = json.loads(self.files["data/operators.json"])
        need(set(operators) == {"format", "nodes", "relations"}, "its fields")
        need(operators["format"] == "blockworm-operators/1", "the format")
        handovers = self.state["chain"].get("handovers") or []
        validators = handovers[-1]["validators"] if handovers else self.state["genesis"]["validators"]
        need({(n["organisation"], n["consensus_key"]) for n in operators["nodes"] if n["votes"]}
             == {(v["organisation"], v["key"]) for v in validators}, "who votes")
        pinned = {key_name: key for key_name, _, key in (self.pins["policy"] or {"witnesses": {}})["witnesses"].values()}
        for node in operators["nodes"]:
            try:
                roles = organisation_row(self.row(1, node["organisation"].encode()))["roles"]
            except (LookupError, Wrong):
                roles = next(o["roles"] for o in self.genesis()["organisations"] if o["id"] == node["organisation"])
            need(roles == node["roles"], "its roles")
            if node["cosigner"] is not None:
                key_name, _, key = read_key(node["cosigner"])
                need(pinned.get(key_name, key) == key, "the policy's key")
        rows = {(r["organisation"], r["to"]): r["relation"] for r in self.index["relations"]}
        for said in operators["relations"]:
            one, other, by = said["organisation"], said["party"], said["said_by"]
            if said["relation"] == "not declared":
                need((one, other) not in rows, "it was declared")
            else:
                need(by in (one, other), "who says it")
                need(rows.get((by, other if by == one else one)) == said["relation"], "the statement")

    def check_people(self):
        def organisation(item):
            row = organisation_row(self.row(1, item["slug"].encode()))
            for field in ("name", "roles", "suspended_at"):
                need(row[field] == item[field], field)
            need(pem_certificates(self.files[item["root"]]) == [row["root"]], "the root")

        def member(item):
            row = member_row(self.row(2, f"m/{item['id']}".encode()))
            chain = b"".join(pem_certificates(self.files[item["certificate"]]))
            need(self.row(2, f"k/{item['key']}".encode()) == item["id"].encode(), "the key")
            need(row["revoked_at"] == item["revoked_at"], "revoked_at")
            if row["key"] == item["key"]:
                need(row["functions"] == item["functions"] and row["registered_at"] == item["registered_at"], "the row")
                need(chain == self.row(2, f"c/{item['id']}".encode()), "the certificate")

        for item in self.index["organisations"]:
            self.checks.run(f"organisation[{item['slug']}].row", organisation, item)
        for item in self.index["members"]:
            self.checks.run(f"member[{item['id']}].row", member, item)

    def run(self):
        checks, index = self.checks, self.index
        for kind in ("entries", "attestations", "acts", "relations"):
            for row in index[kind]:
                if row["proof"] is not None:
                    try:
                        self.proof(row["proof"])
                    except Wrong:
                        pass
        checks.run("state.proof", self.read_state)
        checks.run("genesis.digest", self.check_genesis)
        pin = self.pins["genesis"]
        checks.note("genesis.pinned", UNPINNED if pin is None else PASS if pin == index["genesis_digest"] else FAIL)
        checks.run("genesis.contract", self.check_contract)
        self.check_people()
        before = "0" * 64
        for entry in index["entries"]:
            name = f"entry[{entry['number']}]"
            checks.run(f"{name}.original", self.check_original, entry)
            capture = entry["capture_file"]
            if capture is None:
                checks.note(f"{name}.capture", UNCHECKED)
            else:
                checks.run(f"{name}.capture", self.salted, "capture", capture, entry["capture"])
            checks.run(f"{name}.link", self.check_link, entry, before)
            before = entry["link"]
            self.check_common(name, "entries", entry)
        for row in index["attestations"]:
            name = f"attestation[{row['number']}]"
            self.check_common(name, "attestations", row)
            findings = row["findings_file"]
            if findings is None:
                checks.note(f"{name}.findings", UNCHECKED)
            else:
                checks.run(f"{name}.findings", self.salted, "findings", findings, row["findings"])
            checks.run(f"{name}.role", self.standing, row, row["role"])
            checks.run(f"{name}.interest", self.check_interest, row)
        for row in index["acts"]:
            name = f"act[{row['number']}]"
            self.check_common(name, "acts", row)
            file = row["document_file"]
            checks.run(f"{name}.document", lambda: UNCHECKED if file is None
                       else need(sha256(self.files[file]) == row["document"], "the document"))
            checks.run(f"{name}.role", self.check_act_role, row)
        for number, row in enumerate(index["relations"], 1):
            checks.run(f"relation[{number}].row", self.check_row, "relations", row)
        checks.run("matter.complete", self.check_complete)
        for item in index["checkpoints"]:
            if checks.run(f"checkpoint[{item['size']}].form", lambda: self.checkpoint(item["size"])) is not None:
                self.check_policy(item["size"])
                self.check_time(item)
        checks.run("seal.signature", self.check_seal)
        checks.run("operators.consistent", self.check_operators)

    def check_common(self, name, kind, row):
        try:
            _, found = self.proof(row["proof"])
            for check, passed in found:
                self.checks.note(f"{name}.{check}", {True: PASS, False: FAIL, None: UNPINNED}[passed])
        except Wrong:
            self.checks.note(f"{name}.proof", FAIL)
        self.checks.run(f"{name}.row", self.check_row, kind, row)
        self.checks.run(f"{name}.signer", self.check_signer, row)
        self.checks.run(f"{name}.history", self.check_history, row)


def read_key(text):
    name, key_id, encoded = text.split("+", 2)
    raw = base64.b64decode(encoded, validate=True)
    need(raw[0] == 4 and len(raw) == 33, "an Ed25519 key")
    expected = hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8]
    need(expected == key_id, "the key id")
    return name, bytes.fromhex(key_id), raw[1:]


def read_policy(path):
    policy = {"origin": None, "witnesses": {}, "groups": [], "quorum": None}
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "origin":
                policy["origin"] = words[1]
            elif words[0] == "witness":
                policy["witnesses"][words[1]] = read_key(words[2])
            elif words[0] == "group":
                threshold = {"any": 1, "all": len(words) - 3}.get(words[2])
                policy["groups"].append((words[1], threshold or int(words[2]), words[3:]))
            elif words[0] == "quorum":
                policy["quorum"] = words[1]
            else:
                sys.exit(f"{path}: {line}")
    return policy


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("package")
    parser.add_argument("--genesis")
    parser.add_argument("--policy")
    parser.add_argument("--tsa-root")
    given = parser.parse_args()
    roots = None
    if given.tsa_root:
        with open(given.tsa_root, "rb") as file:
            roots = file.read()
    pins = {"genesis": given.genesis, "policy": given.policy and read_policy(given.policy), "tsa_roots": roots}
    checks = Checks()
    opened = open_package(given.package, checks)
    if opened:
        top, files = opened
        info = check_bag(files, checks)
        index = checks.run("package.format", read_index, files, top, info)
        if index is not None:
            Case(files, index, pins, checks).run()
    for name, verdict in checks:
        print(verdict, name)
    found = {verdict for _, verdict in checks}
    sys.exit(1 if FAIL in found else 2 if UNPINNED in found else 0)


if __name__ == "__main__":
    main()
