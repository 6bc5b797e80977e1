//! Declared licences: the first byte chooses the kind of package, the rest are declarations parted
//! by the byte 0xFF. What comes out as an expression stays one, and is bounded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::license::{is_expression, normalize};
use plimsoll_model::ecosystem::TABLE;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let kind = TABLE[usize::from(*first) % TABLE.len()].kind;
    let declared: Vec<String> = rest
        .split(|byte| *byte == 0xff)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    for one in normalize(kind, &declared) {
        // Joining several declarations of a choice may make one long text of them.
        assert!(one.len() <= 4096);
        if is_expression(&one) {
            let again = normalize(kind, &[one.clone()]);
            assert!(again.iter().all(|text| is_expression(text)), "{one}: {again:?}");
        }
    }
});
