//! Makes versions of each system: realistic ones, and some that are nothing of the kind.

use crate::dice::Dice;

pub(crate) fn generate_deb(dice: &mut Dice) -> String {
    const WORDS: &[&str] = &[
        "dfsg", "deb12u", "ubuntu2.", "bpo", "git", "rc", "b", "nmu", "beta", "a", "Z", "ds", "rpi",
    ];
    const JOINTS: &[&str] = &[".", ".", ".", "~", "+", "-", "", "~~", "..", "+~"];
    if dice.one_in(8) {
        return dice.noise();
    }
    let mut version = String::new();
    if dice.one_in(4) {
        version = format!(
            "{}:",
            dice.pick(&["0", "1", "2", "00", "01", "10", "2147483647"])
        );
    }
    version.push_str(&dice.chain(WORDS, JOINTS));
    if !dice.one_in(3) {
        version.push('-');
        version.push_str(&dice.chain(WORDS, &[".", "+", "~", ""]));
    }
    version
}

pub(crate) fn generate_rpm(dice: &mut Dice) -> String {
    const WORDS: &[&str] = &[
        "el9",
        "el8_4",
        "fc39",
        "module+el8",
        "git",
        "rc",
        "a",
        "b",
        "Z",
        "beta",
        "amzn2023",
    ];
    const JOINTS: &[&str] = &[".", ".", ".", "~", "^", "_", "+", "", "..", "^~"];
    if dice.one_in(6) {
        return dice.noise();
    }
    let mut version = String::new();
    if dice.one_in(4) {
        version = format!(
            "{}:",
            dice.pick(&["", "0", "1", "2", "01", "10", "4294967295", "x"])
        );
    }
    version.push_str(&dice.chain(WORDS, JOINTS));
    if !dice.one_in(3) {
        version.push('-');
        version.push_str(&dice.chain(WORDS, JOINTS));
    }
    version
}

pub(crate) fn generate_apk(dice: &mut Dice) -> String {
    const SUFFIXES: &[&str] = &[
        "_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p", "_foo", "_",
    ];
    if dice.one_in(6) {
        return dice.noise();
    }
    let mut version = dice.number();
    for _ in 0..dice.below(4) {
        version = format!("{version}.{}", dice.number());
    }
    if dice.one_in(4) {
        version.push_str(dice.pick(&["a", "b", "k", "z", "ab"]));
    }
    for _ in 0..dice.below(3) {
        version.push_str(dice.pick(SUFFIXES));
        if dice.one_in(2) {
            version.push_str(&dice.number());
        }
    }
    if dice.one_in(6) {
        version.push_str(dice.pick(&["~0", "~12ab", "~ff", "~", "~g"]));
    }
    if !dice.one_in(3) {
        version = format!("{version}-r{}", dice.number());
    }
    version
}

/// Is what the versions of a language are made of.
pub(crate) struct Pieces {
    /// What comes first.
    pub(crate) prefixes: &'static [&'static str],
    /// One in how many has something first.
    pub(crate) prefixed: usize,
    /// How many numbers there are at least and at most.
    pub(crate) numbers: (usize, usize),
    /// What stands between words and numbers after them.
    pub(crate) joints: &'static [&'static str],
    /// The words.
    pub(crate) words: &'static [&'static str],
    /// What comes last; most often nothing.
    pub(crate) suffixes: &'static [&'static str],
}

/// Makes a version from pieces, now and then noise.
pub(crate) fn generate(dice: &mut Dice, pieces: &Pieces) -> String {
    if dice.one_in(16) {
        return dice.noise();
    }
    let mut version = String::new();
    if dice.one_in(pieces.prefixed) && !pieces.prefixes.is_empty() {
        version.push_str(dice.pick(pieces.prefixes));
    }
    let (least, most) = pieces.numbers;
    for index in 0..least + dice.below(most - least + 1) {
        if index > 0 {
            version.push('.');
        }
        if dice.one_in(6) {
            version.push_str(&dice.number());
        } else {
            version.push_str(&dice.below(3).to_string());
        }
    }
    for _ in 0..[0, 0, 1, 1, 2, 3][dice.below(6)] {
        version.push_str(dice.pick(pieces.joints));
        if dice.one_in(3) {
            version.push_str(&dice.below(12).to_string());
        } else {
            version.push_str(dice.pick(pieces.words));
            if dice.one_in(2) {
                version.push_str(dice.pick(pieces.joints));
                version.push_str(&dice.number());
            }
        }
    }
    if dice.one_in(5) && !pieces.suffixes.is_empty() {
        version.push_str(dice.pick(pieces.suffixes));
    }
    version
}
