#!/usr/bin/env python3
"""Compares the package lists of Plimsoll with those of Syft and snyk-docker-plugin on the same images.

    cargo xtask compare [-- NAME...]

Every package that a peer lists must be listed, or stand in known.tsv with the reason why the peer is
wrong; every package that only Plimsoll lists must stand in ours.tsv with what shows that it is right.
What is in neither is printed, and the exit code is 1. The table goes into docs/comparison.md.

A package is its purl type, name and version. Names of Java are compared without their group, since
the tools guess it in different ways; differences of groups are counted apart.
"""

import argparse
import collections
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
START, END = "<!-- compared -->", "<!-- /compared -->"

Package = collections.namedtuple("Package", "type name version")

# What snyk-docker-plugin calls the kinds of packages, as purl types.
SNYK = {
    "apk": "apk", "deb": "deb", "rpm": "rpm", "npm": "npm", "yarn": "npm", "pip": "pypi", "poetry": "pypi",
    "maven": "maven", "gomodules": "golang", "rubygems": "gem", "composer": "composer", "cargo": "cargo",
}


def normal(kind, name, version):
    """Writes names and versions as all tools can be expected to."""
    name, version = urllib.parse.unquote(name), urllib.parse.unquote(version or "")
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    if kind == "maven":
        name = re.split(r"[:/]", name)[-1]
    if kind in ("deb", "apk"):
        name = name.lower()
    if kind == "rpm" and ":" in version:
        version = version.split(":", 1)[1]
    if kind in ("golang", "composer", "hex", "bitnami"):
        name = name.lower()
    return Package(kind, name, version)


def of_purl(purl):
    """Reads type, namespace with name, and version of a purl."""
    rest = purl.removeprefix("pkg:").split("#")[0].split("?")[0]
    kind, _, rest = rest.partition("/")
    rest, _, version = rest.partition("@") if not rest.startswith("@") else ("", "", "")
    if kind in ("deb", "rpm", "apk"):
        rest = rest.split("/")[-1]
    return normal(kind, rest, version)


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if done.returncode not in (0, 3):
        words = (done.stderr.strip() or "no message").splitlines()
        sys.exit(f"exit {done.returncode}: {next((line for line in words if 'panic' in line), words[-1])[:300]}")
    return done.stdout


def plimsoll(program, images, name):
    text = run([program, "scan", f"oci-dir:{images}/oci/{name}", "--format", "json", "--no-cache"])
    listed = {}
    for one in json.loads(text)["packages"]:
        package = of_purl(one["purl"])
        if package.type in ("deb", "rpm", "apk"):
            package = normal(package.type, one["name"], one["version"])
        listed.setdefault(package, []).extend(one["locations"])
    return listed


def syft(program, images, name):
    text = run([program, f"oci-dir:{images}/oci/{name}", "-q", "-o", "json"])
    listed = {}
    for one in json.loads(text)["artifacts"]:
        package = of_purl(one["purl"]) if one["purl"] else Package(one["type"], one["name"], one["version"])
        if package.type in ("deb", "rpm", "apk"):
            package = normal(package.type, one["name"], one["version"])
        listed.setdefault(package, []).extend(place["path"] for place in one["locations"])
    return listed


def snyk(node, images, name):
    listed = {}
    text = run(["node", HERE / "snyk.js", f"{images}/docker/{name}.tar"], env={**os.environ, "NODE_PATH": str(node)})
    for line in text.splitlines():
        kind, package, version = line.split("\t")
        if kind not in SNYK:
            continue
        kind = SNYK[kind]
        if kind in ("deb", "rpm", "apk"):
            package = package.split("/")[-1]
        listed.setdefault(normal(kind, package, version), [])
    return listed


def without_padding(version):
    """Writes a version of PyPI as short as it can be: snyk-docker-plugin writes 3.2.0 for 3.2."""
    parts = [part.lstrip("0") or "0" if part.isdigit() else part for part in version.split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)


def as_ours(listed, own):
    """Writes what snyk-docker-plugin lists as Plimsoll does: Go packages by their modules, versions of PyPI as
    they are stated, without the zeros that were added to them.
    """
    stated = {(one.name, without_padding(one.version)): one for one in own if one.type == "pypi"}
    modules = collections.defaultdict(list)
    for one in own:
        if one.type == "golang":
            modules[one.version].append(one.name)
    found = {}
    for one, places in listed.items():
        if one.type == "golang":
            held = [name for name in modules[one.version] if one.name == name or one.name.startswith(name + "/")]
            if held:
                one = one._replace(name=max(held, key=len))
        if one.type == "pypi":
            one = stated.get((one.name, without_padding(one.version)), one)
        found[one] = places
    return found


def alike(one, other):
    """Says whether two versions of the same file may be the same: equal, unknown to one, or longer by zeros."""
    return not one or one == "UNKNOWN" or without_padding(one) == without_padding(other)


