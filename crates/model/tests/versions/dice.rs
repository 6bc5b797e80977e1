//! Makes versions and pairs of them, the same on every machine and every day.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Is an order of two versions.
pub(crate) type Order = fn(&str, &str) -> Ordering;

/// Is a small generator (splitmix64) whose numbers are the same on every machine and every day.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == 0
    }

    pub(crate) fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    pub(crate) fn number(&mut self) -> String {
        match self.below(12) {
            0 => "0".to_owned(),
            1 => format!("0{}", self.below(12)),
            2 => format!("00{}", self.below(3)),
            3 => self.below(100_000_000).to_string(),
            4 if self.one_in(4) => "9".repeat(1 + self.below(60)),
            _ => self.below(13).to_string(),
        }
    }

    /// Joins one to four pieces, each a number or one of `words`, with one of `joints` between.
    pub(crate) fn chain(&mut self, words: &[&str], joints: &[&str]) -> String {
        let mut text = self.number();
        for _ in 0..self.below(4) {
            text.push_str(self.pick(joints));
            if self.one_in(3) {
                text.push_str(self.pick(words));
            } else {
                text.push_str(&self.number());
            }
        }
        text
    }

    /// Makes text of printable ASCII, most of it meaningful in some grammar.
    pub(crate) fn noise(&mut self) -> String {
        const COMMON: &[u8] = b"00119aabzAZ~~^..--++__:r";
        (0..=self.below(8))
            .map(|_| {
                let byte = if self.one_in(6) {
                    b'!' + self.below(94) as u8
                } else {
                    COMMON[self.below(COMMON.len())]
                };
                char::from(byte)
            })
            .collect()
    }

    /// Changes one character: dropped, doubled, replaced, or the rest cut off.
    pub(crate) fn mutate(&mut self, text: &str) -> String {
        let mut characters = text.chars().collect::<Vec<_>>();
        let place = self.below(characters.len().max(1));
        match self.below(4) {
            _ if characters.is_empty() => return self.noise(),
            0 => drop(characters.remove(place)),
            1 => characters.insert(place, characters[place]),
            2 => characters.truncate(place),
            _ => characters[place] = self.noise().chars().next().unwrap_or('0'),
        }
        characters.into_iter().collect()
    }
}

/// Pairs a version with a neighbour of it, or with one that has nothing to do with it.
pub(crate) fn generated_pairs(
    seed: u64,
    count: usize,
    generate: fn(&mut Dice) -> String,
) -> Vec<(String, String)> {
    mutated_pairs(&mut Dice(seed), count, generate)
}

/// Pairs a version with a neighbour of it, or with one that has nothing to do with it.
pub(crate) fn mutated_pairs(
    dice: &mut Dice,
    count: usize,
    generate: impl Fn(&mut Dice) -> String,
) -> Vec<(String, String)> {
    (0..count)
        .map(|_| {
            let a = generate(dice);
            let b = match dice.below(3) {
                0 => generate(dice),
                _ => dice.mutate(&a),
            };
            (a, b)
        })
        .collect()
}

pub(crate) fn table_pairs(table: &str) -> Vec<(String, String)> {
    table
        .lines()
        .filter_map(|line| {
            let words = line
                .split('#')
                .next()?
                .split_whitespace()
                .collect::<Vec<_>>();
            match words[..] {
                [a, _, b] => Some((a.to_owned(), b.to_owned())),
                _ => None,
            }
        })
        .collect()
}

/// Pairs each version with the one that follows it in our order: where an order goes wrong, some
/// neighbours stand the wrong way round.
pub(crate) fn neighbours(
    versions: &BTreeSet<String>,
    compare: impl Fn(&str, &str) -> Ordering,
) -> Vec<(String, String)> {
    let mut sorted = versions.iter().collect::<Vec<_>>();
    sorted.sort_by(|a, b| compare(a, b));
    sorted
        .windows(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect()
}

pub(crate) fn strangers(versions: &BTreeSet<String>, count: usize) -> Vec<(String, String)> {
    let versions = versions.iter().collect::<Vec<_>>();
    if versions.is_empty() {
        return Vec::new();
    }
    let mut dice = Dice(7);
    (0..count)
        .map(|_| {
            let (a, b) = (dice.below(versions.len()), dice.below(versions.len()));
            (versions[a].clone(), versions[b].clone())
        })
        .collect()
}

pub(crate) fn sample(pairs: Vec<(String, String)>, count: usize) -> Vec<(String, String)> {
    let step = pairs.len().div_ceil(count).max(1);
    pairs.into_iter().step_by(step).collect()
}
