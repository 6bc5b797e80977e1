//! Machine-learning models: what the heads of their files declare, and the licence of the card beside
//! them. Of files that are gigabytes long only the start is read.

use std::collections::BTreeMap;

use plimsoll_model::analyzer::{
    About, Analyzer, Assembled, Content, Entry, EntryKind, Fact, View, Want,
};
use plimsoll_model::ecosystem::PackageKind;
use plimsoll_model::package::Package;

use super::assembly::collect_each;
use super::damage::Damage;
use super::kit::join::{ALONE, finish};
use super::kit::{Found, MIB, component, json, license, property, requirement};

mod gguf;

pub use gguf::{Header, read_header};

/// How much of a file's start is read. Heads are some 100 KB, without the vocabulary, which comes last.
const HEAD_LIMIT: u64 = 4 * MIB;

/// The key of the note with the licence of a model's card.
const CARD_NOTE: &str = "card";

/// Catalogs models.
pub struct Model;

/// Is what a file is, by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Gguf,
    Safetensors,
    Card,
}

impl Form {
    fn of(entry: &Entry<'_>) -> Option<Self> {
        match entry.head {
            [b'G', b'G', b'U', b'F', 1..=9, 0, 0, 0, ..] => Some(Self::Gguf),
            // The header's length, little-endian, and the header in JSON.
            [_, _, _, _, 0, 0, 0, 0, b'{', b'"', ..] if entry.size > 8 => Some(Self::Safetensors),
            [b'-', b'-', b'-', b'\n', ..] if entry.path.ends_with(b"/README.md") => {
                Some(Self::Card)
            }
            _ => None,
        }
    }
}

impl Analyzer for Model {
    fn name(&self) -> &'static str {
        "model/files"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> About {
        About {
            title: "Machine-learning models",
            reads: &[
                (
                    "files that begin as GGUF",
                    "the model with name, version, architecture, size and licence of the header",
                ),
                (
                    "files that begin as safetensors",
                    "the model with what `__metadata__` declares",
                ),
                (
                    "README.md beside a model",
                    "the licence of the model's card",
                ),
            ],
            not_read: &[
                "Weights, tensors and vocabularies.",
                "Pickles and other forms that are programs: they are never executed.",
            ],
            certainty: "What the file declares of itself; where it declares no name, the folder of Hugging \
                        Face's cache or the file's own name stands for it, without version.",
        }
    }

    fn wants(&self, entry: &Entry<'_>) -> Want {
        if entry.kind != EntryKind::File {
            return Want::Nothing;
        }
        match Form::of(entry) {
            Some(Form::Card) => Want::Whole { limit: 64 * 1024 },
            Some(_) => Want::Whole { limit: HEAD_LIMIT },
            None => Want::Nothing,
        }
    }

    fn read(&self, entry: &Entry<'_>, content: Content<'_>, facts: &mut Vec<Fact>) {
        let mut found = Found::default();
        let mut package = Package::new(PackageKind::Model, "", "");
        match Form::of(entry) {
            Some(Form::Gguf) => {
                let header = read_header(content.bytes);
                property(&mut package, "format", "gguf");
                gguf::describe(&header, &mut package);
                if let Some(problem) = header.problem {
                    // Files are cut on purpose, and what came before the cut names the model.
                    if !content.truncated && header.pairs.is_empty() {
                        found.damage.note(|| problem);
                    }
                }
            }
            Some(Form::Safetensors) => {
                property(&mut package, "format", "safetensors");
                if !safetensors(content, &mut package) {
                    return;
                }
            }
            Some(Form::Card) => {
                if let Some(text) = card_license(content.bytes) {
                    found.note(CARD_NOTE, text);
                }
                let whole = Content {
                    truncated: false,
                    ..content
                };
                return found.finish(entry, whole, facts);
            }
            None => return,
        }
        name(entry.path, &mut package);
        found.push(package);
        let whole = Content {
            truncated: false,
            ..content
        };
        found.finish(entry, whole, facts);
    }

