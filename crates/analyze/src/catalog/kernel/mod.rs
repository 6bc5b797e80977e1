//! Linux kernels and their modules. Kernels of x86 state their version in the setup header (Linux,
//! `Documentation/arch/x86/boot.rst`), others in their banner; modules in the section `.modinfo`.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

use flate2::read::GzDecoder;
use memchr::memmem;
use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::{Package, Requirement};
use plimsoll_model::path::{file_name, parent};

use super::assembly::{Installed, collect_each, hand_over, set_dependencies, set_purls};
use super::damage::{Damage, state, text};
use super::executable::Executable;
use super::requirement::MAX_REQUIREMENTS;

const MIB: u64 = 1024 * 1024;

/// The most of a kernel or module that is looked at, packed or unpacked, in bytes.
const MAX_BYTES: u64 = 128 * MIB;

/// The most that a kernel or module is unpacked to, by its size: real ones grow to some five times of it.
const MAX_RATIO: u64 = 64;

/// The property that holds the version of the kernel that a module was built for.
const KERNEL: &str = "kernel_version";

/// Catalogs Linux kernels and their modules.
pub struct Kernel;

/// Is how a module is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
    Xz,
}

impl Packing {
    /// Says how a module is packed by its file's name, and returns the name without ending; `None`
    /// where it is no module.
    fn of(path: &[u8]) -> Option<(Self, &[u8])> {
        let name = file_name(path);
        [
            (&b".ko"[..], Self::Plain),
            (b".ko.gz", Self::Gzip),
            (b".ko.zst", Self::Zstd),
            (b".ko.xz", Self::Xz),
        ]
        .into_iter()
        .find_map(|(end, packing)| Some((packing, name.strip_suffix(end)?)))
        .filter(|(_, stem)| !stem.is_empty())
    }
}

