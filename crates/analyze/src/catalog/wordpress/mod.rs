//! Plugins and themes of `WordPress`, known by the header comment of their main file (`WordPress` plugin
//! handbook, "Header requirements"; theme handbook, "Main stylesheet").
//!
//! Deliberately absent: `WordPress` itself, which stands among the programs known by their bytes.

use std::collections::BTreeMap;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::assembly::collect_each;
use super::kit::join::{ALONE, finish};
use super::kit::{component, license, property, requirement};

/// How much of a file `WordPress` itself reads for the header.
const HEADER_BYTES: u64 = 8 * 1024;

/// The key of the note with the stable version of a readme.txt.
const STABLE_NOTE: &str = "stable";

/// Catalogs plugins and themes.
pub struct Wordpress;

/// Is what a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role<'a> {
    /// A file of a plugin's folder, or a plugin of one file; with its short name.
    Plugin(&'a [u8]),
    /// A plugin that is always on.
    MustUse(&'a [u8]),
    /// A plugin's readme.txt.
    Readme(&'a [u8]),
    /// A theme's style.css.
    Theme(&'a [u8]),
}

impl<'a> Role<'a> {
    fn of(path: &'a [u8]) -> Option<Self> {
        let name = component(path, 0)?;
        let php = name.strip_suffix(b".php");
        let parts = [component(path, 1)?, component(path, 2)?];
        let third = component(path, 3);
        match (parts, third) {
            ([b"plugins", b"wp-content"], _) => php.map(Self::Plugin),
            ([b"mu-plugins", b"wp-content"], _) => php.map(Self::MustUse),
            ([folder, b"plugins"], Some(b"wp-content")) => match name {
                b"readme.txt" | b"README.txt" => Some(Self::Readme(folder)),
                _ => php.map(|_| Self::Plugin(folder)),
            },
            ([folder, b"themes"], Some(b"wp-content")) if name == b"style.css" => {
                Some(Self::Theme(folder))
            }
            _ => None,
        }
    }
}

impl Analyzer for Wordpress {
    fn name(&self) -> &'static str {
        "language/wordpress"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "WordPress plugins and themes",
            reads: &[
                (
                    "wp-content/plugins/*.php, wp-content/plugins/*/*.php, wp-content/mu-plugins/*.php",
                    "plugins: name, version and licence of the header in the first 8 KiB",
                ),
                (
                    "wp-content/plugins/*/readme.txt",
                    "the version of a plugin whose header has none (`Stable tag`)",
                ),
                (
                    "wp-content/themes/*/style.css",
                    "themes: name, version and licence of the header",
                ),
            ],
            not_read: &[
                "Which plugins and themes are switched on: that stands in the site's database.",
            ],
            certainty: "The name is the folder's, as the directory of plugins calls it; a folder that was \
                        renamed goes by its new name. The version is the author's own statement.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if !matches!(entry.path.last(), Some(b'p' | b't' | b's'))
            || entry.kind != EntryKind::File
            || Role::of(entry.path).is_none()
        {
            return Want::Nothing;
        }
        Want::Whole {
            limit: HEADER_BYTES,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let text = String::from_utf8_lossy(content.bytes);
        let (kind, slug, title) = match Role::of(entry.path) {
            Some(Role::Plugin(slug)) => ("plugin", slug, "Plugin Name"),
            Some(Role::MustUse(slug)) => ("must-use plugin", slug, "Plugin Name"),
            Some(Role::Theme(slug)) => ("theme", slug, "Theme Name"),
            Some(Role::Readme(_)) => {
                let version = header(&text, "Stable tag");
                if version.starts_with(|c: char| c.is_ascii_digit()) {
                    facts.push(Fact::Note {
                        key: STABLE_NOTE.to_owned(),
                        value: requirement(version, "").name,
                    });
                }
                return;
            }
            None => return,
        };
        let name = header(&text, title);
        if name.is_empty() {
            // Most files of a plugin are no main file.
            return;
        }
        let group = kind.rsplit(' ').next().unwrap_or(kind);
        let slug = format!("{group}/{}", String::from_utf8_lossy(slug));
        let stated = requirement(&slug, header(&text, "Version"));
        let mut package = Package::new(PackageKind::Wordpress, stated.name, stated.constraint);
        license(&mut package, header(&text, "License"));
        property(&mut package, "title", name);
        property(&mut package, "type", kind);
        property(&mut package, "template", header(&text, "Template"));
        let site = format!("{} URI", title.trim_end_matches(" Name"));
        property(&mut package, "homepage", header(&text, &site));
        facts.push(Fact::Package(Box::new(package)));
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut stable: BTreeMap<&[u8], &str> = BTreeMap::new();
        for located in view.facts {
            if let Fact::Note { key, value } = located.fact
                && key == STABLE_NOTE
            {
                stable.insert(located.path.parent(), value);
            }
        }
        let mut placed = collect_each(view);
        for (path, one) in &mut placed {
            if one.package.version.is_empty()
                && let Some(version) = stable.get(path.parent())
            {
                (*version).clone_into(&mut one.package.version);
            }
        }
        finish(placed, view, out, ALONE);
    }
}

/// Returns the value of a header: the first line that holds its name, after comment signs, and a colon.
fn header<'a>(text: &'a str, name: &str) -> &'a str {
    text.split(['\n', '\r'])
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("<?php").unwrap_or(line);
            let line = line.trim_start_matches([' ', '\t', '/', '*', '#', '@']);
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value)
        })
        .map(|value| {
            let end = value.find("*/").or_else(|| value.find("?>"));
            value
                .get(..end.unwrap_or(value.len()))
                .unwrap_or(value)
                .trim()
        })
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_all_kinds_of_comments() {
        for text in [
            "<?php\n/*\nPlugin Name: A b\n*/",
            "<?php /* Plugin Name: A b */",
            "<?php\n/**\n * Plugin Name:   A b\n */",
            "# plugin name: A b ?>",
        ] {
            assert_eq!(header(text, "Plugin Name"), "A b", "{text}");
        }
        assert_eq!(header("The Plugin Name: x", "Plugin Name"), "");
    }
}
