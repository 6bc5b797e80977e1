//! Lock files, manifests and requirements files of Python, parted by the byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::python::PythonLocks;
use plimsoll_fuzz::analyze;

fuzz_target!(|bytes: &[u8]| {
    analyze(
        &PythonLocks,
        &[
            "a/pyproject.toml",
            "a/poetry.lock",
            "a/pdm.lock",
            "a/pylock.toml",
            "a/uv.lock",
            "a/Pipfile",
            "a/Pipfile.lock",
            "a/requirements.txt",
        ],
        bytes,
    );
});
