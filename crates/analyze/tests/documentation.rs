//! Holds `docs/ecosystems.md` to what the catalogers say of themselves; `UPDATE_EXPECT=1` rewrites it.

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "the test reads the page and the environment"
    )]

    use std::collections::BTreeMap;
    use std::fmt::Write as _;

    use plimsoll_analyze::catalog::ALL;
    use plimsoll_model::analyzer::{Analyzer, Evidence};

    const INTRODUCTION: &str = "\
# What is read, per ecosystem

This page is generated from the catalogers; `UPDATE_EXPECT=1 cargo test -p plimsoll-analyze` rewrites it.

In an image, only what is installed counts. Lock files and manifests count in source trees (`dir:` of a \
folder that holds no distribution), where nothing is installed yet. What could not be read is reported as a \
gap of the coverage, never left out in silence.
";

    fn page() -> String {
        let mut sections: BTreeMap<&str, Vec<&dyn Analyzer>> = BTreeMap::new();
        for analyzer in ALL {
            let title = analyzer.about().title;
            sections.entry(title).or_default().push(*analyzer);
        }
        let mut out = INTRODUCTION.to_owned();
        for (title, analyzers) in sections {
            let _ = writeln!(out, "\n## {title}\n");
            for analyzer in &analyzers {
                let about = analyzer.about();
                let (name, evidence) = (analyzer.name(), analyzer.evidence());
                let scope = match evidence {
                    Evidence::Installed => "what is installed",
                    Evidence::Declared => "source trees only",
                };
                let _ = writeln!(
                    out,
                    "**`{name}`** ({scope})\n\n| read | yields |\n|---|---|"
                );
                for (pattern, yields) in about.reads {
                    let pattern = pattern.replace('|', "\\|");
                    let _ = writeln!(out, "| `{pattern}` | {yields} |");
                }
                let _ = writeln!(out, "\nHow sure: {}", about.certainty);
                if !about.not_read.is_empty() {
                    let _ = writeln!(out, "\nNot read:");
                    for why in about.not_read {
                        let _ = writeln!(out, "- {why}");
                    }
                }
                let _ = writeln!(out);
            }
        }
        while out.ends_with("\n\n") {
            out.pop();
        }
        out.replace("\n\n\n", "\n\n")
    }

    #[test]
    fn the_page_of_ecosystems_is_what_the_catalogers_say() {
        let path = plimsoll_testkit::project_dir().join("docs/ecosystems.md");
        let page = page();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            held == page,
            "docs/ecosystems.md is not what the catalogers say; run UPDATE_EXPECT=1 cargo test -p \
             plimsoll-analyze"
        );
    }
}
