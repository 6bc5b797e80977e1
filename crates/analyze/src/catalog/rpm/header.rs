//! Reading one package's header, as rpm's databases hold it: the form of an rpm file's header
//! without its magic (rpm's `docs/manual/format_header.md`).
//!
//! A header is a count of index entries, the size of the data, the entries (tag, type, offset,
//! count; 16 bytes each, big-endian) and the data. Only the tags that are used are looked at, so a
//! damaged entry of another tag harms nothing.

use std::collections::HashSet;

use plimsoll_model::analyzer::Ownership;
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement, SourcePackage};

use super::Installed;
use super::bytes::{be16, be32, slice};
use crate::catalog::damage::{Damage, text};
use crate::catalog::paths::PathList;
use crate::catalog::requirement::MAX_REQUIREMENTS;

/// The most index entries; rpm's own bound.
const MAX_ENTRIES: u32 = 0xffff;

/// The most bytes that the paths of one package may take, beyond twice its header's size: a hostile
/// header can pair one long folder with a million short names. Real headers hold sizes, times and
/// digests of each file too and are larger than the paths.
const MAX_PATH_BYTES: usize = 8 * 1024;

/// The most files of one package. The largest have some 200,000.
const MAX_FILES: usize = 1_000_000;

const TYPE_INT16: u32 = 3;
const TYPE_INT32: u32 = 4;
const TYPE_STRING: u32 = 6;
const TYPE_STRING_ARRAY: u32 = 8;
const TYPE_I18N_STRING: u32 = 9;

/// Says that a dependency compares with less (rpm's `rpmds.h`).
const SENSE_LESS: u32 = 1 << 1;
const SENSE_GREATER: u32 = 1 << 2;
const SENSE_EQUAL: u32 = 1 << 3;

/// Is a tag of `rpmtag.h`; the discriminants index the table of found entries.
#[derive(Clone, Copy)]
enum Tag {
    Name,
    Version,
    Release,
    Epoch,
    Vendor,
    License,
    Arch,
    FileModes,
    SourceRpm,
    ProvideName,
    RequireFlags,
    RequireName,
    RequireVersion,
    ProvideFlags,
    ProvideVersion,
    DirIndexes,
    BaseNames,
    DirNames,
    OldFileNames,
    ModularityLabel,
}

const TAGS: usize = 20;

fn tag_of(number: u32) -> Option<Tag> {
    Some(match number {
        1000 => Tag::Name,
        1001 => Tag::Version,
        1002 => Tag::Release,
        1003 => Tag::Epoch,
        1011 => Tag::Vendor,
        1014 => Tag::License,
        1022 => Tag::Arch,
        1027 => Tag::OldFileNames,
        1030 => Tag::FileModes,
        1044 => Tag::SourceRpm,
        1047 => Tag::ProvideName,
        1048 => Tag::RequireFlags,
        1049 => Tag::RequireName,
        1050 => Tag::RequireVersion,
        1112 => Tag::ProvideFlags,
        1113 => Tag::ProvideVersion,
        1116 => Tag::DirIndexes,
        1117 => Tag::BaseNames,
        1118 => Tag::DirNames,
        5096 => Tag::ModularityLabel,
        _ => return None,
    })
}

/// Is where the value of a tag lies.
#[derive(Clone, Copy)]
struct Value<'a> {
    kind: u32,
    count: usize,
    bytes: &'a [u8],
}

/// Is a header whose index was read.
struct Header<'a> {
    values: [Option<Value<'a>>; TAGS],
}

impl<'a> Header<'a> {
    fn parse(blob: &'a [u8]) -> Result<Self, String> {
        let size = blob.len();
        let (Some(entries), Some(data_size)) = (be32(blob, 0), be32(blob, 4)) else {
            return Err(format!("the header has {size} bytes, expected at least 8"));
        };
        if entries == 0 || entries > MAX_ENTRIES {
            return Err(format!(
                "the header has {entries} index entries, expected 1 to {MAX_ENTRIES}"
            ));
        }
        let index_size = entries as usize * 16;
        let index = slice(blob, 8, index_size).ok_or_else(|| {
            format!("the index of {entries} entries lies outside of {size} bytes")
        })?;
        // Data that is cut is read as far as it goes.
        let data = blob.get(8 + index_size..).unwrap_or_default();
        let data = data.get(..data_size as usize).unwrap_or(data);
        let mut values = [None; TAGS];
        for entry in index.chunks_exact(16) {
            let word = |at| be32(entry, at).unwrap_or_default();
            let Some(tag) = tag_of(word(0)) else {
                continue;
            };
            // The last of two counts: entries after the signed region replace those in it.
            if let (Some(bytes), Some(place)) =
                (data.get(word(8) as usize..), values.get_mut(tag as usize))
            {
                *place = Some(Value {
                    kind: word(4),
                    count: word(12) as usize,
                    bytes,
                });
            }
        }
        Ok(Self { values })
    }

