//! Lines of at most so many columns, with colours, in which nothing can escape to the terminal.
//!
//! All text goes through [`Writer`], and the writer escapes all of it: a caller cannot forget to.

use anstyle::Style;
use plimsoll_model::text::escape;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The fewest columns that the report is laid out for: the summary's table takes 47.
const LEAST_WIDTH: usize = 50;

/// A word that is broken over lines starts on the current one only when this much room is left.
const ROOM_TO_BREAK: usize = 16;

/// Is a piece of a line in one style.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span<'a> {
    /// Its text; runs of blanks in it count as one.
    pub(super) text: &'a str,
    /// Its style, applied only when colours are on.
    pub(super) style: Style,
}

/// Makes a piece of a line in the terminal's own style.
pub(super) fn plain(text: &str) -> Span<'_> {
    styled(text, Style::new())
}

/// Makes a piece of a line in a style.
pub(super) fn styled(text: &str, style: Style) -> Span<'_> {
    Span { text, style }
}

/// Writes lines.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    width: usize,
    color: bool,
    /// The columns taken on the current line.
    column: usize,
    /// Whether the current line holds no word yet.
    fresh: bool,
    /// The style that is switched on.
    active: Style,
}

impl Writer {
    /// Makes a writer for lines of `width` columns.
    pub(super) fn new(width: usize, color: bool) -> Self {
        Self {
            out: String::new(),
            width: width.max(LEAST_WIDTH),
            color,
            column: 0,
            fresh: true,
            active: Style::new(),
        }
    }

