//! How the statements about one package are written.
//!
//! Layout: length (LEB128), CRC-32 (u32), then as many bytes: the number of statements and, for all
//! of them one after the other,
//!
//! 1. the numbers of their [`Shape`]s: `number << 1`, or `number << 1 | 1` and how many more follow
//!    that have the same;
//! 2. the numbers of their spans, each as the folded difference to the one before;
//! 3. the numbers of their vulnerabilities, an update's own entry first, each as the folded
//!    difference to the one before, times two, and one more when another of the same statement
//!    follows;
//! 4. for those whose shape says so, the place of an alias and the number of an extra.
//!
//! The columns come in the order of need: deciding that a version is outside of all ranges takes the
//! spans only.

use plimsoll_model::advisory::Symbols;

use super::codec::{Cursor, fold, put, put_length, unfold};
use super::format::{FeedMeta, Form, PackageDisk, RecordName, Shape, StatementDisk};
use super::pool::{Pool, Walk};
use super::span::Span;
use super::store::Extra;

/// Is a statement as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// The number of its shape.
    pub(super) shape: u32,
    /// The number of its span.
    pub(super) span: u32,
    /// The place of the alias that is its record's id.
    pub(super) alias: Option<u32>,
    /// The number of its extra.
    pub(super) extra: Option<u32>,
    /// The numbers of its own entry and its vulnerabilities; not empty.
    pub(super) numbers: Vec<u32>,
}

/// Writes the statements about a package, without length and checksum.
pub(super) fn encode(statements: &[Plain]) -> Vec<u8> {
    let mut out = Vec::with_capacity(statements.len() * 4 + 4);
    put_length(&mut out, statements.len());
    for run in statements.chunk_by(|a, b| a.shape == b.shape) {
        let shape = run
            .first()
            .map_or(0, |statement| u64::from(statement.shape));
        if run.len() == 1 {
            put(&mut out, shape << 1);
        } else {
            put(&mut out, shape << 1 | 1);
            put_length(&mut out, run.len() - 2);
        }
    }
    let mut last = 0;
    for statement in statements {
        put(&mut out, fold(i64::from(statement.span) - last));
        last = i64::from(statement.span);
    }
    last = 0;
    for statement in statements {
        for (index, number) in statement.numbers.iter().enumerate() {
            let more = u64::from(index + 1 < statement.numbers.len());
            put(&mut out, fold(i64::from(*number) - last) << 1 | more);
            last = i64::from(*number);
        }
    }
    for statement in statements {
        for note in [statement.alias, statement.extra].into_iter().flatten() {
            put(&mut out, u64::from(note));
        }
    }
    out
}

/// Is what is stated about a package, not decoded yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blob<'d> {
    /// How many statements there are.
    count: usize,
    /// What follows.
    columns: Cursor<'d>,
    /// The spans.
    spans: Pool<'d>,
}

/// Is what decoding takes beside the bytes.
#[derive(Clone, Copy)]
pub(super) struct Context<'d> {
    /// The shapes.
    pub(super) shapes: &'d [Shape],
    /// The feeds.
    pub(super) feeds: &'d [FeedMeta],
    /// The spans.
    pub(super) spans: Pool<'d>,
    /// The extras.
    pub(super) extras: Pool<'d>,
}

impl<'d> Blob<'d> {
    /// Finds the statements that start at an offset; `None` when they are damaged.
    pub(super) fn open(section: &'d [u8], offset: usize, spans: Pool<'d>) -> Option<Self> {
        let mut bytes = Cursor(section.get(offset..)?);
        let length = bytes.count()?;
        let crc = u32::from_le_bytes(*bytes.bytes(4)?.first_chunk::<4>()?);
        let content = bytes.bytes(length)?;
        if crc32fast::hash(content) != crc {
            return None;
        }
        let mut columns = Cursor(content);
        Some(Self {
            count: columns.count()?,
            columns,
            spans,
        })
    }

