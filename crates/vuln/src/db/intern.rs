//! Byte strings kept once each, in one piece of memory, known by number.

use std::hash::{BuildHasher as _, RandomState};

/// Marks a free slot.
const FREE: u32 = u32::MAX;

/// Keeps byte strings once each. Numbers count up in the order in which the strings came, so they do
/// not depend on the hash.
pub(super) struct Interner {
    /// All strings behind each other.
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<u32>,
    /// The numbers, by hash: open addressing, a power of two long.
    slots: Vec<u32>,
    /// Seeded anew in every process: a feed cannot be made to collide.
    hasher: RandomState,
}

impl Default for Interner {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            ends: Vec::new(),
            slots: vec![FREE; 1 << 10],
            hasher: RandomState::new(),
        }
    }
}

impl Interner {
    /// Returns the number of a string, which is kept from now on. What is over 4 GB together gets
    /// the number of the first string; [`Self::full`] says so.
    pub(super) fn add(&mut self, bytes: &[u8]) -> u32 {
        if (self.ends.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let slot = self.slot(bytes);
        match self.slots.get(slot) {
            Some(&FREE) | None => {}
            Some(&number) => return number,
        }
        let (Ok(number), Ok(end)) = (
            u32::try_from(self.ends.len()),
            u32::try_from(self.bytes.len() + bytes.len()),
        ) else {
            return 0;
        };
        self.bytes.extend_from_slice(bytes);
        self.ends.push(end);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = number;
        }
        number
    }

    /// Returns the number of a string that is kept.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<u32> {
        let number = *self.slots.get(self.slot(bytes))?;
        (number != FREE).then_some(number)
    }

    /// Returns a string.
    pub(super) fn get(&self, number: u32) -> &[u8] {
        let at = number as usize;
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or(0) as usize;
        self.bytes.get(start..end).unwrap_or(&[])
    }

    /// Returns a string as text.
    pub(super) fn text(&self, number: u32) -> &str {
        std::str::from_utf8(self.get(number)).unwrap_or("")
    }

    /// Returns how many strings there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Says whether it cannot take more.
    pub(super) fn full(&self) -> bool {
        self.bytes.len() > (u32::MAX as usize) - (1 << 20) || self.ends.len() > (1 << 31)
    }

    /// Returns all numbers in the order of their strings.
    pub(super) fn sorted(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..u32::try_from(self.len()).unwrap_or(0)).collect();
        numbers.sort_unstable_by(|a, b| self.get(*a).cmp(self.get(*b)));
        numbers
    }

    /// Returns the slot that a string is in, or would be.
    fn slot(&self, bytes: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        #[allow(clippy::cast_possible_truncation, reason = "only the low bits count")]
        let mut slot = self.hasher.hash_one(bytes) as usize & mask;
        while let Some(&number) = self.slots.get(slot)
            && number != FREE
            && self.get(number) != bytes
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Doubles the slots.
    fn grow(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 2];
        let mask = self.slots.len() - 1;
        for number in 0..u32::try_from(self.len()).unwrap_or(0) {
            #[allow(clippy::cast_possible_truncation, reason = "only the low bits count")]
            let mut slot = self.hasher.hash_one(self.get(number)) as usize & mask;
            while self.slots.get(slot).is_some_and(|found| *found != FREE) {
                slot = (slot + 1) & mask;
            }
            if let Some(slot) = self.slots.get_mut(slot) {
                *slot = number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_has_one_number_and_comes_back() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for number in 0..5000_u32 {
                let text = format!("{}", number * 7);
                assert_eq!(interner.add(text.as_bytes()), number, "{round}");
            }
        }
        assert_eq!(interner.len(), 5000);
        assert_eq!(interner.text(3), "21");
        assert_eq!(interner.find(b"21"), Some(3));
        assert_eq!(interner.find(b"22"), None);
        let sorted = interner.sorted();
        assert!(
            sorted
                .windows(2)
                .all(|pair| interner.get(pair[0]) < interner.get(pair[1]))
        );
    }
}
