//! Executables and what they say of themselves: Go, Rust, package notes, kernels and modules.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::elf_note::ElfNote;
use plimsoll_analyze::catalog::go::Go;
use plimsoll_analyze::catalog::kernel::Kernel;
use plimsoll_analyze::catalog::rust::Rust;
use plimsoll_fuzz::analyze_files;

/// No analyzer looks at files that are too small to be programs.
const MIN_BYTES: usize = 64 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let mut program = bytes.to_vec();
    program.resize(bytes.len().max(MIN_BYTES), 0);
    analyze_files(&Go, &[("bin/tool", &program)]);
    analyze_files(&Rust, &[("bin/tool", &program)]);
    analyze_files(&ElfNote, &[("bin/tool", &program)]);
    analyze_files(
        &Kernel,
        &[
            ("boot/vmlinuz", bytes),
            ("lib/modules/6.1.0/a.ko", bytes),
            ("lib/modules/6.1.0/b.ko.zst", bytes),
        ],
    );
});