    /// Passes over the shapes; hands over each with how many statements have it.
    fn shapes(&self, mut each: impl FnMut(u32, usize)) -> Option<Cursor<'d>> {
        let mut bytes = self.columns;
        let mut left = self.count;
        while left > 0 {
            let number = bytes.number()?;
            let run = match number & 1 {
                0 => 1,
                _ => usize::try_from(bytes.number()?).ok()?.checked_add(2)?,
            };
            left = left.checked_sub(run)?;
            each(u32::try_from(number >> 1).ok()?, run);
        }
        Some(bytes)
    }

    /// Hands over every span, each once for as many statements in a row as have it, until `each`
    /// says that it has seen enough; `None` when they are damaged.
    pub(crate) fn each_span(&self, mut each: impl FnMut(Span<'d>) -> bool) -> Option<()> {
        let mut bytes = self.shapes(|_, _| {})?;
        let mut walk = Walk::new(self.spans);
        let mut last = 0;
        for index in 0..self.count {
            let difference = unfold(bytes.number()?);
            if difference == 0 && index > 0 {
                continue;
            }
            last = i64::checked_add(last, difference)?;
            let span = walk.get(u32::try_from(last).ok()?)?;
            if each(Span::new(span)) {
                break;
            }
        }
        Some(())
    }

    /// Says whether any statement is about one of some vulnerabilities, which are sorted; `None`
    /// when that part is damaged.
    pub(super) fn mentions(&self, wanted: &[u32]) -> Option<bool> {
        let mut bytes = self.shapes(|_, _| {})?;
        for _ in 0..self.count {
            bytes.number()?;
        }
        let mut last = 0;
        for _ in 0..self.count {
            loop {
                let number = bytes.number()?;
                last = i64::checked_add(last, unfold(number >> 1))?;
                if wanted.binary_search(&u32::try_from(last).ok()?).is_ok() {
                    return Some(true);
                }
                if number & 1 == 0 {
                    break;
                }
            }
        }
        Some(false)
    }

    /// Decodes all; `None` when a part is damaged.
    pub(super) fn statements(&self, context: Context<'d>) -> Option<PackageDisk<'d>> {
        let mut shapes: Vec<(&'d Shape, usize)> = Vec::new();
        let mut known = true;
        let mut spans = self.shapes(|number, run| match context.shapes.get(number as usize) {
            Some(shape) => shapes.push((shape, run)),
            None => known = false,
        })?;
        if !known {
            return None;
        }
        let mut numbers = spans;
        for _ in 0..self.count {
            numbers.number()?;
        }
        let mut notes = numbers;
        for _ in 0..self.count {
            while notes.number()? & 1 == 1 {}
        }
        let mut walk = Walk::new(context.spans);
        let mut statements = Vec::with_capacity(self.count);
        let (mut last_span, mut last_number) = (0, 0);
        for (shape, run) in shapes {
            for _ in 0..run {
                last_span = i64::checked_add(last_span, unfold(spans.number()?))?;
                let span = Span::new(walk.get(u32::try_from(last_span).ok()?)?);
                let mut vulnerabilities = Vec::new();
                let mut own = None;
                loop {
                    let number = numbers.number()?;
                    last_number = i64::checked_add(last_number, unfold(number >> 1))?;
                    let value = u32::try_from(last_number).ok()?;
                    if shape.own && own.is_none() {
                        own = Some(value);
                    } else {
                        vulnerabilities.push(value);
                    }
                    if number & 1 == 0 {
                        break;
                    }
                }
                let first = own.or(vulnerabilities.first().copied())?;
                let alias = match shape.form {
                    Form::Alias => notes.short()?,
                    _ => 0,
                };
                let extra: Extra<'d> = if shape.extra {
                    let bytes = context.extras.get(notes.short()?)?;
                    postcard::from_bytes(bytes).ok()?
                } else {
                    Extra::default()
                };
                let record = match &shape.form {
                    Form::Same => RecordName::Of(first),
                    Form::Prefixed(prefix) => RecordName::Prefixed(prefix, first),
                    Form::Alias => RecordName::Alias(first, alias),
                    Form::Text => RecordName::Text(extra.record?),
                };
                let feed = context.feeds.get(usize::from(shape.feed));
                statements.push(StatementDisk {
                    advisory: shape.advisory,
                    rank: feed.map_or(u8::MAX, |feed| feed.rank),
                    feed: shape.feed,
                    record,
                    own,
                    vulnerabilities,
                    also: extra.also,
                    span,
                    fix: shape.fix,
                    severity: shape.severity,
                    module: shape.module.as_deref(),
                    arches: &shape.arches,
                    repository: &shape.repository,
                    symbols: (extra.symbols.into_iter())
                        .map(|(path, names)| Symbols {
                            path: path.to_owned(),
                            names: names.into_iter().map(str::to_owned).collect(),
                        })
                        .collect(),
                });
            }
        }
        Some(PackageDisk { statements })
    }
}
