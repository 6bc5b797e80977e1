//! CPE names in their formatted form: `cpe:2.3:part:vendor:product:version:update:…`.
//!
//! Specification: NISTIR 7695, "Common Platform Enumeration: Naming", section 6.2. Components are
//! parted by colons; a backslash quotes what follows it; `*` is any value and `-` means that there
//! is none.

/// The most components that a name has after `cpe:2.3`.
const COMPONENTS: usize = 11;

/// Is what is used of a name. Components are without quotes; any value and no value stay `*` and `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpe {
    /// `a` (an application), `o` (an operating system) or `h` (hardware).
    pub part: char,
    /// Who makes it.
    pub vendor: String,
    /// What it is.
    pub product: String,
    /// Its version.
    pub version: String,
    /// The update of the version (`rc1`, `p1`).
    pub update: String,
    /// The software that it runs in or on (`windows`, `node.js`).
    pub target: String,
}

impl Cpe {
    /// Reads a name; `None` where it is none, or lacks vendor or product.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 1000 {
            return None;
        }
        let rest = text.strip_prefix("cpe:2.3:")?;
        let components = split(rest)?;
        let get = |index: usize| components.get(index).cloned().unwrap_or_default();
        let any = |text: String| {
            if text.is_empty() {
                "*".to_owned()
            } else {
                text
            }
        };
        let part = match components.first().map(String::as_str)? {
            "a" => 'a',
            "o" => 'o',
            "h" => 'h',
            _ => return None,
        };
        let (vendor, product) = (get(1).to_lowercase(), get(2).to_lowercase());
        let named = |text: &str| !matches!(text, "" | "*" | "-");
        (named(&vendor) && named(&product)).then(|| Self {
            part,
            vendor,
            product,
            version: any(get(3)),
            update: any(get(4)),
            target: any(get(8)).to_lowercase(),
        })
    }

    /// Returns the name by which statements of the ecosystem `CPE` are kept: `vendor:product`.
    pub fn package(&self) -> String {
        format!("{}:{}", self.vendor, self.product)
    }
}

/// Splits a name into its components and takes their quotes away.
fn split(text: &str) -> Option<Vec<String>> {
    let mut components = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' if components.len() == COMPONENTS => return None,
            ':' => components.push(String::new()),
            '\\' => components.last_mut()?.push(characters.next()?),
            other => components.last_mut()?.push(other),
        }
    }
    Some(components)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_colons_that_are_not_quoted() {
        let cpe = Cpe::parse("cpe:2.3:a:openbsd:openssh:9.8:p1:*:*:*:*:*:*").expect("a name");
        assert_eq!(cpe.package(), "openbsd:openssh");
        assert_eq!((cpe.version.as_str(), cpe.update.as_str()), ("9.8", "p1"));
        let quoted =
            Cpe::parse(r"cpe:2.3:a:x:c\+\+_a\:b:1.0\-rc:*:*:*:*:node.js:*:*").expect("a name");
        assert_eq!(quoted.package(), "x:c++_a:b");
        assert_eq!(
            (quoted.version.as_str(), quoted.target.as_str()),
            ("1.0-rc", "node.js")
        );
        for text in [
            "",
            "cpe:/a:x:y",
            "cpe:2.3:a:*:y",
            "cpe:2.3:q:x:y",
            "cpe:2.3:a:x",
            r"cpe:2.3:a:x:y\",
        ] {
            assert_eq!(Cpe::parse(text), None, "{text}");
        }
    }
}
