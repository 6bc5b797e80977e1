//! CSAF 2.0 (OASIS, "Common Security Advisory Framework Version 2.0"): what the vendors' readers
//! share, namely the wire format, the product tree and names of rpm packages.
//!
//! A status names products by id. An id is either that of a product of the tree, or that of a
//! relationship "this component as part of that product", which may itself be part of another one
//! (a package in a module in a repository). [`Tree::resolve`] follows them to the bottom.
//!
//! Deliberately absent: what a product means to the matcher. That differs by vendor.

use std::collections::HashMap;

pub(super) mod wire;

use wire::{Branch, Document, Product};

/// How deep relationships are followed: a package, its module and its repository are two.
const DEPTH_LIMIT: usize = 6;

/// Is a product tree, by ids.
pub(super) struct Tree<'d> {
    /// The products.
    products: HashMap<&'d str, &'d Product<'d>>,
    /// Per relationship the component and what it is part of.
    relations: HashMap<&'d str, (&'d str, &'d str)>,
}

/// Is a product id, followed to the bottom.
pub(super) struct Resolved<'d> {
    /// The component, as far as the tree describes it.
    pub(super) component: Option<&'d Product<'d>>,
    /// Its product id.
    pub(super) id: &'d str,
    /// What lies between, outermost last: modules.
    pub(super) between: Vec<&'d Product<'d>>,
    /// The product that all of it is part of.
    pub(super) platform: &'d Product<'d>,
}

impl<'d> Tree<'d> {
    /// Indexes a document's tree.
    pub(super) fn new(document: &'d Document<'d>) -> Self {
        let mut tree = Self {
            products: HashMap::new(),
            relations: HashMap::new(),
        };
        let Some(wire) = &document.product_tree else {
            return tree;
        };
        for product in &wire.full_product_names.0 {
            tree.products.insert(product.product_id.get(), product);
        }
        for branch in &wire.branches.0 {
            tree.branch(branch);
        }
        for relationship in &wire.relationships.0 {
            let Some(full) = &relationship.full_product_name else {
                continue;
            };
            tree.relations.insert(
                full.product_id.get(),
                (
                    relationship.product_reference.get(),
                    relationship.relates_to_product_reference.get(),
                ),
            );
        }
        tree
    }

    /// Adds a branch and those below; the depth is bounded by the JSON reader.
    fn branch(&mut self, branch: &'d Branch<'d>) {
        if let Some(product) = &branch.product {
            self.products.insert(product.product_id.get(), product);
        }
        for below in &branch.branches.0 {
            self.branch(below);
        }
    }

    /// Follows an id; `None` when it is a product by itself or the tree does not know it.
    pub(super) fn resolve(&self, id: &str) -> Option<Resolved<'d>> {
        let (mut component, mut parent) = *self.relations.get(id)?;
        let mut between = Vec::new();
        for _ in 0..DEPTH_LIMIT {
            if let Some((inner, outer)) = self.relations.get(parent) {
                // The parent is a relationship: what it relates is the module.
                between.extend(self.products.get(inner).copied());
                parent = outer;
            } else if let Some((inner, outer)) = self.relations.get(component) {
                between.extend(self.products.get(outer).copied());
                component = inner;
            } else {
                return Some(Resolved {
                    component: self.products.get(component).copied(),
                    id: component,
                    between,
                    platform: self.products.get(parent).copied()?,
                });
            }
        }
        None
    }
}

/// Is an rpm package as a purl names it (purl specification, types `rpm` and `rpmmod`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rpm {
    /// The purl type: `rpm`, `rpmmod`, `oci`, …
    pub(super) kind: String,
    /// The name.
    pub(super) name: String,
    /// Version and release with the epoch, where one is stated and is not 0; may be empty.
    pub(super) version: String,
    /// The architecture; `src` for a source package.
    pub(super) arch: String,
    /// The module (`nodejs:18`) that it was built in; may be empty.
    pub(super) module: String,
    /// The name of the source package; may be empty.
    pub(super) source: String,
    /// The version and release of the source package; may be empty.
    pub(super) source_version: String,
    /// The distribution or its pocket (`esm-apps/jammy`); may be empty.
    pub(super) distro: String,
}

