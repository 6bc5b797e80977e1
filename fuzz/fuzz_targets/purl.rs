//! Package URLs: whatever is read is written canonically, and is read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::purl::Purl;

fuzz_target!(|text: &str| {
    if let Ok(purl) = text.parse::<Purl>() {
        let written = purl.to_string();
        let again: Purl = written.parse().expect("what is written can be read");
        assert_eq!(again, purl, "{written}");
        assert_eq!(again.to_string(), written);
    }
});