impl Analyzer for Kernel {
    fn name(&self) -> &'static str {
        "os/linux-kernel"
    }

    fn version(&self) -> u32 {
        2
    }

    fn about(&self) -> About {
        About {
            title: "Linux kernels",
            reads: &[
                (
                    "vmlinuz*, vmlinux*, bzImage*, Image* in boot/ and lib/modules/*/",
                    "the kernel and its version",
                ),
                (
                    "lib/modules/*/**.ko, .ko.gz, .ko.zst, .ko.xz",
                    "modules with version, licence, the kernel they were built for and the modules they need",
                ),
            ],
            not_read: &[
                "The content of modules packed with xz: their name and kernel follow from their path.",
                "Modules built into the kernel.",
            ],
            certainty: "Certain: the build writes these. Most modules have no version of their own.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        let found = match entry.path.last() {
            Some(b'o' | b'z' | b't') if Packing::of(entry.path).is_some() => {
                kernel_folder(entry.path).is_some()
            }
            _ => is_kernel(entry.path),
        };
        if found {
            Want::Whole { limit: MAX_BYTES }
        } else {
            Want::Nothing
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut damage = Damage::default();
        let found = match Packing::of(entry.path) {
            Some((packing, stem)) => {
                let kernel = kernel_folder(entry.path).unwrap_or_default();
                Some(module(stem, kernel, packing, content.bytes, &mut damage))
            }
            None => kernel(content.bytes),
        };
        if found.is_none() && content.truncated {
            damage.unsupported(|| "too large: the kernel's version was not found".to_owned());
        }
        facts.extend(found.map(|one| Fact::Package(Box::new(one))));
        state(entry, damage.finish(), facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut installed: Vec<Installed<'_>> =
            collect_each(view).into_iter().map(|(_, one)| one).collect();
        set_purls(&mut installed, view.distro);
        let kernel = |one: &Installed<'_>| one.fact.properties.get(KERNEL).cloned();
        let mut modules: HashMap<(Option<String>, String), usize> = HashMap::new();
        for (at, one) in installed.iter().enumerate() {
            if one.fact.kind == PackageKind::LinuxModule {
                modules
                    .entry((kernel(one), canonical(&one.fact.name)))
                    .or_insert(at);
            }
        }
        let found = installed.iter().map(|one| {
            let wanted = one.fact.requires.iter().flatten();
            wanted
                .filter_map(|wanted| {
                    modules
                        .get(&(kernel(one), canonical(&wanted.name)))
                        .copied()
                })
                .collect()
        });
        let found = found.collect();
        set_dependencies(&mut installed, found);
        hand_over(installed, out);
    }
}

/// Says whether a file is named and lies as a kernel does.
fn is_kernel(path: &[u8]) -> bool {
    let name = file_name(path);
    let named = [&b"vmlinuz"[..], b"vmlinux", b"bzImage", b"Image"]
        .iter()
        .any(|start| name.starts_with(start));
    if !named {
        return false;
    }
    let folder = parent(path);
    let above = file_name(parent(folder));
    file_name(folder) == b"boot" || folder.is_empty() || above == b"modules"
}

/// Returns the folder's name below `lib/modules` that a file lies in: the kernel's version.
fn kernel_folder(path: &[u8]) -> Option<&[u8]> {
    const FOLDER: &[u8] = b"lib/modules/";
    let at = memmem::find(path, FOLDER)?;
    let rest = path.get(at + FOLDER.len()..)?;
    let end = memchr::memchr(b'/', rest)?;
    rest.get(..end)
        .filter(|_| at == 0 || path.get(at - 1) == Some(&b'/'))
}

/// Names a module as the kernel does: a dash is the same as an underscore.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

/// Reads a kernel.
fn kernel(bytes: &[u8]) -> Option<Package> {
    let short = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let (format, banner) = if bytes.get(0x202..0x206) == Some(b"HdrS") {
        let at = usize::from(short(0x20e)?) + 0x200;
        ("bzImage", line(bytes.get(at..)?).to_vec())
    } else if bytes.starts_with(b"\x1f\x8b") {
        let mut image = Vec::new();
        // A kernel whose end is missing still starts with its banner.
        let _ = GzDecoder::new(bytes)
            .take(MAX_BYTES.min(bytes.len() as u64 * MAX_RATIO))
            .read_to_end(&mut image);
        ("gzip", find_banner(&image)?.to_vec())
    } else {
        ("image", find_banner(bytes)?.to_vec())
    };
    let banner = text(&banner);
    let version = banner.split_whitespace().next()?;
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut package = Package::new(PackageKind::LinuxKernel, "linux-kernel", version);
    package.licenses = vec!["GPL-2.0-only".to_owned()];
    let properties = &mut package.properties;
    properties.insert("banner".to_owned(), banner.clone());
    properties.insert("format".to_owned(), format.to_owned());
    Some(package)
}

/// Finds what follows `Linux version ` where a version stands: the banner, not its pattern.
fn find_banner(image: &[u8]) -> Option<&[u8]> {
    const START: &[u8] = b"Linux version ";
    memmem::find_iter(image, START)
        .take(64)
        .filter_map(|at| image.get(at + START.len()..))
        .find(|rest| rest.first().is_some_and(u8::is_ascii_digit))
        .map(line)
}

/// Returns a text up to NUL or the line's end, at most 512 bytes.
fn line(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.get(..512).unwrap_or(bytes);
    let end = memchr::memchr2(0, b'\n', bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}

/// Makes the package of a module: what its `.modinfo` states, or its file's name.
fn module(
    stem: &[u8],
    kernel: &[u8],
    packing: Packing,
    bytes: &[u8],
    damage: &mut Damage,
) -> Package {
    let mut unpacked = Vec::new();
    let most = MAX_BYTES.min(bytes.len() as u64 * MAX_RATIO);
    let result = match packing {
        Packing::Plain | Packing::Xz => Ok(0),
        Packing::Gzip => GzDecoder::new(bytes).take(most).read_to_end(&mut unpacked),
        Packing::Zstd => zstd::Decoder::with_buffer(bytes)
            .and_then(|decoder| decoder.take(most).read_to_end(&mut unpacked)),
    };
    if let Err(error) = result {
        damage.unsupported(|| format!("the module cannot be unpacked: {error}"));
    }
    let content = match packing {
        Packing::Plain => bytes,
        _ => &unpacked,
    };
    let section = Executable::open_one(content).and_then(|one| one.section(b".modinfo"));
    let fields = fields(section.unwrap_or_default());
    let field = |name: &str| fields.get(name).and_then(|all| all.first());
    let name = field("name").cloned().unwrap_or_else(|| text(stem));
    let version = field("version").cloned().unwrap_or_default();
    let mut package = Package::new(PackageKind::LinuxModule, name, version);
    package.licenses = field("license").cloned().into_iter().collect();
    for (name, property) in [
        ("author", "author"),
        ("description", "description"),
        ("intree", "in_tree"),
        ("srcversion", "source_version"),
        ("vermagic", "vermagic"),
    ] {
        if let Some(value) = field(name) {
            let properties = &mut package.properties;
            properties.insert(property.to_owned(), value.clone());
        }
    }
    let properties = &mut package.properties;
    properties.insert(KERNEL.to_owned(), text(kernel));
    if packing == Packing::Xz {
        properties.insert("packing".to_owned(), "xz".to_owned());
    }
    let depends = fields.get("depends").into_iter().flatten();
    let depends = depends
        .flat_map(|all| all.split(','))
        .filter(|one| !one.is_empty());
    package.requires = depends
        .take(MAX_REQUIREMENTS)
        .map(|name| {
            vec![Requirement {
                name: name.to_owned(),
                constraint: String::new(),
            }]
        })
        .collect();
    package
}

/// Reads `.modinfo`: `key=value`, each ended by NUL; keys may repeat (authors, aliases). The kinds
/// that repeat by the hundred are left out.
fn fields(section: &[u8]) -> BTreeMap<&str, Vec<String>> {
    let mut all: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for field in section.split(|byte| *byte == 0) {
        let at = memchr::memchr(b'=', field).unwrap_or(field.len());
        let (Some(key), Some(value)) = (field.get(..at), field.get(at + 1..)) else {
            continue;
        };
        let Ok(key) = std::str::from_utf8(key) else {
            continue;
        };
        if matches!(
            key,
            "author"
                | "depends"
                | "description"
                | "intree"
                | "license"
                | "name"
                | "srcversion"
                | "vermagic"
                | "version"
        ) {
            let values = all.entry(key).or_default();
            if values.len() < 64 {
                values.push(text(value));
            }
        }
    }
    all
}