/// Reads a purl.
pub(super) fn rpm(purl: &str) -> Option<Rpm> {
    let rest = purl.strip_prefix("pkg:")?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = path.split_once('/')?;
    // The namespace has no `@`; a module's version may hold slashes.
    let (path, version) = path.split_once('@').unwrap_or((path, ""));
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    let mut found = Rpm {
        kind: kind.to_owned(),
        name: decode(name)?,
        version: decode(version)?,
        ..Rpm::default()
    };
    let mut epoch = String::new();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = decode(value)?;
        match key {
            "arch" => found.arch = value,
            "distro" => found.distro = value,
            "epoch" => epoch = value,
            "rpmmod" => found.module = stream(&value),
            "upstream" => {
                let (name, version) = source_of(&value);
                name.clone_into(&mut found.source);
                version.clone_into(&mut found.source_version);
            }
            _ => {}
        }
    }
    if !matches!(epoch.as_str(), "" | "0") && !found.version.is_empty() {
        found.version = format!("{epoch}:{}", found.version);
    }
    (!found.name.is_empty()).then_some(found)
}

/// Cuts a module's label (`nodejs:18:8100020240807161023:489197e6`) to name and stream.
pub(super) fn stream(label: &str) -> String {
    let mut parts = label.splitn(3, ':');
    match (parts.next(), parts.next()) {
        (Some(name), Some(stream)) => format!("{name}:{stream}"),
        _ => label.to_owned(),
    }
}

/// Splits a source package's file name (`foo-1.2-3.src.rpm`, `foo.src.rpm`) into name and version.
fn source_of(file: &str) -> (&str, &str) {
    let stem = file.strip_suffix(".src.rpm").unwrap_or(file);
    let at = stem
        .match_indices('-')
        .map(|(at, _)| at)
        .rev()
        .nth(1)
        .unwrap_or(stem.len());
    match (stem.get(..at), stem.get(at + 1..)) {
        (Some(name), Some(version))
            if !name.is_empty() && version.starts_with(|first: char| first.is_ascii_digit()) =>
        {
            (name, version)
        }
        _ => (stem, ""),
    }
}

/// Splits `name-[epoch:]version-release[.arch]`, as product ids write packages; an epoch of 0 is
/// left out.
pub(super) fn split_nevra(text: &str) -> Option<Rpm> {
    let (text, arch) = match text.rsplit_once('.') {
        Some((rest, arch)) if ARCHES.contains(&arch) => (rest, arch),
        _ => (text, ""),
    };
    let mut parts = text.rsplitn(3, '-');
    let (release, version, name) = (parts.next()?, parts.next()?, parts.next()?);
    let version = version.strip_prefix("0:").unwrap_or(version);
    let number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    (number(version) && !name.is_empty() && !release.is_empty()).then(|| Rpm {
        kind: "rpm".to_owned(),
        name: name.to_owned(),
        version: format!("{version}-{release}"),
        arch: arch.to_owned(),
        ..Rpm::default()
    })
}

/// The architectures that end a product id.
const ARCHES: [&str; 17] = [
    "aarch64",
    "aarch64_ilp32",
    "armv6hl",
    "armv7hl",
    "i386",
    "i486",
    "i586",
    "i686",
    "ia64",
    "noarch",
    "nosrc",
    "ppc",
    "ppc64",
    "ppc64le",
    "s390x",
    "src",
    "x86_64",
];

