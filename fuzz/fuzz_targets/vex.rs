//! VEX documents of every form: the same bytes give the same statements, none with an empty product.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_formats::vex::read;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = read(bytes, "file") else {
        return;
    };
    assert_eq!(document, read(bytes, "file").expect("it was read before"));
    for statement in &document.statements {
        for product in &statement.products {
            assert!(!product.names.is_empty());
            assert!(product.parts.iter().all(|names| !names.is_empty()));
        }
    }
});
