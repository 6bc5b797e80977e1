#!/usr/bin/env python3
"""Compares the package lists of Plimsoll with those of Syft and snyk-docker-plugin on the same images.

    cargo xtask compare [-- NAME...]

Every package that a peer lists must be listed, or stand in known.tsv with the reason why the peer is
wrong; every package that only Plimsoll lists must stand in ours.tsv with what shows that it is right.
What is in neither is printed, as is a rule that explains nothing on all images, and the exit code is 1.
Without names of images the table in docs/comparison.md is written anew, where nothing is left open.

A package is its purl type, name and version. Names of Java are compared without their group, since
the tools guess it in different ways.
"""

import argparse
import collections
import fnmatch
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
START, END = "<!-- compared -->", "<!-- /compared -->"

Package = collections.namedtuple("Package", "type name version")

# What snyk-docker-plugin calls the kinds of packages, as purl types.
SNYK = {
    "apk": "apk", "deb": "deb", "rpm": "rpm", "npm": "npm", "yarn": "npm", "pip": "pypi", "poetry": "pypi",
    "maven": "maven", "nuget": "nuget", "gomodules": "golang", "rubygems": "gem", "composer": "composer", "cargo": "cargo",
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
    if kind == "nuget":
        # NuGet reads 1.0.0.0 as 1.0.0, and names in any case.
        name, version = name.lower(), re.sub(r"^(\d+\.\d+\.\d+)\.0$", r"\1", version)
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
    text = run([program, f"oci-dir:{images}/oci/{name}", "-o", "json"], env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"})
    listed = {}
    for one in json.loads(text)["artifacts"]:
        package = of_purl(one["purl"]) if one["purl"] else Package(one["type"], one["name"], one["version"])
        if package.type in ("deb", "rpm", "apk"):
            package = normal(package.type, one["name"], one["version"])
        listed.setdefault(package, []).extend(place["path"] for place in one["locations"])
    return listed


def snyk(node, images, name):
    listed = {}
    with tempfile.TemporaryDirectory() as folder:
        archive = f"docker-archive:{images}/docker/{name}.tar"
        if not os.path.exists(archive.partition(":")[2]):
            archive = f"oci-archive:{folder}/{name}.tar"
            with tarfile.open(archive.partition(":")[2], "w") as packed:
                packed.add(images / "oci" / name, arcname=".")
        text = run(["node", HERE / "snyk.js", archive], env={**os.environ, "NODE_PATH": str(node)})
    for line in text.split("\n"):
        if not line:
            continue
        kind, package, version, place = line.split("\t")
        if kind == "jar":
            listed.setdefault(Package("jar", package, ""), []).append(place)
            continue
        if kind not in SNYK:
            sys.exit(f"snyk: packages of the unknown kind {kind}")
        kind = SNYK[kind]
        if kind in ("deb", "rpm", "apk"):
            package = package.split("/")[-1]
        listed.setdefault(normal(kind, package, version), []).append(place)
    return listed


def without_padding(version):
    """Writes a version of PyPI as short as it can be: snyk-docker-plugin writes 3.2.0 for 3.2."""
    parts = [part.lstrip("0") or "0" if part.isdigit() else part for part in version.split(".")]
    while len(parts) > 1 and parts[-1] == "0":
        parts.pop()
    return ".".join(parts)


def as_ours(listed, own):
    """Writes what snyk-docker-plugin lists as Plimsoll does: Go packages by their modules, versions of PyPI as
    they are stated, without the zeros that were added to them, jars by a package that is listed from them.
    """
    stated = {(one.name, without_padding(one.version)): one for one in own if one.type == "pypi"}
    modules = collections.defaultdict(list)
    archives = {}
    for one in own:
        if one.type == "golang":
            modules[one.version].append(one.name)
        if one.type == "maven":
            archives |= {place.replace("!/", "/"): one for place in own[one]}
    found = collections.defaultdict(list)
    for one, places in listed.items():
        if one.type == "golang":
            held = [name for name in modules[one.version] if one.name == name or one.name.startswith(name + "/")]
            if held:
                one = one._replace(name=max(held, key=len))
        if one.type == "pypi":
            one = stated.get((one.name, without_padding(one.version)), one)
        if one.type == "jar":
            one = archives.get(one.name, one)
        found[one] += places
    return found


def alike(one, other):
    """Says whether two versions of the same file may be the same: equal, unknown to one, or longer by zeros."""
    return not one or one == "UNKNOWN" or without_padding(one) == without_padding(other)


class Rules:
    """A list of rules: peer, image, type, name, version, reason; patterns as in a shell.

    Instead of a version, `in:PATTERN` asks for a place, `same-file` for a package of that version that the
    other side lists in the same file under another name, and `fails` for a peer that cannot read the image.
    """

    def __init__(self, path):
        self.path, self.rows, self.used = path, [], collections.Counter()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            fields = line.split("\t")
            if len(fields) != 6:
                sys.exit(f"{path.name}:{number}: expected 6 fields between tabs, got {len(fields)}")
            self.rows.append(fields)

    def explain(self, peer, image, package, places=(), same_file=False):
        """Says whether a rule explains a difference, and counts it for the first that does."""
        fits = fnmatch.fnmatchcase
        for index, (who, where, kind, name, version, _) in enumerate(self.rows):
            if not (fits(peer, who) and fits(image, where) and fits(package.type, kind) and fits(package.name, name)):
                continue
            if version == "same-file":
                held = same_file
            elif version.startswith("in:"):
                held = any(fits(place, version[3:]) for place in places)
            else:
                held = fits(package.version, version)
            if held:
                self.used[index] += 1
                return True
        return False

    def unused(self):
        return [row for index, row in enumerate(self.rows) if not self.used[index]]

    def page(self, columns):
        """Writes the rules that explained something as a table."""
        lines = ["| " + " | ".join(columns) + " |", "|---|---|---|--:|---|"]
        for index, (who, where, kind, name, version, why) in enumerate(self.rows):
            if not self.used[index]:
                continue
            what = " ".join(f"`{word}`" for word in (kind, name) if word != "*") or "any"
            if version == "same-file":
                what += ", in the same file"
            elif version.startswith("in:"):
                what += f" in `{version[3:]}`"
            elif version == "fails":
                what = "the whole image"
            elif version == "":
                what += " without version"
            elif version != "*":
                what += f" `{version}`"
            where = "any" if where == "*" else where
            who = "both" if who == "*" else who
            why = why.replace("|", "\\|")
            lines.append(f"| {who} | {where} | {what} | {self.used[index]} | {why} |")
        return lines


class Differences:
    """What no rule explains: printed, twenty for each image and list unless all are wanted, and counted."""

    def __init__(self, everything):
        self.everything, self.count = everything, 0

    def add(self, image, who, packages, listed):
        self.count += len(packages)
        shown = packages if self.everything else packages[:20]
        for one in shown:
            print(f"{image}: only {who}: {one.type} {one.name} {one.version}  {' '.join(listed[one][:1])}")
        if len(packages) > len(shown):
            print(f"{image}: only {who}: … {len(packages) - len(shown)} more")

    def say(self, words):
        self.count += 1
        print(words)


def by_place(listed):
    """Orders packages by file and type."""
    places = collections.defaultdict(list)
    for one in listed:
        for place in listed[one]:
            places[place, one.type].append(one)
    return places


def in_same_file(one, listed, places):
    """Says whether a package of that version is among those of the same file."""
    held = [other for place in listed[one] for other in places[place, one.type]]
    return any(alike(one.version, other.version) for other in held)


def compare(image, own, peers, lists, different):
    """Compares the lists of one image, and returns its row of the table."""
    known, ours = lists
    row, theirs = [image, str(len(own))], collections.defaultdict(list)
    own_places = by_place(own)
    for peer, lister in peers.items():
        try:
            listed = lister(image)
        except SystemExit as failure:
            if not known.explain(peer, image, Package("", "", "fails")):
                different.say(f"{image}: {peer} failed: {failure}")
            row += ["failed", "–"]
            continue
        if peer == "snyk":
            listed = as_ours(listed, own)
        for one in listed:
            theirs[one] += listed[one]
        missing = sorted(set(listed) - set(own))
        unexplained = [
            one for one in missing if not known.explain(peer, image, one, listed[one], in_same_file(one, listed, own_places))
        ]
        row += [str(len(listed)), str(len(missing) - len(unexplained))]
        different.add(image, peer, unexplained, listed)
    only = sorted(set(own) - set(theirs))
    places = by_place(theirs)
    unexplained = [one for one in only if not ours.explain("plimsoll", image, one, own[one], in_same_file(one, own, places))]
    different.add(image, "plimsoll", unexplained, own)
    return row + [str(len(only) - len(unexplained))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plimsoll", required=True)
    parser.add_argument("--syft", required=True)
    parser.add_argument("--snyk", required=True, help="the folder node_modules that holds snyk-docker-plugin")
    parser.add_argument("--images", required=True, type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, help="the page whose table is rewritten")
    parser.add_argument("--all", action="store_true", help="print every difference, not the first twenty")
    parser.add_argument("only", nargs="*")
    asked = parser.parse_args()
    names = sorted(path.name for path in (asked.images / "oci").iterdir() if path.is_dir())
    names = [name for name in names if not asked.only or name in asked.only]
    peers = {
        "syft": functools.partial(syft, asked.syft, asked.images),
        "snyk": functools.partial(snyk, asked.snyk, asked.images),
    }
    known, ours, different = Rules(HERE / "known.tsv"), Rules(HERE / "ours.tsv"), Differences(asked.all)
    table = ["| image | Plimsoll | Syft | only Syft | snyk | only snyk | only Plimsoll |", "|---|--:|--:|--:|--:|--:|--:|"]
    for name in names:
        own = plimsoll(asked.plimsoll, asked.images, name)
        row = compare(name, own, peers, (known, ours), different)
        table.append("| " + " | ".join(row) + " |")
    print("\n".join(table))
    if not asked.only:
        for rule in (known, ours):
            for row in rule.unused():
                different.say(f"{rule.path.name}: explains nothing: {' '.join(row[:5])}")
    if different.count:
        sys.exit(f"{different.count} differences are not explained in known.tsv or ours.tsv")
    if asked.out and not asked.only:
        text = asked.out.read_text()
        before, _, rest = text.partition(START)
        lines = [*table, "", "## Where a peer is wrong", ""]
        lines += known.page(["peer", "image", "package", "times", "why it is not listed"])
        lines += ["", "## What only Plimsoll lists", ""]
        lines += ours.page(["peer", "image", "package", "times", "what shows that it is there"])
        asked.out.write_text(before + START + "\n" + "\n".join(lines) + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