    fn assemble(&self, view: &View<'_>, out: &mut Assembled) {
        let mut cards: BTreeMap<&[u8], &str> = BTreeMap::new();
        for located in view.facts {
            if let Fact::Note { key, value } = located.fact
                && key == CARD_NOTE
            {
                cards.insert(located.path.parent(), value);
            }
        }
        let mut placed = collect_each(view);
        for (path, one) in &mut placed {
            if let Some(text) = cards.get(path.parent())
                && one.package.licenses.is_empty()
            {
                one.package.licenses = vec![(*text).to_owned()];
            }
        }
        finish(placed, view, out, ALONE);
    }
}

/// Names a model that declares no name: `models--ORG--NAME/…` of Hugging Face's cache, with the
/// revision as version, or the file's own name. Parts of one model (`-00001-of-00005`) share it.
fn name(path: &[u8], package: &mut Package) {
    let cache = (1..5).find_map(|back| {
        let folder = String::from_utf8_lossy(component(path, back)?);
        let name = folder.strip_prefix("models--")?.replace("--", "/");
        let revision = match (component(path, back - 1), back > 2) {
            (Some(b"snapshots"), true) => component(path, back - 2),
            _ => None,
        };
        let revision = String::from_utf8_lossy(revision.unwrap_or_default()).into_owned();
        Some((name, revision))
    });
    let stated = if let Some((name, revision)) = cache {
        requirement(&name, &revision)
    } else {
        let file = String::from_utf8_lossy(component(path, 0).unwrap_or_default());
        let stem = file.rsplit_once('.').map_or(&*file, |(stem, _)| stem);
        let stem = part_of(stem).unwrap_or(stem);
        // `model.safetensors` says nothing; its folder does.
        let folder = String::from_utf8_lossy(component(path, 1).unwrap_or_default());
        let vague = matches!(
            stem,
            "model" | "pytorch_model" | "adapter_model" | "ggml-model"
        );
        let telling = if vague && !folder.is_empty() {
            &folder
        } else {
            stem
        };
        requirement(telling, "")
    };
    if package.name.is_empty() {
        package.name = stated.name;
    }
    if package.version.is_empty() {
        package.version = stated.constraint;
    }
}

/// Returns the name before `-00001-of-00005`.
fn part_of(stem: &str) -> Option<&str> {
    let (rest, count) = stem.rsplit_once("-of-")?;
    let (name, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(count) && digits(number)).then_some(name)
}

/// Reads the header of a safetensors file: eight bytes of length, then JSON with `__metadata__`, texts
/// by name. Returns whether it is one.
fn safetensors(content: Content<'_>, package: &mut Package) -> bool {
    let Some((length, rest)) = content.bytes.split_first_chunk::<8>() else {
        return false;
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    // A header that is longer than what is read keeps its metadata, which writers put first.
    let header = rest.get(..length).unwrap_or(rest);
    let mut odd = Damage::default();
    let document = json::parse(header, &mut odd);
    let document = document.or_else(|| {
        let start = memchr::memmem::find(header, br#""__metadata__":"#)? + 15;
        let inner = header.get(start..)?;
        let end = inner.iter().position(|byte| *byte == b'}')?;
        let inner = json::parse(inner.get(..=end)?, &mut Damage::default())?;
        Some(serde_json::json!({ "__metadata__": inner }))
    });
    let Some(document) = document else {
        // Other files begin so too; a cut header is one only if a tensor stands in it.
        return length > rest.len() && memchr::memmem::find(header, br#""dtype":"#).is_some();
    };
    let Some(members) = document.as_object() else {
        return false;
    };
    let tensor = |value: &serde_json::Value| value.get("dtype").is_some();
    if !members.contains_key("__metadata__") && !members.values().any(tensor) {
        return false;
    }
    let field = |key: &str| json::text(&document, &["__metadata__", key]);
    let stated = requirement(field("modelspec.title"), field("modelspec.version"));
    (package.name, package.version) = (stated.name, stated.constraint);
    license(package, field("modelspec.license"));
    license(package, field("license"));
    property(package, "architecture", field("modelspec.architecture"));
    property(package, "author", field("modelspec.author"));
    property(package, "framework", field("format"));
    true
}

/// Returns the licence of a model card: `license:` in the block between the first two lines `---`.
fn card_license(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let block = text.strip_prefix("---\n")?.split("\n---").next()?;
    let value = block
        .lines()
        .find_map(|line| line.strip_prefix("license:"))?;
    let value = requirement(value.trim().trim_matches(['"', '\'']), "").name;
    (!value.is_empty()).then_some(value)
}
