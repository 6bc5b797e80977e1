//! The tables of names, and what comes out of declarations as they stand in real packages.

use super::*;

/// Kind, declarations with `;;` between them, what comes out.
const TABLE: &[(PackageKind, &str, &[&str])] = &[
    // Identifiers.
    (PackageKind::Cargo, "MIT", &["MIT"]),
    (PackageKind::Cargo, "mit", &["MIT"]),
    (PackageKind::Cargo, "MIT/Apache-2.0", &["MIT OR Apache-2.0"]),
    (
        PackageKind::Cargo,
        "MIT OR Apache-2.0",
        &["MIT OR Apache-2.0"],
    ),
    (
        PackageKind::Cargo,
        "Apache-2.0 WITH LLVM-exception OR MIT",
        &["Apache-2.0 WITH LLVM-exception OR MIT"],
    ),
    (
        PackageKind::Cargo,
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        &["(MIT OR Apache-2.0) AND Unicode-3.0"],
    ),
    (PackageKind::Npm, "GPL-2.0", &["GPL-2.0-only"]),
    (PackageKind::Npm, "GPL-2.0+", &["GPL-2.0-or-later"]),
    (
        PackageKind::Npm,
        "(MIT OR Apache-2.0)",
        &["MIT OR Apache-2.0"],
    ),
    (PackageKind::Npm, "MIT;;Apache2", &["MIT OR Apache-2.0"]),
    (
        PackageKind::Npm,
        "SEE LICENSE IN LICENSE.md",
        &["SEE LICENSE IN LICENSE.md"],
    ),
    (PackageKind::Npm, "UNLICENSED", &["UNLICENSED"]),
    (PackageKind::Npm, "Unlicense", &["Unlicense"]),
    (PackageKind::Npm, "BSD", &["BSD"]),
    (
        PackageKind::Npm,
        "http://opensource.org/licenses/MIT",
        &["MIT"],
    ),
    (PackageKind::Npm, "NOASSERTION", &[]),
    (
        PackageKind::Composer,
        "LGPL-2.1-only;;GPL-3.0-or-later",
        &["LGPL-2.1-only OR GPL-3.0-or-later"],
    ),
    (PackageKind::Composer, "proprietary", &["proprietary"]),
    // Debian.
    (PackageKind::Deb, "GPL-2+", &["GPL-2.0-or-later"]),
    (PackageKind::Deb, "LGPL-2.1+", &["LGPL-2.1-or-later"]),
    (PackageKind::Deb, "GPL-3", &["GPL-3.0-only"]),
    (PackageKind::Deb, "Expat", &["MIT"]),
    (PackageKind::Deb, "BSD-3-clause", &["BSD-3-Clause"]),
    (PackageKind::Deb, "Apache-2", &["Apache-2.0"]),
    (
        PackageKind::Deb,
        "public-domain",
        &["LicenseRef-public-domain"],
    ),
    (
        PackageKind::Deb,
        "GFDL-NIV-1.3+",
        &["GFDL-1.3-no-invariants-or-later"],
    ),
    (PackageKind::Deb, "GFDL-1.2", &["GFDL-1.2-only"]),
    (
        PackageKind::Deb,
        "GPL-1+ or Artistic",
        &["GPL-1.0-or-later OR Artistic-1.0-Perl"],
    ),
    (
        PackageKind::Deb,
        "GPL-1+ or Artistic, and BSD-3-clause",
        &["(GPL-1.0-or-later OR Artistic-1.0-Perl) AND BSD-3-Clause"],
    ),
    (
        PackageKind::Deb,
        "GPL-2+ with Autoconf exception",
        &["GPL-2.0-or-later WITH Autoconf-exception-generic"],
    ),
    (
        PackageKind::Deb,
        "GPL-3+ with GCC Runtime Library exception",
        &["GPL-3.0-or-later WITH GCC-exception-3.1"],
    ),
    (
        PackageKind::Deb,
        "GPL-2+ with OpenSSL exception",
        &["GPL-2+ with OpenSSL exception"],
    ),
    (
        PackageKind::Deb,
        "GPL-2+ or hylafax",
        &["GPL-2.0-or-later OR LicenseRef-hylafax"],
    ),
    (PackageKind::Deb, "hylafax", &["hylafax"]),
    (PackageKind::Deb, "BSD-3-clause~Google", &["BSD-3-Clause"]),
    (
        PackageKind::Pypi,
        "Copyright (c) 2011 A\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the \"Software\"), to deal in the Software without restriction, and so on. The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.",
        &["MIT"],
    ),
    (PackageKind::Deb, "curl", &["curl"]),
    (
        PackageKind::Deb,
        "BSD-2-clause and/or GPL-2",
        &["BSD-2-Clause OR GPL-2.0-only"],
    ),
    // Fedora and its family before SPDX.
    (PackageKind::Rpm, "GPLv2+", &["GPL-2.0-or-later"]),
    (PackageKind::Rpm, "GPL+", &["GPL-1.0-or-later"]),
    (PackageKind::Rpm, "ASL 2.0", &["Apache-2.0"]),
    (
        PackageKind::Rpm,
        "GPLv2+ and (LGPLv3+ or BSD)",
        &["GPL-2.0-or-later AND (LGPL-3.0-or-later OR LicenseRef-BSD)"],
    ),
    (
        PackageKind::Rpm,
        "LGPLv2+ with exceptions",
        &["LGPLv2+ with exceptions"],
    ),
    (
        PackageKind::Rpm,
        "BSD and GPLv2 with exceptions",
        &["BSD and GPLv2 with exceptions"],
    ),
    (
        PackageKind::Rpm,
        "MIT and GPLv2 with exceptions",
        &["MIT AND LicenseRef-GPLv2-with-exceptions"],
    ),
    (
        PackageKind::Rpm,
        "Public Domain",
        &["LicenseRef-public-domain"],
    ),
    (
        PackageKind::Rpm,
        "LicenseRef-Fedora-Public-Domain AND MIT",
        &["LicenseRef-Fedora-Public-Domain AND MIT"],
    ),
    (
        PackageKind::Rpm,
        "GPL-2.0-or-later and MIT",
        &["GPL-2.0-or-later AND MIT"],
    ),
    (PackageKind::Rpm, "MPLv2.0", &["MPL-2.0"]),
    // Alpine.
    (PackageKind::Apk, "GPL-2.0-only", &["GPL-2.0-only"]),
    (
        PackageKind::Apk,
        "MIT BSD GPL2+",
        &["MIT AND LicenseRef-BSD AND GPL-2.0-or-later"],
    ),
    (PackageKind::Apk, "custom", &["custom"]),
    // Python.
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: MIT License",
        &["MIT"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: Apache Software License;;Apache 2.0",
        &["Apache-2.0"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: BSD License;;BSD-3-Clause",
        &["BSD-3-Clause"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: BSD License",
        &["License :: OSI Approved :: BSD License"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: GNU General Public License v2 or later (GPLv2+)",
        &["GPL-2.0-or-later"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)",
        &["LGPL-3.0-only"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: GNU Library or Lesser General Public License (LGPL)",
        &["LGPL-2.0-or-later"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: Python Software Foundation License",
        &["PSF-2.0"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: ISC License (ISCL)",
        &["ISC"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)",
        &["MPL-2.0"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: zlib/libpng License",
        &["Zlib"],
    ),
    (
        PackageKind::Pypi,
        "License :: OSI Approved :: The Unlicense (Unlicense)",
        &["Unlicense"],
    ),
    (
        PackageKind::Pypi,
        "License :: Other/Proprietary License",
        &["License :: Other/Proprietary License"],
    ),
    (PackageKind::Pypi, "MIT License", &["MIT"]),
    (PackageKind::Pypi, "The MIT License (MIT)", &["MIT"]),
    (
        PackageKind::Pypi,
        "Apache License, Version 2.0",
        &["Apache-2.0"],
    ),
    (
        PackageKind::Pypi,
        "Apache License 2.0 or MIT",
        &["Apache-2.0 OR MIT"],
    ),
    (PackageKind::Pypi, "new BSD License", &["BSD-3-Clause"]),
    (PackageKind::Pypi, "3-Clause BSD License", &["BSD-3-Clause"]),
    (PackageKind::Pypi, "BSD (3 clause)", &["BSD-3-Clause"]),
    (
        PackageKind::Pypi,
        "LGPL with exceptions",
        &["LGPL with exceptions"],
    ),
    (
        PackageKind::Pypi,
        "GNU GPL v3 or any later version",
        &["GPL-3.0-or-later"],
    ),
    (
        PackageKind::Pypi,
        "GPL v2 or (at your option) any later version, MIT",
        &["GPL-2.0-or-later AND MIT"],
    ),
    (PackageKind::Pypi, "UNKNOWN", &[]),
    (
        PackageKind::Pypi,
        "This is free software under MIT and you may do with it what you want",
        &["This is free software under MIT and you may do with it what you want"],
    ),
    // Java.
    (
        PackageKind::Maven,
        "The Apache Software License, Version 2.0",
        &["Apache-2.0"],
    ),
    (
        PackageKind::Maven,
        "http://www.apache.org/licenses/LICENSE-2.0.txt",
        &["Apache-2.0"],
    ),
    (
        PackageKind::Maven,
        "The Apache Software License, Version 2.0;;https://www.apache.org/licenses/LICENSE-2.0",
        &["Apache-2.0"],
    ),
    (
        PackageKind::Maven,
        "Eclipse Public License v1.0;;GNU Lesser General Public License",
        &["EPL-1.0 OR LGPL-2.0-or-later"],
    ),
    (
        PackageKind::Maven,
        "GPL2 w/ CPE",
        &["GPL-2.0-only WITH Classpath-exception-2.0"],
    ),
    (
        PackageKind::Maven,
        "CDDL + GPLv2 with classpath exception",
        &["CDDL + GPLv2 with classpath exception"],
    ),
    (PackageKind::Maven, "EPL 2.0", &["EPL-2.0"]),
    (PackageKind::Maven, "Go License", &["BSD-3-Clause"]),
    // R.
    (PackageKind::Cran, "GPL (>= 2)", &["GPL-2.0-or-later"]),
    (
        PackageKind::Cran,
        "GPL-2 | GPL-3",
        &["GPL-2.0-only OR GPL-3.0-only"],
    ),
    (PackageKind::Cran, "MIT + file LICENSE", &["MIT"]),
    (
        PackageKind::Cran,
        "LGPL (>= 2.1) | MIT + file LICENCE",
        &["LGPL-2.1-or-later OR MIT"],
    ),
    (PackageKind::Cran, "Apache License (>= 2)", &["Apache-2.0"]),
    (
        PackageKind::Cran,
        "BSD_3_clause + file LICENSE",
        &["BSD-3-Clause"],
    ),
    (PackageKind::Cran, "file LICENSE", &["file LICENSE"]),
    (PackageKind::Cran, "Part of R 4.2.2", &["Part of R 4.2.2"]),
    // Others.
    (
        PackageKind::Cpan,
        "perl_5",
        &["Artistic-1.0-Perl OR GPL-1.0-or-later"],
    ),
    (PackageKind::Cpan, "lgpl_2_1", &["LGPL-2.1-only"]),
    (PackageKind::Cpan, "apache_2_0", &["Apache-2.0"]),
    (PackageKind::Cpan, "bsd", &["BSD-3-Clause"]),
    (PackageKind::Cpan, "unknown", &[]),
    (PackageKind::Hackage, "BSD3", &["BSD-3-Clause"]),
    (
        PackageKind::Nuget,
        "https://licenses.nuget.org/MIT",
        &["MIT"],
    ),
    (
        PackageKind::Nuget,
        "https://licenses.nuget.org/Apache-2.0%20OR%20MIT",
        &["Apache-2.0 OR MIT"],
    ),
    (
        PackageKind::Nuget,
        "https://aka.ms/deprecateLicenseUrl",
        &["https://aka.ms/deprecateLicenseUrl"],
    ),
    (
        PackageKind::Gem,
        "MIT;;Ruby;;BSD-2-Clause",
        &["MIT", "Ruby", "BSD-2-Clause"],
    ),
    (PackageKind::Gem, "Ruby's", &["Ruby"]),
    (PackageKind::Luarocks, "MIT/X11", &["MIT"]),
    (
        PackageKind::Conda,
        "GPL-3.0-only WITH GCC-exception-3.1",
        &["GPL-3.0-only WITH GCC-exception-3.1"],
    ),
    (PackageKind::Hex, "Apache 2.0", &["Apache-2.0"]),
];

#[test]
fn declarations_become_expressions() {
    let mut wrong = Vec::new();
    for (kind, declared, expected) in TABLE {
        let declared: Vec<String> = declared.split(";;").map(str::to_owned).collect();
        let got = normalize(*kind, &declared);
        if got != *expected {
            wrong.push(format!(
                "{kind:?} {declared:?}\n   got {got:?}\n  want {expected:?}"
            ));
        }
        // What came out is its own normal form.
        assert_eq!(normalize(*kind, &got), got, "{declared:?} again");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tables_hold_folded_names_and_valid_expressions() {
    for table in TABLES {
        assert!(!table.source.is_empty());
        let mut seen = Vec::new();
        for (name, known) in table.rows {
            let again = fold(name);
            assert_eq!(again, *name, "{}: not folded", table.source);
            assert!(known.is_empty() || is_expression(known), "{name}: {known}");
            assert!(!seen.contains(&name), "{name} stands twice");
            seen.push(name);
        }
    }
    for (address, known) in ADDRESSES {
        assert!(is_expression(known), "{address}: {known}");
        assert_eq!(*address, address.to_ascii_lowercase());
    }
    for (name, exception) in EXCEPTIONS {
        assert_eq!(fold(name), *name);
        assert!(
            spdx::exception_id(exception).is_some(),
            "{name}: {exception}"
        );
    }
}

#[test]
fn every_identifier_means_itself() {
    for license in spdx::identifiers::LICENSES {
        let deprecated = license.flags & spdx::flags::IS_DEPRECATED != 0;
        if deprecated || license.name == "NOASSERTION" {
            continue;
        }
        for written in [license.name.to_owned(), license.name.to_ascii_lowercase()] {
            assert_eq!(normalize(PackageKind::Npm, &[written]), [license.name]);
        }
    }
}

#[test]
fn no_deprecated_identifier_comes_out() {
    for license in spdx::identifiers::LICENSES {
        let got = normalize(PackageKind::Npm, &[license.name.to_owned()]);
        for one in got {
            assert!(
                is_expression(&one) || matches!(license.name, "Net-SNMP" | "Nunit"),
                "{one}"
            );
        }
    }
}

#[test]
fn hostile_declarations_stay_text_and_are_cut() {
    let deep = format!("{}MIT{}", "(".repeat(10_000), ")".repeat(10_000));
    let less_deep = format!("{}MIT OR ISC{}", "(".repeat(1000), ")".repeat(1000));
    let long = "MIT OR ".repeat(150_000);
    let words = "w ".repeat(500_000);
    let wide = "é".repeat(1_000_000);
    let commas = ",".repeat(4000);
    let options = "at your option ".repeat(250);
    let empty_groups = "() ".repeat(1000);
    for text in [
        deep,
        less_deep,
        long,
        words,
        wide,
        commas,
        options,
        empty_groups,
    ] {
        for kind in [PackageKind::Pypi, PackageKind::Apk, PackageKind::Cran] {
            for one in normalize(kind, std::slice::from_ref(&text)) {
                assert!(one.len() <= MAX_TEXT_BYTES && !is_expression(&one));
            }
        }
    }
    let many = vec!["MIT ".to_owned(); 100_000];
    assert_eq!(normalize(PackageKind::Gem, &many), ["MIT"]);
    for text in [
        "(",
        ")",
        "MIT (",
        "MIT )",
        "MIT with",
        "with MIT",
        "or",
        "OR MIT",
        "MIT OR",
        "+",
        "-",
        "\u{0}",
        "MIT || GPL-2",
    ] {
        let _ = normalize(PackageKind::Pypi, &[text.to_owned()]);
    }
}

#[test]
fn what_was_declared_is_kept_where_it_reads_otherwise() {
    let settled = |license: &str| {
        let mut package = Package::new(PackageKind::Deb, "a", "1");
        package.licenses = vec![license.to_owned()];
        settle(&mut package);
        (
            package.licenses.join(" "),
            package.properties.get(DECLARED).cloned(),
        )
    };
    assert_eq!(
        settled("GPL-2+"),
        ("GPL-2.0-or-later".to_owned(), Some("GPL-2+".to_owned()))
    );
    assert_eq!(settled("mit"), ("MIT".to_owned(), None));
    assert_eq!(settled("(MIT or ISC)"), ("MIT OR ISC".to_owned(), None));
    assert_eq!(settled("other"), ("other".to_owned(), None));
}

#[test]
fn the_documentation_names_every_source() {
    let document = include_str!("../../../../docs/licences.md");
    for source in sources() {
        assert!(document.contains(&format!("- {source}\n")), "{source}");
    }
}