def rules(path):
    """Reads a list of rules: peer, image, type, name, version, reason; patterns as in a shell."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 6:
            sys.exit(f"{path.name}:{number}: expected 6 fields between tabs, got {len(fields)}")
        found.append(fields)
    return found


def explained(rows, peer, image, package, places, used, same_file):
    for index, (who, where, kind, name, version, _) in enumerate(rows):
        fits = (
            fnmatch.fnmatchcase(peer, who) and fnmatch.fnmatchcase(image, where) and fnmatch.fnmatchcase(package.type, kind)
            and fnmatch.fnmatchcase(package.name, name) and (
                fnmatch.fnmatchcase(package.version, version)
                # `in:PATTERN` asks for a place instead of a version, `same-file` for a package of that
                # version that Plimsoll lists in the same file under another name.
                or version == "same-file" and same_file
                or version.startswith("in:") and any(fnmatch.fnmatchcase(place, version[3:]) for place in places)
            )
        )
        if fits:
            used.add(index)
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plimsoll", required=True)
    parser.add_argument("--syft")
    parser.add_argument("--snyk", help="the folder node_modules that holds snyk-docker-plugin")
    parser.add_argument("--images", required=True)
    parser.add_argument("--out", help="the page whose table is rewritten")
    parser.add_argument("--all", action="store_true", help="print every difference, not the first twenty")
    parser.add_argument("only", nargs="*")
    asked = parser.parse_args()
    images = pathlib.Path(asked.images)
    names = sorted(path.name for path in (images / "oci").iterdir() if path.is_dir())
    names = [name for name in names if not asked.only or name in asked.only]
    theirs_wrong, ours_right = rules(HERE / "known.tsv"), rules(HERE / "ours.tsv")
    used_known, used_ours, bad = set(), set(), 0
    table = ["| image | Plimsoll | Syft | only Syft, explained | snyk | only snyk, explained | only Plimsoll |", "|---|--:|--:|--:|--:|--:|--:|"]
    for name in names:
        own = plimsoll(asked.plimsoll, images, name)
        row, known_to_peers, theirs = [name, str(len(own))], set(), set()
        for peer, program, lister in (("syft", asked.syft, syft), ("snyk", asked.snyk, snyk)):
            if not program:
                row += ["–", "–"]
                continue
            try:
                listed = lister(program, images, name)
            except SystemExit as failure:
                print(f"{name}: {peer} failed: {failure}")
                row += ["failed", "–"]
                continue
            if peer == "snyk":
                listed = as_ours(listed, own)
            known_to_peers |= set(listed)
            theirs |= {(place, one.type, one.version) for one in listed for place in listed[one]}
            missing = sorted(set(listed) - set(own))
            places = collections.defaultdict(list)
            for other in own:
                for place in own[other]:
                    places[place, other.type].append(other)

            def same_file(one):
                held = [other for place in listed[one] for other in places[place, one.type]]
                return any(alike(one.version, other.version) for other in held)

            open_ones = [
                one for one in missing
                if not explained(theirs_wrong, peer, name, one, listed[one], used_known, same_file(one))
            ]
            row += [str(len(listed)), str(len(missing) - len(open_ones))]
            bad += len(open_ones)
            for one in open_ones if asked.all else open_ones[:20]:
                print(f"{name}: only {peer}: {one.type} {one.name} {one.version}  {' '.join(listed[one][:1])}")
            if len(open_ones) > 20 and not asked.all:
                print(f"{name}: only {peer}: … {len(open_ones) - 20} more")
        only = sorted(set(own) - known_to_peers)
        # What the peers list in the same file with the same version under another name.
        renamed = {
            one for one in only
            if any(place in own[one] and kind == one.type and alike(version, one.version) for place, kind, version in theirs)
        }
        open_ones = [one for one in only if not explained(ours_right, "plimsoll", name, one, own[one], used_ours, one in renamed)]
        bad += len(open_ones)
        for one in open_ones if asked.all else open_ones[:20]:
            print(f"{name}: only plimsoll: {one.type} {one.name} {one.version}  {' '.join(own[one][:1])}")
        if len(open_ones) > 20 and not asked.all:
            print(f"{name}: only plimsoll: … {len(open_ones) - 20} more")
        row.append(str(len(only)))
        table.append("| " + " | ".join(row) + " |")
    print("\n".join(table))
    if asked.out and not asked.only:
        page = pathlib.Path(asked.out)
        text = page.read_text()
        before, _, rest = text.partition(START)
        after = rest.partition(END)[2]
        lines = table + ["", "### Where a peer is wrong", ""]
        lines += [f"- {who}, {kind} `{name}` {version if version != '*' else ''} ({where}): {why}".replace(" (*)", "").replace("  ", " ")
                  for index, (who, where, kind, name, version, why) in enumerate(theirs_wrong) if index in used_known]
        lines += ["", "### What only Plimsoll lists, and what shows it", ""]
        lines += [f"- {kind} `{name}` {version if version != '*' else ''} ({where}): {why}".replace(" (*)", "").replace("  ", " ")
                  for index, (_, where, kind, name, version, why) in enumerate(ours_right) if index in used_ours]
        page.write_text(before + START + "\n" + "\n".join(lines) + "\n" + END + after)
    if bad:
        print(f"{bad} differences are not explained in known.tsv or ours.tsv")
        sys.exit(1)


if __name__ == "__main__":
    main()
