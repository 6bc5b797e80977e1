//! Catalogers: one folder per ecosystem, each an analyzer that turns package databases into
//! packages.
//!
//! Adding one touches its own folder and one line in [`ALL`]. Its fixtures lie in
//! `<eco>/testdata/*.txtar`: a sentence of intent, the files, and what is expected of them; one
//! harness (`tests/fixtures.rs`) runs them all, and `UPDATE_EXPECT=1` rewrites the expectations.

use plimsoll_model::analyzer::Analyzer;

pub mod apk;
mod assembly;
pub mod brew;
mod budget;
pub mod classifier;
pub mod conda;
mod damage;
pub mod dart;
pub mod deb;
mod deb822;
pub mod dotnet;
pub mod elf_note;
pub mod embedded_sbom;
pub mod erlang;
mod executable;
pub mod go;
pub mod haskell;
pub mod java;
pub mod javascript;
pub mod julia;
pub mod kernel;
mod kit;
pub mod license_texts;
pub mod lua;
pub mod model;
pub mod nix;
mod paths;
pub mod perl;
pub mod php;
pub mod purl;
pub mod python;
pub mod r;
pub mod release;
mod requirement;
pub mod rpm;
pub mod ruby;
pub mod rust;
pub mod swift;
pub mod wordpress;
pub mod zip;

/// All catalogers, by name.
pub static ALL: &[&dyn Analyzer] = &[
    &classifier::Classifier,
    &elf_note::ElfNote,
    &brew::Brew,
    &conda::Conda,
    &dart::Dart,
    &dart::DartLocks,
    &dotnet::Dotnet,
    &dotnet::DotnetLocks,
    &erlang::Erlang,
    &erlang::ErlangLocks,
    &go::Go,
    &go::GoModules,
    &haskell::Haskell,
    &haskell::HaskellLocks,
    &java::Java,
    &java::JavaBuilds,
    &javascript::Installed,
    &javascript::Locks,
    &julia::Julia,
    &julia::JuliaLocks,
    &lua::Lua,
    &nix::Nix,
    &perl::Perl,
    &perl::PerlLocks,
    &php::Composer,
    &php::ComposerLocks,
    &php::Pear,
    &python::Python,
    &python::PythonLocks,
    &r::R,
    &r::RLocks,
    &ruby::Gems,
    &ruby::GemLocks,
    &rust::Rust,
    &rust::RustLocks,
    &swift::SwiftLocks,
    &wordpress::Wordpress,
    &license_texts::LicenseTexts,
    &model::Model,
    &apk::Apk,
    &deb::Deb,
    &kernel::Kernel,
    &release::Release,
    &rpm::Rpm,
    &embedded_sbom::EmbeddedSbom,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogers_are_sorted_and_unique() {
        let names: Vec<_> = ALL.iter().map(|analyzer| analyzer.name()).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        for analyzer in ALL {
            assert!(analyzer.version() > 0);
            let about = analyzer.about();
            let name = analyzer.name();
            assert!(!about.title.is_empty(), "{name} has no title");
            assert!(!about.reads.is_empty(), "{name} reads nothing");
            assert!(about.certainty.ends_with('.'), "{name}: how sure is it?");
            for why in about.not_read {
                assert!(why.ends_with('.'), "{name}: {why}");
            }
        }
    }
}