    fn value(&self, tag: Tag) -> Option<Value<'a>> {
        self.values.get(tag as usize).copied().flatten()
    }

    /// Returns a text; of a list (translations) the first.
    fn text(&self, tag: Tag) -> Option<String> {
        let first = self.strings(tag).next()?;
        let value = text(first);
        (!value.is_empty() && value != "(none)").then_some(value)
    }

    fn strings(&self, tag: Tag) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let value = self.value(tag).filter(|value| {
            matches!(
                value.kind,
                TYPE_STRING | TYPE_STRING_ARRAY | TYPE_I18N_STRING
            )
        });
        let (mut rest, count) = value.map_or((&[][..], 0), |value| {
            let count = if value.kind == TYPE_STRING {
                1
            } else {
                value.count
            };
            (value.bytes, count)
        });
        std::iter::from_fn(move || {
            let end = rest.iter().position(|byte| *byte == 0)?;
            let string = rest.get(..end)?;
            rest = rest.get(end + 1..)?;
            Some(string)
        })
        .take(count)
    }

    fn numbers(&self, tag: Tag) -> impl Iterator<Item = u32> + use<'a> {
        let value = self.value(tag).filter(|value| value.kind == TYPE_INT32);
        let (bytes, count) = value.map_or((&[][..], 0), |value| (value.bytes, value.count));
        bytes
            .chunks_exact(4)
            .take(count)
            .filter_map(|chunk| be32(chunk, 0))
    }

    fn modes(&self) -> impl Iterator<Item = u16> + use<'a> {
        let value = self
            .value(Tag::FileModes)
            .filter(|value| value.kind == TYPE_INT16);
        let (bytes, count) = value.map_or((&[][..], 0), |value| (value.bytes, value.count));
        bytes
            .chunks_exact(2)
            .take(count)
            .filter_map(|chunk| be16(chunk, 0))
    }

    fn relations(&self, names: Tag, flags: Tag, versions: Tag) -> Vec<Requirement> {
        let mut seen = HashSet::new();
        let mut flags = self.numbers(flags);
        let mut versions = self.strings(versions);
        self.strings(names)
            .take(MAX_REQUIREMENTS)
            .filter_map(|name| {
                let flags = flags.next().unwrap_or_default();
                let version = versions.next().unwrap_or_default();
                // Features of rpm itself are no packages.
                if name.is_empty() || name.starts_with(b"rpmlib(") {
                    return None;
                }
                let constraint = constraint(flags, &text(version));
                let relation = Requirement {
                    name: text(name),
                    constraint,
                };
                seen.insert(relation.clone()).then_some(relation)
            })
            .collect()
    }

    /// Returns the files of the package, without its folders.
    fn files(&self, header_bytes: usize, damage: &mut Damage, name: &str) -> PathList {
        let mut list = PathList::default();
        let limit = MAX_PATH_BYTES + header_bytes.saturating_mul(2);
        let mut modes = self.modes();
        let folders: Vec<&[u8]> = self.strings(Tag::DirNames).take(MAX_FILES).collect();
        let mut indexes = self.numbers(Tag::DirIndexes);
        let mut path = Vec::new();
        let mut strays = 0_u64;
        let mut is_file = || {
            let mode = modes.next().unwrap_or_default();
            mode & 0o170_000 != 0o040_000
        };
        for base in self.strings(Tag::BaseNames).take(MAX_FILES) {
            let folder = indexes.next().and_then(|index| folders.get(index as usize));
            let kept = is_file();
            let Some(folder) = folder else {
                strays += 1;
                continue;
            };
            path.clear();
            path.extend_from_slice(folder);
            path.extend_from_slice(base);
            if kept {
                list.add(&path);
            }
            if list.bytes() >= limit {
                break;
            }
        }
        if folders.is_empty() {
            for old in self.strings(Tag::OldFileNames).take(MAX_FILES) {
                if is_file() {
                    list.add(old);
                }
            }
        }
        if strays > 0 {
            damage.note(|| format!("package {name}: {strays} files lie in no folder"));
        }
        if list.bytes() >= limit {
            damage.limit(|| {
                format!("package {name}: the list of files is longer than {limit} bytes")
            });
        }
        list
    }
}