/// Decodes percent-encoded text; `None` when it is no text then.
fn decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// Returns a date as RFC 3339 in UTC; empty when it is none.
pub(super) fn utc(date: &str) -> String {
    let date = date
        .strip_suffix("+00:00")
        .map_or_else(|| date.to_owned(), |date| format!("{date}Z"));
    super::timestamp(&date).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_of_packages_and_modules_are_read() {
        for (purl, name, version, arch, module, source) in [
            (
                "pkg:rpm/redhat/curl@7.76.1-23.el9_2.4?arch=src",
                "curl",
                "7.76.1-23.el9_2.4",
                "src",
                "",
                "",
            ),
            (
                "pkg:rpm/redhat/perl-libs@5.32.1-473.module%2Bel8.10.0%2B21354%2B3ad137bb?arch=x86_64&epoch=4&rpmmod=perl:5.32",
                "perl-libs",
                "4:5.32.1-473.module+el8.10.0+21354+3ad137bb",
                "x86_64",
                "perl:5.32",
                "",
            ),
            (
                "pkg:rpm/redhat/SLOF@20210217-2.module%2Bel8.10.0%2B20141%2B6faa2812?arch=src&rpmmod=virt-devel:rhel:8100020240704072441:489197e6",
                "SLOF",
                "20210217-2.module+el8.10.0+20141+6faa2812",
                "src",
                "virt-devel:rhel",
                "",
            ),
            (
                "pkg:rpmmod/redhat/postgresql@12:8060020240903093929:ad008a3a",
                "postgresql",
                "12:8060020240903093929:ad008a3a",
                "",
                "",
                "",
            ),
            ("pkg:rpm/redhat/libcurl", "libcurl", "", "", "", ""),
            (
                "pkg:rpm/suse/python311-aiohttp@3.9.3-150400.10.14.1?upstream=python-aiohttp-3.9.3-150400.10.14.1.src.rpm",
                "python311-aiohttp",
                "3.9.3-150400.10.14.1",
                "",
                "",
                "python-aiohttp",
            ),
            (
                "pkg:rpm/suse/python311-aiohttp@?upstream=python-aiohttp.src.rpm",
                "python311-aiohttp",
                "",
                "",
                "",
                "python-aiohttp",
            ),
            (
                "pkg:rpm/redhat/firefox-flatpak?arch=src&rpmmod=rhel10",
                "firefox-flatpak",
                "",
                "src",
                "rhel10",
                "",
            ),
        ] {
            let found = rpm(purl).expect(purl);
            let got = (
                &found.name,
                &found.version,
                &found.arch,
                &found.module,
                &found.source,
            );
            let got = (
                got.0.as_str(),
                got.1.as_str(),
                got.2.as_str(),
                got.3.as_str(),
                got.4.as_str(),
            );
            assert_eq!(got, (name, version, arch, module, source), "{purl}");
        }
        for purl in [
            "",
            "pkg:",
            "pkg:rpm",
            "rpm/redhat/x",
            "pkg:rpm/redhat/",
            "pkg:rpm/redhat/%zz",
            "pkg:rpm/redhat/%ff",
        ] {
            assert_eq!(rpm(purl), None, "{purl}");
        }
    }

    #[test]
    fn product_ids_name_packages() {
        for (text, expected) in [
            (
                "curl-0:7.76.1-26.el9_3.2.src",
                Some(("curl", "7.76.1-26.el9_3.2", "src")),
            ),
            (
                "jbcs-httpd24-openssl-1:1.1.1k-16.el8jbcs.x86_64",
                Some(("jbcs-httpd24-openssl", "1:1.1.1k-16.el8jbcs", "x86_64")),
            ),
            (
                "python311-aiohttp-3.9.3-150400.10.14.1",
                Some(("python311-aiohttp", "3.9.3-150400.10.14.1", "")),
            ),
            ("red-hat-thing", None),
            ("samba", None),
            ("", None),
        ] {
            let found = split_nevra(text);
            let got = found
                .as_ref()
                .map(|rpm| (rpm.name.as_str(), rpm.version.as_str(), rpm.arch.as_str()));
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn relationships_are_followed_to_the_bottom() {
        let text = r#"{"document":{},"product_tree":{"branches":[{"branches":[{"product":{"name":"R","product_id":"repo"}}]},{"product":{"name":"m","product_id":"mod"}},{"product":{"name":"p","product_id":"pkg"}}],
          "relationships":[
            {"full_product_name":{"product_id":"repo:mod"},"product_reference":"mod","relates_to_product_reference":"repo"},
            {"full_product_name":{"product_id":"repo:mod:pkg"},"product_reference":"pkg","relates_to_product_reference":"repo:mod"},
            {"full_product_name":{"product_id":"repo:unknown"},"product_reference":"unknown","relates_to_product_reference":"repo"},
            {"full_product_name":{"product_id":"a"},"product_reference":"pkg","relates_to_product_reference":"b"},
            {"full_product_name":{"product_id":"b"},"product_reference":"pkg","relates_to_product_reference":"a"}]}}"#;
        let document: Document<'_> = serde_json::from_str(text).expect("a document");
        let tree = Tree::new(&document);
        let found = tree.resolve("repo:mod:pkg").expect("found");
        assert_eq!((found.id, found.platform.product_id.get()), ("pkg", "repo"));
        assert_eq!(found.between.len(), 1);
        assert_eq!(found.component.expect("known").product_id.get(), "pkg");
        let found = tree.resolve("repo:unknown").expect("found");
        assert!(found.component.is_none() && found.id == "unknown");
        assert!(tree.resolve("a").is_none(), "a circle ends");
        assert!(tree.resolve("repo").is_none());
    }

    #[test]
    fn dates_are_made_utc() {
        assert_eq!(utc("2023-10-11T00:00:00+00:00"), "2023-10-11T00:00:00Z");
        assert_eq!(utc("2024-02-21T10:43:49Z"), "2024-02-21T10:43:49Z");
        assert_eq!(utc("yesterday"), "");
    }
}
