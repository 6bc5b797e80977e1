//! Joining packages after squashing: files reached by two paths, layers, and size.

#[cfg(test)]
mod tests {
    use plimsoll_analyze::catalog::{apk::Apk, deb::Deb, rpm::Rpm};
    use plimsoll_model::analyzer::{
        Analyzer, Assembled, Fact, Located, Ownership, RequestedState, View,
    };
    use plimsoll_model::ecosystem::PackageKind;
    use plimsoll_model::package::{Package, Requirement};
    use plimsoll_model::path::ImagePath;

    fn path(text: &str) -> ImagePath {
        ImagePath::normalize(text.as_bytes()).unwrap()
    }

    fn package(kind: PackageKind, name: &str, version: &str) -> Fact {
        Fact::Package(Box::new(Package::new(kind, name, version)))
    }

    fn assemble(
        analyzer: &dyn Analyzer,
        facts: &[Located<'_>],
        resolve: &dyn Fn(&ImagePath) -> Option<ImagePath>,
    ) -> Assembled {
        let mut out = Assembled::default();
        let view = View {
            facts,
            distro: None,
            resolve,
        };
        analyzer.assemble(&view, &mut out);
        out
    }

    #[test]
    fn a_database_reached_by_two_paths_counts_once_as_the_higher_layer_has_it() {
        let (old, new) = (
            path("usr/lib/sysimage/rpm/Packages.db"),
            path("var/lib/rpm/Packages.db"),
        );
        let bash = package(PackageKind::Rpm, "bash", "1-1");
        let patched = package(PackageKind::Rpm, "bash", "1-2");
        let facts = [
            Located {
                path: &old,
                layer: 0,
                introduced: 0,
                fact: &bash,
            },
            Located {
                path: &new,
                layer: 1,
                introduced: 1,
                fact: &patched,
            },
        ];
        let real = old.clone();
        let out = assemble(&Rpm, &facts, &|_| Some(real.clone()));
        let got: Vec<_> = out
            .packages
            .iter()
            .map(|(p, l)| (p.version.as_str(), *l))
            .collect();
        assert_eq!(got, [("1-2", 1)]);
    }

    #[test]
    fn a_package_that_two_files_state_is_one_with_both_places_and_its_first_layer() {
        let (part, status) = (path("var/lib/dpkg/status.d/a"), path("var/lib/dpkg/status"));
        let a = package(PackageKind::Deb, "a", "1");
        let b = package(PackageKind::Deb, "b", "1");
        let facts = [
            Located {
                path: &status,
                layer: 2,
                introduced: 2,
                fact: &a,
            },
            Located {
                path: &status,
                layer: 2,
                introduced: 1,
                fact: &b,
            },
            Located {
                path: &part,
                layer: 0,
                introduced: 0,
                fact: &a,
            },
        ];
        let out = assemble(&Deb, &facts, &|path| Some(path.clone()));
        assert_eq!(out.packages.len(), 2);
        let (first, layer) = &out.packages[0];
        assert_eq!(
            first.locations,
            ["/var/lib/dpkg/status", "/var/lib/dpkg/status.d/a"]
        );
        assert_eq!(*layer, 0);
        assert_eq!(out.packages[1].1, 1);
        assert_eq!(first.requested, None);
    }

    #[test]
    fn required_files_lead_to_their_owner_across_the_usr_merge() {
        let database = path("var/lib/rpm/rpmdb.sqlite");
        let mut script = Package::new(PackageKind::Rpm, "script", "1-1");
        let shell = Requirement {
            name: "/bin/sh".to_owned(),
            constraint: String::new(),
        };
        script.requires = vec![vec![shell]];
        let script = Fact::Package(Box::new(script));
        let bash = package(PackageKind::Rpm, "bash", "5-1");
        let owns = Fact::Owns(Ownership {
            package: "bash".to_owned(),
            paths: b"usr/bin/bash\nusr/bin/sh".to_vec(),
        });
        let located = |fact| Located {
            path: &database,
            layer: 0,
            introduced: 0,
            fact,
        };
        let facts = [located(&bash), located(&owns), located(&script)];
        let out = assemble(&Rpm, &facts, &|path| Some(path.clone()));
        assert_eq!(out.packages[1].0.depends_on, ["pkg:rpm/bash@5-1"]);
    }

    #[test]
    fn an_empty_world_means_that_nothing_was_asked_for() {
        let (world, database) = (path("etc/apk/world"), path("lib/apk/db/installed"));
        let musl = package(PackageKind::Apk, "musl", "1-r0");
        let empty = Fact::Requested(RequestedState {
            names: Vec::new(),
            requested: true,
        });
        let facts = [
            Located {
                path: &world,
                layer: 0,
                introduced: 0,
                fact: &empty,
            },
            Located {
                path: &database,
                layer: 0,
                introduced: 0,
                fact: &musl,
            },
        ];
        let out = assemble(&Apk, &facts, &|path| Some(path.clone()));
        assert_eq!(out.packages[0].0.requested, Some(false));
    }

    #[test]
    fn ten_thousand_packages_in_cycles_and_a_hub_are_joined() {
        let database = path("var/lib/dpkg/status");
        let requirement = |name: String, constraint: &str| {
            vec![Requirement {
                name,
                constraint: constraint.to_owned(),
            }]
        };
        let count = 10_000;
        let facts: Vec<Fact> = (0..count)
            .map(|n| {
                let mut package = Package::new(PackageKind::Deb, format!("p{n:05}"), "1.0-1");
                package.arch = Some("amd64".to_owned());
                package.requires = (1..=10)
                    .map(|step| requirement(format!("p{:05}", (n + step) % count), ">= 0.9"))
                    .collect();
                package.requires.push(requirement("virtual".to_owned(), ""));
                package.provides = requirement("virtual".to_owned(), "");
                Fact::Package(Box::new(package))
            })
            .collect();
        let located: Vec<_> = facts
            .iter()
            .map(|fact| Located {
                path: &database,
                layer: 0,
                introduced: 0,
                fact,
            })
            .collect();
        let out = assemble(&Deb, &located, &|path| Some(path.clone()));
        assert_eq!(out.packages.len(), count);
        // The hub beyond the first candidates is the first package.
        assert_eq!(out.packages[5_000].0.depends_on.len(), 11);
        assert_eq!(out.packages[0].0.depends_on.len(), 10);
    }
}