/// Reads the package of a header. `None` for what is no package (imported keys) and, with a note,
/// for what could not be read. `place` says where in the database the header lies.
pub(super) fn parse_header(
    blob: &[u8],
    place: impl Fn() -> String,
    damage: &mut Damage,
) -> Option<Installed> {
    let header = match Header::parse(blob) {
        Ok(header) => header,
        Err(why) => {
            damage.note(|| format!("{}: {why}", place()));
            return None;
        }
    };
    let name = header.text(Tag::Name);
    if name.as_deref() == Some("gpg-pubkey") {
        return None;
    }
    let (Some(name), Some(version)) = (name, header.text(Tag::Version)) else {
        damage.note(|| format!("{}: the header states no name or no version", place()));
        return None;
    };
    let version = if let Some(release) = header.text(Tag::Release) {
        format!("{version}-{release}")
    } else {
        damage.note(|| format!("{}: package {name} has no release", place()));
        version
    };
    let version = match header.numbers(Tag::Epoch).next() {
        None | Some(0) => version,
        Some(epoch) => format!("{epoch}:{version}"),
    };
    let mut package = Package::new(PackageKind::Rpm, name.clone(), version);
    package.arch = header.text(Tag::Arch);
    package.source = header
        .text(Tag::SourceRpm)
        .and_then(|file| source_of(&file));
    package.licenses = header.text(Tag::License).into_iter().collect();
    package.requires = header
        .relations(Tag::RequireName, Tag::RequireFlags, Tag::RequireVersion)
        .into_iter()
        .map(|wanted| vec![wanted])
        .collect();
    package.provides = header.relations(Tag::ProvideName, Tag::ProvideFlags, Tag::ProvideVersion);
    for (property, tag) in [
        ("modularity_label", Tag::ModularityLabel),
        ("vendor", Tag::Vendor),
    ] {
        if let Some(value) = header.text(tag) {
            package.properties.insert(property.to_owned(), value);
        }
    }
    let owned: Option<Ownership> = header.files(blob.len(), damage, &name).finish(name);
    Some(Installed { package, owned })
}

/// Reads the file name of a source package (`bash-5.1.8-6.el9.src.rpm`). The version is without
/// epoch: file names hold none, and a source package may have another one than its binaries.
pub(super) fn source_of(file: &str) -> Option<SourcePackage> {
    let stem = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let complete = !name.is_empty() && !version.is_empty() && !release.is_empty();
    complete.then(|| SourcePackage {
        name: name.to_owned(),
        version: format!("{version}-{release}"),
    })
}

