#!/usr/bin/env python3
"""Builds examples/demo, a small OCI image layout, from the text files of examples/demo-src.

    examples/build-demo.py           writes examples/demo
    examples/build-demo.py --check   compares with it instead; exit code 1 where a byte differs

Same input, same bytes, on every machine: entries are sorted, times are SOURCE_DATE_EPOCH (by default
the day that debian:bookworm-20230612 was made), and layers are compressed by the encoder below, because
zlib's output differs from release to release. Needs Python 3.8 and nothing else; no network.
"""

import datetime
import hashlib
import io
import json
import os
import struct
import sys
import tarfile
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "demo-src"
TARGET = HERE / "demo"
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH", "1686528000"))

INSTALLED = ["ca-certificates", "curl", "libwebp7", "python3", "python3-pip", "wget"]
CLEAN = "rm -rf /var/lib/apt/lists/*"
SITE = "usr/local/lib/python3.11/dist-packages"


# --- reading the inputs ------------------------------------------------------------------------


def txtar(name):
    """Returns the files of a txtar archive as {path: text}."""
    files, path = {}, None
    for line in (SOURCE / name).read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("-- ") and line.rstrip().endswith(" --"):
            path = line.strip()[3:-3]
            files[path] = ""
        elif path is not None:
            files[path] += line
    return files


def stanzas(name):
    """Returns the stanzas of a dpkg status file as {package: text}."""
    text = (SOURCE / name).read_text(encoding="utf-8").strip()
    return {stanza.splitlines()[0].split(": ", 1)[1]: stanza for stanza in text.split("\n\n")}


def status(packages):
    """Returns the text of a dpkg status file, in dpkg's order."""
    return "".join(packages[name] + "\n\n" for name in sorted(packages))


def field(stanza, name):
    """Returns a one-line field of a stanza, or an empty text."""
    return next((line[len(name) + 2 :] for line in stanza.splitlines() if line.startswith(name + ": ")), "")


def automatic(packages):
    """Returns apt's extended_states for packages that came in as dependencies."""
    entry = "Package: {}\nArchitecture: {}\nAuto-Installed: 1\n\n"
    # apt writes the native architecture for packages of architecture "all".
    return "".join(entry.format(name, "amd64") for name in sorted(packages))


# --- the layers --------------------------------------------------------------------------------


def layers():
    """Yields (history line, {path: text}) per step; None for the files of a step that makes no layer."""
    base, installed = stanzas("base.status"), stanzas("installed.status")
    lists = txtar("lists.txtar")
    info = "var/lib/dpkg/info/"
    files = txtar("base-files.txtar")
    etc = {path: files[path] for path in ("etc/passwd", "etc/group")}

    files["etc/os-release"] = ("link", "../usr/lib/os-release")
    for name, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("sbin", "usr/sbin"), ("lib64", "usr/lib64")):
        files[name] = ("link", target)
        files[target + "/"] = None
    for directory in ("root/", "tmp/", "var/lib/apt/lists/", "var/cache/apt/archives/"):
        files[directory] = None
    files["var/lib/dpkg/status"] = status(base)
    for path, text in lists.items():
        if path.startswith("base/"):
            files[info + path[5:]] = text
    yield f"# debian.sh --arch 'amd64' out/ 'bookworm' '@{EPOCH}'", files
    yield 'CMD ["bash"]', None

    states = files["var/lib/apt/extended_states"] + automatic(set(installed) - set(INSTALLED))
    yield run(f"apt-get update && apt-get install -y --no-install-recommends {' '.join(INSTALLED)} && {CLEAN}"), {
        "var/lib/dpkg/status": status({**base, **installed}),
        "var/lib/apt/extended_states": states,
        "etc/ssl/certs/": None,
        **{info + path[10:]: text for path, text in lists.items() if path.startswith("installed/")},
    }
    yield "ENV PYTHONUNBUFFERED=1", None
    yield "WORKDIR /srv/shop", {"srv/shop/": None}

    python = txtar("python.txtar")
    names = {}
    for path, text in python.items():
        if path.endswith("/METADATA"):
            names[field(text, "Name").lower()] = field(text, "Version")
    requirements = "".join(f"{name}=={version}\n" for name, version in sorted(names.items()))
    yield copy("requirements.txt", "/srv/shop/"), {"srv/shop/requirements.txt": requirements}
    yield run("pip3 install --no-cache-dir --break-system-packages -r requirements.txt"), {
        f"{SITE}/{path}": text for path, text in python.items()
    }
    yield copy("node_modules/", "/srv/shop/node_modules/"), {
        f"srv/shop/node_modules/{path}": text for path, text in txtar("npm.txtar").items()
    }

    kept = {name: text for name, text in {**base, **installed}.items() if name != "wget"}
    yield run("apt-get purge -y wget && useradd --system --home-dir /srv/shop shop"), {
        "var/lib/dpkg/status": status(kept),
        info + ".wh.wget.list": "",
        "etc/passwd": etc["etc/passwd"] + "shop:x:999:999::/srv/shop:/bin/sh\n",
        "etc/group": etc["etc/group"] + "shop:x:999:\n",
    }
    yield "USER shop", None
    yield "EXPOSE map[8000/tcp:{}]", None
    yield 'CMD ["python3" "-m" "shop"]', None


