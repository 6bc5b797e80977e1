//! Holds `docs/feeds.md` to what the feeds say of themselves; `UPDATE_EXPECT=1` rewrites it.

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use plimsoll_vuln::feeds::ALL;

    const INTRODUCTION: &str = "\
# Which feeds are read

This page is generated from the feeds; `UPDATE_EXPECT=1 cargo test -p plimsoll-vuln` rewrites it.

A database is built from a folder of feed files, which are recognised by upstream's own layout at any depth: \
a mirror or a checkout needs no configuration. A feed marked \u{201c}checkout\u{201d} is a git repository \
that is not fetched; its records also come from OSV where OSV has them. Where several feeds state the same \
about the same package, the lowest rank counts: 0 and 1 are a distribution's own data, 2 a language's own \
database, 3 collections of others' records, 4 and 5 catalogues. A damaged record is counted and named, and \
the rest is kept.

| feed | what it is | rank | files | fetched | changes | licence of the data |
|---|---|---|---|---|---|---|
";

    fn page() -> String {
        let cell = |text: &str| text.replace('|', "\\|");
        let mut out = INTRODUCTION.to_owned();
        for feed in ALL {
            let about = feed.about();
            let fetched = if feed.plan(&|_| None).is_empty() {
                "checkout"
            } else {
                "yes"
            };
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {fetched} | {} | {} |",
                feed.name(),
                cell(about.title),
                feed.rank(),
                cell(about.files),
                cell(about.changes),
                cell(about.licence)
            );
        }
        out += "\n## Upstream\n";
        for feed in ALL {
            let about = feed.about();
            let _ = writeln!(out, "\n**`{}`**: {}.", feed.name(), about.format);
            for address in about.addresses {
                let _ = writeln!(out, "- <{address}>");
            }
        }
        out
    }

    #[test]
    fn the_page_of_feeds_is_what_the_feeds_say() {
        let path = plimsoll_testkit::project_dir().join("docs/feeds.md");
        let page = page();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            held == page,
            "docs/feeds.md is not what the feeds say; run UPDATE_EXPECT=1 cargo test -p plimsoll-vuln"
        );
    }
}