fn constraint(flags: u32, version: &str) -> String {
    if version.is_empty() {
        return String::new();
    }
    let less = flags & SENSE_LESS != 0;
    let greater = flags & SENSE_GREATER != 0;
    let equal = flags & SENSE_EQUAL != 0;
    let relation = match (less, greater, equal) {
        (true, _, false) => "<",
        (true, _, true) => "<=",
        (false, true, false) => ">",
        (false, true, true) => ">=",
        (false, false, true) => "=",
        (false, false, false) => return String::new(),
    };
    format!("{relation} {version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a header: tag, type, count, data.
    fn header(entries: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
        let mut index = Vec::new();
        let mut data: Vec<u8> = Vec::new();
        for (tag, kind, count, bytes) in entries {
            for word in [*tag, *kind, data.len() as u32, *count] {
                index.extend_from_slice(&word.to_be_bytes());
            }
            data.extend_from_slice(bytes);
        }
        let mut blob = (entries.len() as u32).to_be_bytes().to_vec();
        blob.extend_from_slice(&(data.len() as u32).to_be_bytes());
        blob.extend_from_slice(&index);
        blob.extend_from_slice(&data);
        blob
    }

    fn parse(blob: &[u8]) -> (Option<Installed>, Vec<String>) {
        let mut damage = Damage::default();
        let found = parse_header(blob, || "header 1".to_owned(), &mut damage);
        let details = damage.finish().into_iter().map(|issue| issue.detail);
        (found, details.collect())
    }

    const NAME: (u32, u32, u32, &[u8]) = (1000, 6, 1, b"bash\0");
    const VERSION: (u32, u32, u32, &[u8]) = (1001, 6, 1, b"5.1.8\0");
    const RELEASE: (u32, u32, u32, &[u8]) = (1002, 6, 1, b"6.el9\0");

    #[test]
    fn a_header_becomes_a_package() {
        let (found, issues) = parse(&header(&[
            (63, 7, 16, &[0; 16]),
            NAME,
            VERSION,
            RELEASE,
            (1003, 4, 1, &[0, 0, 0, 2]),
            (1022, 6, 1, b"x86_64\0"),
            (1044, 6, 1, b"bash-5.1.8-6.el9.src.rpm\0"),
            (1049, 8, 2, b"libc.so.6()(64bit)\0rpmlib(X)\0"),
            (1048, 4, 2, &[0, 0, 0, 0, 1, 0, 0, 0xa]),
            (1050, 8, 2, b"\x00\x31\x00"),
            (1047, 8, 1, b"bash\0"),
            (1112, 4, 1, &[0, 0, 0, 8]),
            (1113, 8, 1, b"2:5.1.8-6.el9\0"),
            (1118, 8, 2, b"/usr/bin/\0/etc/\0"),
            (1117, 8, 3, b"bash\0skel\0bashrc\0"),
            (1116, 4, 3, &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
            (1030, 3, 3, &[0x81, 0xed, 0x41, 0xed, 0x81, 0xa4]),
        ]));
        assert_eq!(issues, Vec::<String>::new());
        let Installed { package, owned } = found.unwrap();
        assert_eq!(package.version, "2:5.1.8-6.el9");
        assert_eq!(package.source.unwrap().version, "5.1.8-6.el9");
        assert_eq!(package.requires.len(), 1);
        assert_eq!(package.provides[0].constraint, "= 2:5.1.8-6.el9");
        assert_eq!(owned.unwrap().paths, b"etc/bashrc\nusr/bin/bash");
    }

    #[test]
    fn keys_are_no_packages_and_epoch_zero_is_left_out() {
        let key = (1000, 6, 1, &b"gpg-pubkey\0"[..]);
        assert!(parse(&header(&[key, VERSION, RELEASE])).0.is_none());
        let zero = (1003, 4, 1, &[0, 0, 0, 0][..]);
        let (found, _) = parse(&header(&[NAME, VERSION, RELEASE, zero]));
        assert_eq!(found.unwrap().package.version, "5.1.8-6.el9");
    }

    #[test]
    fn wild_headers_are_noted() {
        let cases: &[(&[u8], &str)] = &[
            (
                b"\0\0",
                "header 1: the header has 2 bytes, expected at least 8",
            ),
            (
                b"\xff\xff\xff\xff\0\0\0\0",
                "header 1: the header has 4294967295 index entries, expected 1 to 65535",
            ),
            (
                b"\0\0\0\x02\0\0\0\0",
                "header 1: the index of 2 entries lies outside of 8 bytes",
            ),
        ];
        for (blob, want) in cases {
            let (found, issues) = parse(blob);
            assert!(found.is_none());
            assert_eq!(issues, [*want]);
        }
        let mut wild = header(&[NAME, VERSION, RELEASE]);
        wild[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
        let (found, issues) = parse(&wild);
        assert!(found.is_none());
        assert_eq!(
            issues,
            ["header 1: the header states no name or no version"]
        );
    }

    #[test]
    fn one_long_folder_of_many_names_is_bounded() {
        let folder = [vec![b'/'], vec![b'a'; 15_000], vec![b'/', 0]].concat();
        let count = 100_000_u32;
        let names = b"x\0".repeat(count as usize);
        let blob = header(&[
            NAME,
            VERSION,
            RELEASE,
            (1118, 8, 1, &folder),
            (1117, 8, count, &names),
            (1116, 4, count, &vec![0; count as usize * 4]),
        ]);
        let (found, issues) = parse(&blob);
        assert!(found.is_some());
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert!(issues[0].contains("the list of files is longer than"));
    }

    #[test]
    fn source_packages_are_named_by_their_file() {
        let source = source_of("java-17-openjdk-17.0.9.0.9-2.el9.src.rpm").unwrap();
        assert_eq!(
            (source.name.as_str(), source.version.as_str()),
            ("java-17-openjdk", "17.0.9.0.9-2.el9")
        );
        for odd in [
            "(none)",
            "a.src.rpm",
            "a-1.src.rpm",
            "-1-2.src.rpm",
            "a-1-2.rpm",
        ] {
            assert_eq!(source_of(odd), None, "{odd}");
        }
    }
}
