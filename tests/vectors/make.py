#!/usr/bin/env python3
"""Makes the published vectors of the sealed stream, from the layout described in src/vault/stream.rs and `cryptography` alone.

The vectors are kept; this says how they came to be, independently of the Rust code that they test.
Plain bytes: byte i is i mod 251. Run it in this folder.
"""

import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY = bytes(range(32))
SALT = bytes(range(100, 132))
CHUNK_LOG2 = 16
CHUNK = 1 << CHUNK_LOG2


def seal(plain):
    key_id = hashlib.sha256(b"backstay key id" + KEY).digest()[:16]
    header = b"BKSTAY01" + bytes([1, CHUNK_LOG2, 0, 0]) + key_id + SALT + bytes(4)
    file_key = HKDF(hashes.SHA256(), 32, SALT, b"backstay stream v1" + header).derive(KEY)
    chunks = [plain[at : at + CHUNK] for at in range(0, len(plain), CHUNK)] or [b""]
    sealed = header
    for number, chunk in enumerate(chunks):
        nonce = bytes(7) + number.to_bytes(4, "big") + bytes([number == len(chunks) - 1])
        sealed += AESGCM(file_key).encrypt(nonce, chunk, None)
    return sealed


cases = []
for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]:
    plain = bytes(i % 251 for i in range(size))
    sealed = seal(plain)
    case = {
        "size": size,
        "plain_sha256": hashlib.sha256(plain).hexdigest(),
        "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
    }
    if size <= 1:
        case["sealed"] = sealed.hex()
    if size == CHUNK + 1:
        case["file"] = "two-chunks.enc"
        Path(case["file"]).write_bytes(sealed)
    cases.append(case)

vectors = {"key": KEY.hex(), "salt": SALT.hex(), "chunk_log2": CHUNK_LOG2, "cases": cases}
Path("stream.json").write_text(json.dumps(vectors, indent=2) + "\n")
