"""Verifies a proof file with Python's standard library and openssl, written from docs/formats alone.

Usage: verify.py PROOF [GENESIS_DIGEST [GENESIS_FILE]]. Prints each check; exit status 0 valid, 1 broken, 2 unpinned.
A proof of version 3 does not hold its genesis and needs the file.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# Borsh (docs/formats/README.md)
def u(value, size):
    return value.to_bytes(size, "little")


def blob(data):
    data = data.encode() if isinstance(data, str) else data
    return u(len(data), 4) + data


def listed(items, encode):
    return u(len(items), 4) + b"".join(encode(item) for item in items)


def tagged(text):
    """A key or signature: its tag and its bytes."""
    algorithm, digits = text.split(":")
    return bytes([["ed25519", "p256"].index(algorithm)]) + bytes.fromhex(digits)


def hexed(text):
    return bytes.fromhex(text)


# Signatures
SPKI = {
    "ed25519": bytes.fromhex("302a300506032b6570032100"),
    "p256": bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200"),
}


def der_integer(data):
    data = data.lstrip(b"\0") or b"\0"
    data = b"\0" + data if data[0] & 0x80 else data
    return bytes([2, len(data)]) + data


def signed(key, message, signature):
    """Whether openssl accepts the signature."""
    algorithm, digits = key.split(":")
    other, raw = signature.split(":")[0], bytes.fromhex(signature.split(":")[1])
    if algorithm != other:
        return False
    pem = base64.encodebytes(SPKI[algorithm] + bytes.fromhex(digits)).decode()
    if algorithm == "p256":
        body = der_integer(raw[:32]) + der_integer(raw[32:])
        raw = bytes([0x30, len(body)]) + body
    with tempfile.TemporaryDirectory() as folder:
        def path(name, content):
            full = os.path.join(folder, name)
            with open(full, "wb") as file:
                file.write(content)
            return full
        key_file = path("key", f"-----BEGIN PUBLIC KEY-----\n{pem}-----END PUBLIC KEY-----\n".encode())
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key_file, "-rawin",
                   "-in", path("message", message), "-sigfile", path("signature", raw)]
        if algorithm == "p256":
            command += ["-digest", "sha256"]
        return subprocess.run(command, capture_output=True).returncode == 0


# RFC 6962 trees; RFC 9162, section 2.1.3.2
def leaf(data):
    return sha256(b"\0", data)


def node(left, right):
    return sha256(b"\1", left, right)


def included(proof, hashed, root):
    index, size = proof["index"], proof["size"]
    if index >= size:
        return False
    last = size - 1
    for sibling in map(hexed, proof["path"]):
        if last == 0:
            return False
        if index & 1 or index == last:
            hashed = node(sibling, hashed)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            hashed = node(hashed, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and hashed == root


# Encodings of docs/formats
def transaction_body(t):
    return (hexed(t["ledger"]) + blob(t["sender"]) + tagged(t["key"]) + blob(t["contract"])
            + blob(t["message"]) + hexed(t["nonce"]) + u(t["expires_at_ms"], 8))


def event(e):
    pair = lambda attribute: blob(attribute[0]) + blob(attribute[1])
    return blob(e["contract"]) + blob(e["type"]) + blob(e["subject"]) + listed(e["attributes"], pair)


def receipt(r):
    return (hexed(r["transaction"]) + u(r["height"], 8) + u(r["index"], 4) + blob(r["code"])
            + blob(r["message"]) + listed(r["events"], event)
            + blob(base64.b64decode(r["data"], validate=True)) + u(r["cost"], 8))


def header(h):
    roots = ["parent", "history_root", "transactions_root", "receipts_root", "state_root", "next_validators"]
    return (u(h["version"], 2) + u(h["protocol_version"], 4) + hexed(h["ledger"]) + u(h["height"], 8)
            + u(h["time_ms"], 8) + b"".join(hexed(h[name]) for name in roots))


def validators(v):
    return listed(v, lambda one: blob(one["organisation"]) + tagged(one["key"]))


def organisation(o):
    member = lambda m: blob(m["id"]) + blob(base64.b64decode(m["certificate"], validate=True))
    return (blob(o["id"]) + blob(o["name"]) + listed(o["roles"], blob)
            + blob(base64.b64decode(o["ca_certificate"], validate=True)) + listed(o["members"], member))


PARAMETERS = [("root_lag", 8), ("epoch_length", 8), ("bucket_bits", 1), ("block_bytes", 4),
              ("block_transactions", 4), ("transaction_bytes", 4), ("expiry_window_ms", 8),
              ("heartbeat_ms", 8), ("transaction_cost", 8)]


def genesis(g):
    contract = lambda c: blob(c["name"]) + blob(c["code"]) + blob(c["init"])
    parameters = b"".join(u(g["parameters"][name], size) for name, size in PARAMETERS)
    return (u(g["version"], 2) + u(g["protocol_version"], 4) + blob(g["name"]) + u(g["time_ms"], 8)
            + parameters + listed(g["organisations"], organisation) + validators(g["validators"])
            + listed(g["contracts"], contract))


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


# Checks of docs/formats/proof.md
def quorum(finality, ledger, known):
    names = f"blockworm/{ledger}/consensus_FINALIZE".encode()
    message = varint(len(names)) + names
    for field in ("epoch", "view", "parent_view"):
        message += varint(finality[field])
    message += hexed(finality["payload"])
    count = len(known)
    numbers = [entry["validator"] for entry in finality["signatures"]]
    return (len(numbers) >= count - (count - 1) // 3
            and numbers == sorted(set(numbers)) and all(n < count for n in numbers)
            and all(signed(known[entry["validator"]]["key"], message, entry["signature"])
                    for entry in finality["signatures"]))


def sound(key):
    """Ed25519, canonical and not one of the eight points of small order (RFC 8032)."""
    if not key.startswith("ed25519:"):
        return False
    prime = 2**255 - 19
    y = int.from_bytes(hexed(key[8:]), "little") & (1 << 255) - 1
    # y is 1, -1 and 0 in points of order 1, 2 and 4, and a root of d y^4 + 2 y^2 - 1 in those of order 8.
    d = -121665 * pow(121666, -1, prime)
    return y < prime and y * (y * y - 1) % prime != 0 and (d * y**4 + 2 * y * y - 1) % prime != 0


def led(p):
    """Who votes since which height, by the genesis and the handovers, and whether all of these follow."""
    known, since = p["genesis"]["validators"], 0
    length = p["genesis"]["parameters"]["epoch_length"]
    handovers = p["chain"].get("handovers", [])
    if len(handovers) > 1024:
        return known, since, False
    for handover in handovers:
        h, finality, new = handover["header"], handover["finality"], handover["validators"]
        keys = [tagged(v["key"]) for v in new]
        if not (h["version"] == 1 and h["ledger"] == p["ledger"]
                and (h["height"] + 1) % length == 0 and h["height"] >= since
                and h["next_validators"] == sha256(validators(new)).hex()
                and finality["payload"] == sha256(header(h)).hex()
                and finality["epoch"] == h["height"] // length
                and quorum(finality, p["ledger"], known)
                and 1 <= len(new) <= 256 and keys == sorted(set(keys))
                and all(sound(v["key"]) for v in new)):
            return known, since, False
        known, since = new, h["height"] + 1
    return known, since, True


def names_known(chain, known, since, length):
    """Whether the headers that the known set vouches for name it."""
    last, digest = chain[-1]["height"], sha256(validators(known)).hex()
    ends = (last + 1) % length == 0
    return last >= since and all(h["next_validators"] == digest for h in chain
                                 if h["height"] + 1 >= since and not (ends and h["height"] == last))


def bit(digest, index):
    return digest[index // 8] >> (7 - index % 8) & 1


def claim(c, headers, g):
    at = headers.get(c["height"] + g["parameters"]["root_lag"])
    key = sha256(c["contract"].to_bytes(4, "big"), hexed(c["key"]))
    pairs = [(hexed(pair["key"]), hexed(pair["value"])) for pair in c["proof"]["pairs"]]
    siblings = [hexed(sibling) for sibling in c["proof"]["siblings"]]
    depth = len(siblings)
    path = [bit(key, index) for index in range(depth)]
    sound = (at is not None and key == hexed(c["key_hash"])
             and g["parameters"]["bucket_bits"] <= depth <= 256 and len(pairs) <= 64
             and all(a[0] < b[0] for a, b in zip(pairs, pairs[1:]))
             and all([bit(k, index) for index in range(depth)] == path for k, _ in pairs))
    if not sound:
        return False
    digest = sha256(b"\0", *(k + v for k, v in pairs))
    for sibling, right in zip(siblings, reversed(path)):
        digest = node(sibling, digest) if right else node(digest, sibling)
    held = dict(pairs).get(key)
    wanted = None if c["value"] is None else sha256(hexed(c["value"]))
    return digest == hexed(at["state_root"]) and held == wanted


def shared_checks(p, pin):
    g, chain = p["genesis"], p["chain"]["headers"]
    digest = sha256(genesis(g)).hex()
    finality = p["chain"]["finality"]
    follows = lambda a, b: (b["height"] == a["height"] + 1 and b["time_ms"] > a["time_ms"]
                            and hexed(b["parent"]) == sha256(header(a)))
    yield "genesis.digest", digest == p["genesis_digest"]
    yield "genesis.pinned", None if pin is None else digest == p["genesis_digest"] == pin
    yield "ledger.id", all(part["ledger"] == p["genesis_digest"][:32] for part in [p, *chain])
    yield "headers.contiguous", (bool(chain) and all(h["version"] == 1 for h in chain)
                                 and all(follows(a, b) for a, b in zip(chain, chain[1:])))
    length = g["parameters"]["epoch_length"]
    known, since, follows_all = led(p)
    yield "validators.genesis", follows_all and names_known(chain, known, since, length)
    yield "finality.payload", finality["payload"] == sha256(header(chain[-1])).hex()
    yield "finality.epoch", finality["epoch"] == chain[-1]["height"] // length
    yield "finality.quorum", quorum(finality, p["ledger"], known)


def transaction_checks(p):
    t, r, chain = p["transaction"], p["receipt"], p["chain"]["headers"]
    identity = sha256(transaction_body(t))
    namespace = f"blockworm/{t['ledger']}/transaction".encode() + b"\0"
    place, first = p["inclusion"], chain[0]
    headers = {h["height"]: h for h in chain}
    later = headers.get(first["height"] + p["genesis"]["parameters"]["root_lag"])
    yield "transaction.ledger", t["ledger"] == p["ledger"]
    yield "transaction.signature", signed(t["key"], namespace + identity, t["signature"])
    yield "transaction.included", included(place, leaf(identity + tagged(t["signature"])),
                                           hexed(first["transactions_root"]))
    yield "receipt.transaction", ((r["transaction"], r["height"], r["index"])
                                  == (identity.hex(), first["height"], place["index"]))
    same = all(p["receipt_inclusion"][name] == place[name] for name in ("index", "size"))
    yield "receipt.included", (later is not None and same and included(
        p["receipt_inclusion"], leaf(receipt(r)), hexed(later["receipts_root"])))


def version(p):
    return 3 if "genesis" not in p else 2 if "handovers" in p["chain"] else 1


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    given = dict(enumerate(sys.argv))
    p = load(given[1])
    if p["format"] not in (f"blockworm-{kind}/{version(p)}" for kind in ("proof", "state")):
        sys.exit(f"the format {p['format']} is not read")
    if "genesis" not in p:
        if 3 not in given:
            sys.exit(f"the proof does not hold its genesis {p['genesis_digest']}: give the file")
        p["genesis"] = load(given[3])
    checks = list(shared_checks(p, given.get(2)))
    if p["format"].startswith("blockworm-proof/"):
        checks += transaction_checks(p)
    headers = {h["height"]: h for h in p["chain"]["headers"]}
    for index, c in enumerate(p["states"]):
        checks.append((f"state[{index}]", claim(c, headers, p["genesis"])))
    for name, passed in checks:
        print({True: "pass", False: "FAIL", None: "unpinned"}[passed], name)
    found = [passed for _, passed in checks]
    sys.exit(1 if False in found else 2 if None in found else 0)


if __name__ == "__main__":
    main()