    /// Returns the width that lines are laid out for.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Returns what was written.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Writes an empty line.
    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Writes `lead` with its blanks as they are, then the spans, wrapped, further lines indented by
    /// `indent` columns. A blank stands between two spans only where one of them has it.
    pub(super) fn line(&mut self, lead: &str, indent: usize, spans: &[Span<'_>]) {
        let lead = escape(lead);
        self.out.push_str(&lead);
        self.column = lead.width();
        self.fresh = true;
        let mut blank_before = false;
        for span in spans {
            let text = escape(span.text);
            blank_before |= text.starts_with(char::is_whitespace);
            for word in text.split_whitespace() {
                self.word(word, span.style, blank_before, indent);
                blank_before = true;
            }
            blank_before = text.ends_with(char::is_whitespace);
        }
        self.set(Style::new());
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// Writes `lead` as it is, then cells, each padded to its number of columns, unwrapped.
    pub(super) fn cells(&mut self, lead: &str, cells: &[(Span<'_>, usize)]) {
        self.out.push_str(&escape(lead));
        for (span, width) in cells {
            let text = escape(span.text);
            let trimmed = text.trim_start_matches(' ');
            self.blanks(text.len() - trimmed.len());
            self.set(span.style);
            self.out.push_str(trimmed);
            self.set(Style::new());
            self.blanks(width.saturating_sub(text.width()));
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// Writes one word, on a new line where it does not fit.
    fn word(&mut self, word: &str, style: Style, blank_before: bool, indent: usize) {
        let width = word.width();
        let gap = usize::from(blank_before && !self.fresh);
        if self.column + gap + width <= self.width {
            self.push(gap, word, width, style);
            return;
        }
        let whole_line = self.width.saturating_sub(indent);
        let room = self.width.saturating_sub(self.column + gap);
        if width <= whole_line || room < ROOM_TO_BREAK {
            if !self.fresh {
                self.break_line(indent);
            }
        } else {
            self.push(gap, "", 0, style);
        }
        let mut piece = String::new();
        let mut taken = 0;
        for c in word.chars() {
            let columns = c.width().unwrap_or(0);
            if self.column + taken + columns > self.width {
                self.push(0, &piece, taken, style);
                self.break_line(indent);
                piece.clear();
                taken = 0;
            }
            piece.push(c);
            taken += columns;
        }
        self.push(0, &piece, taken, style);
    }

    fn push(&mut self, gap: usize, text: &str, width: usize, style: Style) {
        if style == self.active {
            self.blanks(gap);
        } else {
            // The blank between two styles belongs to neither.
            self.set(Style::new());
            self.blanks(gap);
            self.set(style);
        }
        self.out.push_str(text);
        self.column += gap + width;
        self.fresh = false;
    }

    fn break_line(&mut self, indent: usize) {
        let style = self.active;
        self.set(Style::new());
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        self.blanks(indent);
        self.column = indent;
        self.fresh = true;
        self.set(style);
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }

    fn set(&mut self, style: Style) {
        if !self.color || style == self.active {
            return;
        }
        if self.active != Style::new() {
            self.out.push_str(&self.active.render_reset().to_string());
        }
        self.out.push_str(&style.render().to_string());
        self.active = style;
    }
}

/// Returns the columns that a text takes once it is escaped.
pub(super) fn columns(text: &str) -> usize {
    escape(text).width()
}

/// Pads a text with blanks to a number of columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let text = escape(text);
    let missing = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}

/// Pads a text with blanks before it to a number of columns.
pub(super) fn pad_left(text: &str, width: usize) -> String {
    let text = escape(text);
    let missing = width.saturating_sub(text.width());
    format!("{}{text}", " ".repeat(missing))
}

/// Cuts a text that is longer than `limit` characters and says so with `...`.
pub(super) fn clip(text: &str, limit: usize) -> String {
    if text.char_indices().nth(limit).is_none() {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anstyle::AnsiColor;

    fn lines(width: usize, lead: &str, indent: usize, spans: &[Span<'_>]) -> Vec<String> {
        let mut writer = Writer::new(width, false);
        writer.line(lead, indent, spans);
        writer.finish().lines().map(str::to_owned).collect()
    }

    #[test]
    fn words_wrap_and_further_lines_hang() {
        let text = "aaaaaaaaa ".repeat(9);
        let got = lines(50, "  From: ", 4, &[plain(&text)]);
        assert_eq!(
            got,
            [
                "  From: aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa",
                "    aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa",
                "    aaaaaaaaa"
            ]
        );
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_at_the_width() {
        let long = "x".repeat(120);
        let got = lines(50, "  ", 4, &[plain("head "), plain(&long)]);
        assert_eq!(got[0], format!("  head {}", "x".repeat(43)));
        assert_eq!(got[1], format!("    {}", "x".repeat(46)));
        assert!(got.iter().all(|line| line.width() <= 50));
        assert_eq!(got.concat().matches('x').count(), 120);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let got = lines(50, "", 2, &[plain(&"名".repeat(40))]);
        assert_eq!(got[0].chars().count(), 25);
        assert!(got.iter().all(|line| line.width() <= 50));
    }

    #[test]
    fn an_empty_value_leaves_no_blank_at_the_end() {
        assert_eq!(
            lines(50, "Platform:          ", 19, &[plain("")]),
            ["Platform:"]
        );
    }

    #[test]
    fn spans_without_a_blank_between_them_touch() {
        let got = lines(50, "", 0, &[plain("a ("), plain("b"), plain(") c")]);
        assert_eq!(got, ["a (b) c"]);
    }

    #[test]
    fn a_style_ends_with_its_line_and_covers_no_indent() {
        let red = AnsiColor::Red.on_default();
        let mut writer = Writer::new(50, true);
        writer.line(
            "  ",
            4,
            &[plain("one"), styled(" two three", red), plain(" four")],
        );
        writer.line("", 4, &[styled(&"y".repeat(60), red)]);
        assert_eq!(
            writer.finish().replace('\u{1b}', "\\e"),
            format!(
                "  one \\e[31mtwo three\\e[0m four\n\\e[31m{}\\e[0m\n    \\e[31m{}\\e[0m\n",
                "y".repeat(50),
                "y".repeat(10)
            )
        );
    }

    #[test]
    fn nothing_that_moves_the_cursor_gets_out() {
        let hostile = "a\u{1b}[2Jb\nc\td\u{202e}e\u{9b}f\u{7f}\u{61c}";
        let mut writer = Writer::new(200, false);
        writer.line(hostile, 0, &[plain(hostile)]);
        let got = writer.finish();
        assert_eq!(got.matches('\n').count(), 1);
        assert!(
            got.trim_end()
                .chars()
                .all(|c| c.is_ascii_graphic() || c == ' ')
        );
        assert!(got.contains("a\\x1b[2Jb\\nc\\td\\u{202e}e\\x9bf\\x7f\\u{61c}"));
    }

    #[test]
    fn clipping_counts_characters() {
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("äöüäöü", 5), "äö...");
    }
}