def run(command):
    """Returns the history line that BuildKit writes for a RUN instruction."""
    return f"RUN /bin/sh -c {command} # buildkit"


def copy(source, target):
    """Returns the history line that BuildKit writes for a COPY instruction."""
    return f"COPY {source} {target} # buildkit"


def archive(files):
    """Returns a tar of the files, with their parent directories, in the order of their paths."""
    entries = {}
    for path, content in files.items():
        parts = path.rstrip("/").split("/")
        for depth in range(1, len(parts)):
            entries.setdefault("/".join(parts[:depth]), None)
        entries[path.rstrip("/")] = content
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(entries):
            content = entries[path]
            entry = tarfile.TarInfo(path)
            entry.mtime = EPOCH
            if content is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if path == "tmp" else 0o755
                tar.addfile(entry)
            elif isinstance(content, tuple):
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, content[1], 0o777
                tar.addfile(entry)
            else:
                data = content.encode()
                entry.size, entry.mode = len(data), 0o644
                tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


# --- gzip (RFC 1952) around deflate with fixed codes (RFC 1951, section 3.2.6) ------------------

LENGTHS = [(257 + i, 3 + i, 0) for i in range(8)]
for group in range(5):
    for step in range(4):
        LENGTHS.append((265 + 4 * group + step, 3 + (8 << group) + (step * (2 << group)), group + 1))
LENGTHS.append((285, 258, 0))
DISTANCES = [(i, 1 + i, 0) for i in range(4)]
for group in range(13):
    for step in range(2):
        DISTANCES.append((4 + 2 * group + step, 1 + (4 << group) + step * (2 << group), group + 1))


def reverse(value, bits):
    """Returns the low bits of a value, mirrored: Huffman codes are packed from their highest bit."""
    return int(format(value, f"0{bits}b")[::-1], 2)


def fixed(symbol):
    """Returns (code, bits) of a literal or length symbol."""
    if symbol < 144:
        return reverse(0x30 + symbol, 8), 8
    if symbol < 256:
        return reverse(0x190 + symbol - 144, 9), 9
    if symbol < 280:
        return reverse(symbol - 256, 7), 7
    return reverse(0xC0 + symbol - 280, 8), 8


