//! The package files of languages: the first byte chooses whose, the rest are its files, parted by the
//! byte 0xFF.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_analyze::catalog::{
    brew, dart, erlang, haskell, julia, lua, model, nix, perl, php, r, ruby, swift, wordpress,
};
use plimsoll_fuzz::analyze;
use plimsoll_model::analyzer::Analyzer;

/// Whose files, and where they lie.
static CASES: &[(&dyn Analyzer, &[&str])] = &[
    (
        &ruby::Gems,
        &[
            "usr/lib/ruby/gems/3.1.0/specifications/a-1.0.gemspec",
            "usr/lib/ruby/gems/3.1.0/specifications/default/b-2.0.gemspec",
            "srv/bundler/gems/c-0a1b/c.gemspec",
        ],
    ),
    (&ruby::GemLocks, &["Gemfile.lock"]),
    (
        &php::Composer,
        &["composer.json", "vendor/composer/installed.json"],
    ),
    (&php::ComposerLocks, &["composer.lock", "composer.json"]),
    (
        &php::Pear,
        &[
            "usr/share/php/.registry/a.reg",
            "usr/share/php/.registry/b.reg",
        ],
    ),
    (
        &wordpress::Wordpress,
        &[
            "wp-content/plugins/a/a.php",
            "wp-content/plugins/a/readme.txt",
            "wp-content/themes/b/style.css",
        ],
    ),
    (
        &perl::Perl,
        &[
            "usr/.meta/A-1.0/MYMETA.json",
            "usr/.meta/A-1.0/install.json",
            "usr/perllocal.pod",
            "usr/auto/B/.packlist",
        ],
    ),
    (&perl::PerlLocks, &["cpanfile.snapshot"]),
    (
        &r::R,
        &[
            "usr/lib/R/library/a/DESCRIPTION",
            "usr/lib/R/library/b/DESCRIPTION",
        ],
    ),
    (&r::RLocks, &["renv.lock", "a/packrat.lock"]),
    (
        &lua::Lua,
        &["lib/luarocks/rocks-5.1/a/1.0-1/a-1.0-1.rockspec"],
    ),
    (
        &haskell::Haskell,
        &["ghc/package.conf.d/a-1.conf", "ghc/package.conf.d/b-1.conf"],
    ),
    (
        &haskell::HaskellLocks,
        &[
            "stack.yaml.lock",
            "cabal.project.freeze",
            "dist/cache/plan.json",
        ],
    ),
    (
        &erlang::Erlang,
        &[
            "deps/a/ebin/a.app",
            "deps/a/hex_metadata.config",
            "lib/b-1/ebin/b.app",
        ],
    ),
    (&erlang::ErlangLocks, &["mix.lock", "rebar.lock"]),
    (
        &julia::Julia,
        &[
            "packages/A/AbCd1/Project.toml",
            "stdlib/v1.9/B/Project.toml",
        ],
    ),
    (&julia::JuliaLocks, &["Manifest.toml", "Project.toml"]),
    (
        &dart::Dart,
        &[
            "hosted/pub.dev/a-1.0.0/pubspec.yaml",
            "hosted/pub.dev/b-1.0.0/pubspec.yaml",
        ],
    ),
    (&dart::DartLocks, &["pubspec.lock"]),
    (&swift::SwiftLocks, &["Package.resolved"]),
    (
        &brew::Brew,
        &[
            "Cellar/a/1.0/INSTALL_RECEIPT.json",
            "Cellar/a/1.0/.brew/a.rb",
        ],
    ),
    (&model::Model, &["models/a", "models/README.md"]),
    (
        &nix::Nix,
        &["nix/store/0c5qzxhbjgrb6z6xg7xmvgx5d7cmy1xa-glibc-2.37-8/lib/libc.so.6"],
    ),
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    if let Some((analyzer, paths)) = CASES.get(usize::from(*choice) % CASES.len()) {
        analyze(*analyzer, paths, rest);
    }
});
