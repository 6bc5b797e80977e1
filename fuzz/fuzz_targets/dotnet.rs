//! .NET: lists of dependencies, assemblies, lock files and projects.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::dotnet::{Dotnet, DotnetLocks};
use plimsoll_fuzz::analyze_files;

fuzz_target!(|bytes: &[u8]| {
    analyze_files(&Dotnet, &[("app/a.deps.json", bytes), ("app/b.dll", bytes)]);
    analyze_files(
        &DotnetLocks,
        &[
            ("a/packages.lock.json", bytes),
            ("b/obj/project.assets.json", bytes),
            ("c/packages.config", bytes),
            ("d/d.csproj", bytes),
        ],
    );
});