def deflate(data):
    """Returns the data as one deflate block: greedy matching over chains of three-byte prefixes."""
    out, accumulator, filled = bytearray(), 0, 0

    def put(value, bits):
        nonlocal accumulator, filled
        accumulator |= value << filled
        filled += bits
        while filled >= 8:
            out.append(accumulator & 255)
            accumulator >>= 8
            filled -= 8

    length_of = {}
    for symbol, start, extra in LENGTHS:
        for length in range(start, start + (1 << extra)):
            # 258 has a symbol of its own, which comes last and wins.
            length_of[length] = (symbol, length - start, extra)
    put(0b011, 3)  # last block, fixed codes
    chains, at = {}, 0
    while at < len(data):
        best, distance = 0, 0
        chain = chains.get(data[at : at + 3], [])
        for earlier in reversed(chain[-24:]):
            if at - earlier > 32768:
                break
            limit, length = min(258, len(data) - at), 3
            if best and data[earlier + best - 1] != data[at + best - 1]:
                continue
            while length < limit and data[earlier + length] == data[at + length]:
                length += 1
            if length > best:
                best, distance = length, at - earlier
        step = best if best >= 3 and len(data) - at >= 3 else 1
        if step == 1:
            put(*fixed(data[at]))
        else:
            symbol, offset, extra = length_of[step]
            put(*fixed(symbol))
            put(offset, extra)
            code, start, extra = next(row for row in reversed(DISTANCES) if row[1] <= distance)
            put(reverse(code, 5), 5)
            put(distance - start, extra)
        for position in range(at, at + step):
            chains.setdefault(data[position : position + 3], []).append(position)
        at += step
    put(*fixed(256))
    if filled:
        out.append(accumulator & 255)
    return bytes(out)


def gzip(data):
    """Returns the data as a gzip member without a name and without a time."""
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    packed = head + deflate(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    if zlib.decompress(packed, 31) != data:
        raise SystemExit("build-demo: the encoder's output does not decompress to its input")
    return packed


# --- the layout --------------------------------------------------------------------------------


def text_of(value):
    """Returns a value as JSON, always in the same form."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def build():
    """Returns the files of the layout as {path: bytes}."""
    blobs, descriptors, diff_ids, history = {}, [], [], []

    def blob(data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        blobs["blobs/sha256/" + digest] = data
        return {"mediaType": "application/vnd.oci.image." + media_type, "digest": "sha256:" + digest, "size": len(data)}

    created = datetime.datetime.fromtimestamp(EPOCH, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for line, files in layers():
        step = {"created": created, "created_by": line, "comment": "buildkit.dockerfile.v0"}
        if files is None:
            step["empty_layer"] = True
        else:
            tar = archive(files)
            diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
            descriptors.append(blob(gzip(tar), "layer.v1.tar+gzip"))
        history.append(step)
    config = blob(
        text_of(
            {
                "created": created,
                "architecture": "amd64",
                "os": "linux",
                "config": {
                    "User": "shop",
                    "ExposedPorts": {"8000/tcp": {}},
                    "Env": [
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "PYTHONUNBUFFERED=1",
                    ],
                    "Cmd": ["python3", "-m", "shop"],
                    "WorkingDir": "/srv/shop",
                },
                "rootfs": {"type": "layers", "diff_ids": diff_ids},
                "history": history,
            }
        ),
        "config.v1+json",
    )
    manifest_type = "manifest.v1+json"
    manifest = blob(
        text_of(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image." + manifest_type,
                "config": config,
                "layers": descriptors,
            }
        ),
        manifest_type,
    )
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    manifest["platform"] = {"architecture": "amd64", "os": "linux"}
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    }
    return {**blobs, "oci-layout": text_of({"imageLayoutVersion": "1.0.0"}), "index.json": text_of(index)}


def main():
    """Writes the layout, or compares it with the one that is there."""
    wanted = build()
    found = {str(path.relative_to(TARGET)): path for path in TARGET.rglob("*") if path.is_file()}
    if sys.argv[1:] == ["--check"]:
        wrong = sorted(
            set(wanted) ^ set(found) | {name for name in set(wanted) & set(found) if wanted[name] != found[name].read_bytes()}
        )
        for name in wrong:
            print(f"build-demo: examples/demo/{name} is not what examples/demo-src gives", file=sys.stderr)
        return 1 if wrong else 0
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    for name in sorted(set(found) - set(wanted)):
        found[name].unlink()
    for name, data in wanted.items():
        path = TARGET / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"examples/demo: {len(wanted)} files, {sum(map(len, wanted.values()))} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
