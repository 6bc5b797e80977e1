//! Bounding what one database may grow into: a few bytes of text become hundreds of memory.

use plimsoll_model::package::Package;

use super::damage::Damage;

/// The most packages of one database. The largest distributions hold some 100,000.
const MAX_PACKAGES: usize = 200_000;

/// The most requirements and provisions of all packages of one database together. An installation
/// of 10,000 packages has some 300,000.
const MAX_RELATIONS: usize = 1_000_000;

/// The most bytes of the texts of all packages of one database together. An installation of 10,000
/// packages has some 20 MiB.
const MAX_BYTES: usize = 256 << 20;

/// Counts what was kept of one database.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    bytes: usize,
    packages: usize,
    relations: usize,
}

impl Budget {
    /// Says whether a package may be kept. Once the bound on relations is reached, packages are kept
    /// without theirs: what is installed matters more than why.
    pub(crate) fn admit(&mut self, package: &mut Package, damage: &mut Damage) -> bool {
        if self.packages >= MAX_PACKAGES {
            if self.packages == MAX_PACKAGES {
                self.packages += 1;
                damage
                    .limit(|| format!("more than {MAX_PACKAGES} packages; the rest was left out"));
            }
            return false;
        }
        if self.bytes > MAX_BYTES {
            return false;
        }
        self.bytes += text_bytes(package);
        if self.bytes > MAX_BYTES {
            damage.limit(|| {
                format!("packages with more than {MAX_BYTES} bytes of text; the rest was left out")
            });
            return false;
        }
        self.packages += 1;
        if self.relations > MAX_RELATIONS {
            package.requires = Vec::new();
            package.provides = Vec::new();
            return true;
        }
        let alternatives: usize = package.requires.iter().map(Vec::len).sum();
        self.relations += alternatives + package.provides.len();
        if self.relations > MAX_RELATIONS {
            damage
                .limit(|| format!("more than {MAX_RELATIONS} dependencies; the rest was left out"));
        }
        true
    }
}

/// Counts the bytes of a package's texts.
fn text_bytes(package: &Package) -> usize {
    let relations = package.requires.iter().flatten().chain(&package.provides);
    let relations = relations.map(|one| one.name.len() + one.constraint.len());
    let lists = package
        .licenses
        .iter()
        .chain(&package.locations)
        .map(String::len);
    let properties = package.properties.iter();
    let properties = properties.map(|(name, value)| name.len() + value.len());
    let own = package.name.len() + package.version.len();
    relations.chain(lists).chain(properties).sum::<usize>() + own
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::ecosystem::PackageKind;
    use plimsoll_model::package::Requirement;

    #[test]
    fn long_texts_end_too() {
        let mut budget = Budget::default();
        let mut damage = Damage::default();
        let mut long = Package::new(PackageKind::Maven, "a", "1");
        long.locations = vec!["x".repeat(1 << 20)];
        let admitted = (0..1000)
            .filter(|_| budget.admit(&mut long, &mut damage))
            .count();
        assert_eq!((admitted, damage.finish().len()), (255, 1));
    }

    #[test]
    fn packages_outlive_relations_and_both_end() {
        let mut budget = Budget::default();
        let mut damage = Damage::default();
        let mut big = Package::new(PackageKind::Deb, "a", "1");
        let any = Requirement {
            name: "b".to_owned(),
            constraint: String::new(),
        };
        big.provides = vec![any; MAX_RELATIONS + 1];
        assert!(budget.admit(&mut big, &mut damage));
        assert!(budget.admit(&mut big, &mut damage));
        assert!(big.provides.is_empty());
        let admitted = (0..MAX_PACKAGES)
            .filter(|_| budget.admit(&mut big, &mut damage))
            .count();
        assert_eq!(admitted, MAX_PACKAGES - 2);
        assert_eq!(damage.finish().len(), 2);
    }
}
