//! Names of vulnerabilities and advisories: which is a CVE, which only wraps one, which covers many.

/// The prefixes of advisories that announce updates, each of which may fix many vulnerabilities.
const ADVISORY_PREFIXES: [&str; 24] = [
    "ALAS",
    "ALBA-",
    "ALEA-",
    "ALSA-",
    "DLA-",
    "DSA-",
    "DTSA-",
    "ELSA-",
    "LSN-",
    "MGASA-",
    "OESA-",
    "PHSA-",
    "RHBA-",
    "RHEA-",
    "RHSA-",
    "RLBA-",
    "RLEA-",
    "RLSA-",
    "RXSA-",
    "SUSE-",
    "USN-",
    "openSUSE-",
    "ALSA2-",
    "ELSA2-",
];

/// Returns the CVE that a text ends with, where it is that CVE or a name made from it
/// (`DEBIAN-CVE-2023-4911`).
pub fn trailing_cve(id: &str) -> Option<&str> {
    let start = id.rfind("CVE-")?;
    let boundary = start == 0 || id.as_bytes().get(start - 1) == Some(&b'-');
    let tail = id.get(start..)?;
    (boundary && is_cve(tail)).then_some(tail)
}

/// Says whether a text is exactly a CVE id.
pub fn is_cve(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("CVE-") else {
        return false;
    };
    let Some((year, number)) = rest.split_once('-') else {
        return false;
    };
    year.len() == 4
        && year.bytes().all(|byte| byte.is_ascii_digit())
        && (4..=19).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Says whether an id is that of an update announcement rather than of a vulnerability.
pub fn is_advisory(id: &str) -> bool {
    ADVISORY_PREFIXES
        .iter()
        .any(|prefix| id.starts_with(prefix))
}

/// Says whether an id is a CVE or a mechanical wrapping of one, which no reader needs to see beside
/// the CVE itself.
pub fn wraps_cve(id: &str) -> bool {
    trailing_cve(id).is_some()
}

/// Says whether a text can be an id at all: short, printable ASCII without spaces.
pub fn plausible(id: &str) -> bool {
    (3..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns every CVE written anywhere in a text, in order, also with `_` or a space for the first
/// dash, without repeats.
pub fn cves_in(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find("CVE")) {
        let start = at + offset;
        at = start + 3;
        if !matches!(bytes.get(at), Some(b'-' | b'_' | b' ')) {
            continue;
        }
        let digits = |from: usize| {
            bytes.get(from..).map_or(0, |rest| {
                rest.iter().take_while(|b| b.is_ascii_digit()).count()
            })
        };
        let year = at + 1;
        let year_end = year + digits(year);
        if bytes.get(year_end) != Some(&b'-') {
            continue;
        }
        let end = year_end + 1 + digits(year_end + 1);
        let (Some(year), Some(number)) = (text.get(year..year_end), text.get(year_end + 1..end))
        else {
            continue;
        };
        let id = format!("CVE-{year}-{number}");
        if is_cve(&id) && !found.contains(&id) {
            found.push(id);
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(trailing_cve("DEBIAN-CVE-2023-4911"), Some("CVE-2023-4911"));
        assert_eq!(trailing_cve("CVE-2023-4911"), Some("CVE-2023-4911"));
        assert_eq!(trailing_cve("NOTCVE-2023-4911"), None);
        assert_eq!(trailing_cve("BIT-activemq-2020-11998"), None);
        assert!(is_advisory("DSA-5514-1"));
        assert!(is_advisory("ALSA-2023:5453"));
        assert!(!is_advisory("GHSA-29mw-wpgm-hmr9"));
        assert!(!is_cve("CVE-????-?????"));
        assert!(!is_cve("CVE-2020-"));
    }

    #[test]
    fn cves_are_found_as_people_write_them() {
        assert_eq!(cves_in("CVE_2019-2426"), ["CVE-2019-2426"]);
        assert_eq!(cves_in("CVE 2018-16859"), ["CVE-2018-16859"]);
        assert_eq!(cves_in("CVE-2017-8073.patch"), ["CVE-2017-8073"]);
        assert_eq!(
            cves_in("CVE-2017-5753 CVE-2017-5715 XSA-254"),
            ["CVE-2017-5753", "CVE-2017-5715"]
        );
        assert!(cves_in("CVE-????-?????  XSA-295 CVE").is_empty());
    }
}
