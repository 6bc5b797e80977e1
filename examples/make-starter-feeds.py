#!/usr/bin/env python3
"""Makes examples/starter-feeds: the facts about the demo image's packages, cut from full feeds.

    examples/make-starter-feeds.py [FEEDS]    FEEDS is ../shared/feeds by default

Facts only: ids, aliases, affected ranges, severity vectors, dates, and whether a vulnerability is known to
be exploited. Descriptions, references and notes stay behind. The result keeps each upstream's layout, so
that `plimsoll db build --from examples/starter-feeds` reads it as it reads the full feeds; a scope.json
beside each excerpt names the packages that it is complete for, so that a scan never takes an excerpt's
silence on another package for an all-clear.
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / "starter-feeds"
SUITE, RELEASE = "bookworm", "Debian:12"


def debian_sources():
    """Returns the source packages of the demo image."""
    names = set()
    for part in ("base.status", "installed.status"):
        for stanza in (HERE / "demo-src" / part).read_text(encoding="utf-8").strip().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
            names.add(fields.get("Source", fields["Package"]).split(" ")[0])
    return sorted(names)


def archive_paths(name):
    """Returns the paths of a txtar archive."""
    lines = (HERE / "demo-src" / name).read_text(encoding="utf-8").splitlines()
    return [line[3:-3] for line in lines if line.startswith("-- ") and line.endswith(" --")]


def python_names():
    """Returns the normalised names (PEP 503) of the demo image's Python packages."""
    folders = {path.split("/")[0] for path in archive_paths("python.txtar")}
    return sorted({folder.split("-")[0].lower().replace("_", "-").replace(".", "-") for folder in folders})


def npm_names():
    """Returns the names of the demo image's npm packages."""
    return sorted(path.rsplit("/", 1)[0] for path in archive_paths("npm.txtar"))


def write(path, text):
    """Writes one file of the excerpt."""
    target = TARGET / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def pretty(value):
    """Returns a value as indented JSON with sorted keys."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def scope(folder, ecosystem, packages):
    """Writes the statement of what an excerpt is complete for."""
    write(f"{folder}/scope.json", pretty({"ecosystem": ecosystem, "packages": sorted(packages)}))


def tracker(feeds, sources):
    """Cuts the Debian tracker; returns the CVE ids in it. One line per CVE, so that a change is seen."""
    full = json.loads((feeds / "debian/tracker/data/json").read_text(encoding="utf-8"))
    seen, packages = set(), []
    for source in sources:
        lines = []
        for name, entry in sorted(full.get(source, {}).items()):
            release = entry["releases"].get(SUITE)
            if release is None:
                continue
            seen.add(name)
            facts = {"releases": {SUITE: release}}
            if "scope" in entry:
                facts["scope"] = entry["scope"]
            lines.append(f" {json.dumps(name)}: {json.dumps(facts, sort_keys=True)}")
        if lines:
            packages.append(f"{json.dumps(source)}: {{\n" + ",\n".join(lines) + "\n}")
    write("debian/tracker/data/json", "{" + ",\n".join(packages) + "}\n")
    scope("debian/tracker/data", RELEASE, sources)
    return seen


def osv_facts(record, packages):
    """Returns an OSV record with its facts about some packages only, or None where it has none."""
    affected = []
    for item in record.get("affected", []):
        if packages is not None and item["package"]["name"].lower() not in packages:
            continue
        ranges = [entry for entry in item.get("ranges", []) if entry["type"] != "GIT"]
        facts = {"package": item["package"], "ranges": ranges}
        if not ranges and item.get("versions"):
            facts["versions"] = item["versions"]
        if item.get("severity"):
            facts["severity"] = item["severity"]
        affected.append(facts)
    if not affected:
        return None
    kept = ("schema_version", "id", "modified", "published", "withdrawn", "aliases", "upstream", "severity")
    facts = {key: record[key] for key in kept if record.get(key)}
    facts["affected"] = affected
    word = record.get("database_specific", {}).get("severity")
    if word:
        facts["database_specific"] = {"severity": word}
    return facts


def osv(feeds, ecosystem, packages):
    """Cuts the records of an ecosystem about some packages; returns the CVE ids in it."""
    seen = set()
    with zipfile.ZipFile(feeds / "osv" / ecosystem / "all.zip") as archive:
        for name in sorted(archive.namelist()):
            record = json.loads(archive.read(name))
            facts = osv_facts(record, set(packages))
            if facts is not None:
                seen.update(alias for alias in [facts["id"], *facts.get("aliases", [])] if alias.startswith("CVE-"))
                write(f"osv/{ecosystem}/{facts['id']}.json", pretty(facts))
    scope(f"osv/{ecosystem}", ecosystem, packages)
    return seen


def bitnami(feeds, wanted):
    """Cuts the severities that Bitnami states for CVE ids of the tracker's excerpt, one record per id.

    The tracker itself has hardly any.
    """
    taken = set()
    with zipfile.ZipFile(feeds / "osv/Bitnami/all.zip") as archive:
        for name in sorted(archive.namelist()):
            record = json.loads(archive.read(name))
            aliases = {alias for alias in record.get("aliases", []) if alias in wanted}
            if not aliases or aliases <= taken:
                continue
            facts = osv_facts(record, None)
            if facts is None or not (facts.get("severity") or facts["affected"][0].get("severity")):
                continue
            taken |= aliases
            write(f"osv/Bitnami/{facts['id']}.json", pretty(facts))
    # Nothing in the image is a Bitnami package: these records rate vulnerabilities, they clear nothing.
    scope("osv/Bitnami", "Bitnami", [])
    return taken


def rated_by_nvd(wanted):
    """Writes NVD's vectors for CVE ids of the tracker's excerpt, in the form of OSV's records for them."""
    taken = set()
    for line in (HERE / "ratings.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, vector, published, modified = line.split("\t")
        if name not in wanted:
            continue
        taken.add(name)
        record = {
            "schema_version": "1.6.0",
            "id": name,
            "published": published,
            "modified": modified,
            "severity": [{"type": "CVSS_V3", "score": vector}],
            "affected": [],
        }
        write(f"osv/GIT/{name}.json", pretty(record))
    # As Bitnami's: they rate, they clear nothing.
    scope("osv/GIT", "GIT", [])
    return taken


def exploited(feeds, wanted):
    """Cuts CISA's catalogue to the CVE ids of the other excerpts."""
    path = "kev/sites/default/files/feeds/known_exploited_vulnerabilities.json"
    full = json.loads((feeds / path).read_text(encoding="utf-8"))
    entries = [
        {"cveID": entry["cveID"], "dateAdded": entry["dateAdded"]}
        for entry in sorted(full["vulnerabilities"], key=lambda entry: entry["cveID"])
        if entry["cveID"] in wanted
    ]
    head = {key: full[key] for key in ("catalogVersion", "dateReleased")}
    write(path, pretty({**head, "count": len(entries), "vulnerabilities": entries}))
    return len(entries)


def main():
    """Writes the excerpt anew."""
    feeds = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent.parent / "shared/feeds"
    if not (feeds / "debian/tracker/data/json").is_file():
        print(f"make-starter-feeds: no feeds at {feeds}: name their folder as the argument", file=sys.stderr)
        return 2
    shutil.rmtree(TARGET, ignore_errors=True)
    sources = debian_sources()
    cves = tracker(feeds, sources)
    by_nvd = rated_by_nvd(cves)
    rated = bitnami(feeds, cves - by_nvd) | by_nvd
    cves |= osv(feeds, "PyPI", python_names())
    cves |= osv(feeds, "npm", npm_names())
    known = exploited(feeds, cves)
    files = [path for path in TARGET.rglob("*") if path.is_file()]
    print(
        f"examples/starter-feeds: {len(files)} files, {sum(path.stat().st_size for path in files)} bytes, "
        f"{len(sources)} source packages, {len(cves)} CVE ids, {len(rated)} rated, {known} known exploited"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
