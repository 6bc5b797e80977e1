//! Reading `os-release` and the release files of older distributions.

use plimsoll_model::distro::Distro;

use crate::catalog::damage::text;

/// Reads an `os-release` file (os-release(5)): assignments as a shell would read them. `None` when
/// it names no distribution (`ID` is missing): such a file is no `os-release`.
///
/// A release without `VERSION_CODENAME` takes the code name from `UBUNTU_CODENAME`, from the
/// parentheses of `VERSION` (`8 (jessie)`), or, as Debian testing once did, from `PRETTY_NAME`
/// (`Debian GNU/Linux jessie/sid`).
pub fn parse_os_release(bytes: &[u8]) -> Option<Distro> {
    let mut distro = Distro::default();
    let mut ubuntu_codename = String::new();
    let mut version = String::new();
    for (name, value) in assignments(bytes) {
        match name {
            b"ID" => distro.id = value.to_lowercase(),
            b"ID_LIKE" => {
                distro.id_like = value.split_whitespace().map(str::to_lowercase).collect();
            }
            b"VERSION_ID" => distro.version_id = value,
            b"VERSION_CODENAME" => distro.codename = value,
            b"UBUNTU_CODENAME" => ubuntu_codename = value,
            b"VERSION" => version = value,
            b"PRETTY_NAME" => distro.pretty_name = value,
            b"CPE_NAME" => distro.cpe = value,
            _ => {}
        }
    }
    let known = |id: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !id.is_empty() && id.chars().all(allowed)
    };
    if !known(&distro.id) {
        return None;
    }
    if distro.codename.is_empty() {
        distro.codename = ubuntu_codename;
    }
    if distro.codename.is_empty() && distro.id == "debian" {
        distro.codename = parenthesised(&version)
            .or_else(|| sid_codename(distro.pretty_name.rsplit(' ').next()?))
            .unwrap_or_default();
    }
    Some(distro)
}

/// Reads `/etc/lsb-release` (`DISTRIB_ID=Ubuntu`, …).
pub fn parse_lsb_release(bytes: &[u8]) -> Option<Distro> {
    let mut distro = Distro::default();
    for (name, value) in assignments(bytes) {
        match name {
            b"DISTRIB_ID" => distro.id = value.to_lowercase(),
            b"DISTRIB_RELEASE" => distro.version_id = value,
            b"DISTRIB_CODENAME" => distro.codename = value,
            b"DISTRIB_DESCRIPTION" => distro.pretty_name = value,
            _ => {}
        }
    }
    (!distro.id.is_empty() && !distro.id.contains(char::is_whitespace)).then_some(distro)
}

/// Reads `/etc/alpine-release`: the version alone.
pub fn parse_alpine_release(bytes: &[u8]) -> Option<Distro> {
    let version = first_line(bytes);
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| distro("alpine", &version, &format!("Alpine Linux {version}")))
}

/// Reads `/etc/debian_version`: `8.11`, or `trixie/sid` of a release to come.
pub fn parse_debian_version(bytes: &[u8]) -> Option<Distro> {
    let version = first_line(bytes);
    let pretty = format!("Debian GNU/Linux {version}");
    if let Some(codename) = sid_codename(&version) {
        let mut testing = distro("debian", "", &pretty);
        testing.codename = codename;
        return Some(testing);
    }
    let major = version.split('.').next().unwrap_or_default();
    let number = !major.is_empty() && major.chars().all(|c| c.is_ascii_digit());
    number.then(|| distro("debian", major, &pretty))
}

/// Reads the sentence in a release file of the Red Hat family: `CentOS release 6.10 (Final)`,
/// `Red Hat Enterprise Linux Server release 6.10 (Santiago)`.
pub fn parse_redhat_release(bytes: &[u8]) -> Option<Distro> {
    const NAMES: &[(&str, &str)] = &[
        ("AlmaLinux", "almalinux"),
        ("Amazon Linux", "amzn"),
        ("CentOS", "centos"),
        ("Fedora", "fedora"),
        ("Oracle Linux", "ol"),
        ("Red Hat Enterprise Linux", "rhel"),
        ("Rocky Linux", "rocky"),
        ("Scientific Linux", "scientific"),
    ];
    let line = first_line(bytes);
    let (name, rest) = line.split_once(" release ")?;
    let (_, id) = NAMES.iter().find(|(start, _)| name.starts_with(start))?;
    let version: String = rest
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    if version.is_empty() {
        return None;
    }
    let mut found = distro(id, &version, &line);
    found.codename = parenthesised(rest).unwrap_or_default();
    Some(found)
}

/// Reads `/etc/SuSE-release`: a sentence, then `VERSION = 11` and `PATCHLEVEL = 4`.
pub fn parse_suse_release(bytes: &[u8]) -> Option<Distro> {
    let line = first_line(bytes);
    let id = if line.starts_with("openSUSE") {
        "opensuse"
    } else if line.starts_with("SUSE Linux Enterprise Server") {
        "sles"
    } else if line.starts_with("SUSE Linux Enterprise Desktop") {
        "sled"
    } else {
        return None;
    };
    let (mut version, mut patch, mut codename) = (String::new(), String::new(), String::new());
    for (name, value) in assignments(bytes) {
        match name {
            b"VERSION" => version = value,
            b"PATCHLEVEL" => patch = value,
            b"CODENAME" => codename = value,
            _ => {}
        }
    }
    if version.is_empty() {
        return None;
    }
    if !patch.is_empty() && patch != "0" {
        version = format!("{version}.{patch}");
    }
    let mut found = distro(id, &version, &line);
    found.codename = codename;
    Some(found)
}

fn distro(id: &str, version_id: &str, pretty_name: &str) -> Distro {
    Distro {
        id: id.to_owned(),
        version_id: version_id.to_owned(),
        pretty_name: pretty_name.to_owned(),
        ..Distro::default()
    }
}

/// Returns the assignments of a file, blanks around `=` allowed, values unquoted.
fn assignments(bytes: &[u8]) -> impl Iterator<Item = (&[u8], String)> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && line.first() != Some(&b'#') && !line.contains(&0))
        .filter_map(|line| {
            let equals = line.iter().position(|byte| *byte == b'=')?;
            let (name, value) = line.split_at_checked(equals)?;
            let value = unquote(value.get(1..)?.trim_ascii());
            Some((name.trim_ascii(), text(&value)))
        })
}

/// Removes quotes as a shell does: nothing is special in single quotes; in double quotes a backslash
/// keeps `"`, `\`, `$` and the backquote; outside of quotes it keeps any character.
fn unquote(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut quote = None;
    let mut bytes = value.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None, b'\\') => out.extend(bytes.next()),
            (Some(b'"'), b'\\') => match bytes.next_if(|c| matches!(c, b'"' | b'\\' | b'$' | b'`'))
            {
                Some(kept) => out.push(kept),
                None => out.push(byte),
            },
            // A shell would end the word here; what follows is a comment or a mistake.
            (None, b' ' | b'\t') => break,
            _ => out.push(byte),
        }
    }
    out
}

fn first_line(bytes: &[u8]) -> String {
    let line = bytes.trim_ascii().split(|byte| *byte == b'\n').next();
    text(line.unwrap_or_default())
}

fn parenthesised(value: &str) -> Option<String> {
    let inner = value.split_once('(')?.1.split_once(')')?.0.trim();
    (!inner.is_empty()).then(|| inner.to_owned())
}

/// Returns the code name in `jessie/sid`.
fn sid_codename(value: &str) -> Option<String> {
    let codename = value.strip_suffix("/sid")?;
    let plain = !codename.is_empty() && codename.chars().all(|c| c.is_ascii_lowercase());
    plain.then(|| codename.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Parse = fn(&[u8]) -> Option<Distro>;

    fn brief(distro: Option<Distro>) -> String {
        distro.map_or_else(
            || "none".to_owned(),
            |d| format!("{}|{}|{}", d.id, d.version_id, d.codename),
        )
    }

    #[test]
    fn values_are_read_as_a_shell_reads_them() {
        let cases: &[(&[u8], &str)] = &[
            (b"plain", "plain"),
            (b"\"two words\"", "two words"),
            (b"'$x \\'", "$x \\"),
            (b"\"a\\\"b\\$c\\n\"", "a\"b$c\\n"),
            (b"a\\ b", "a b"),
            (b"\"12\" # comment", "12"),
            (b"\"open", "open"),
        ];
        for (raw, want) in cases {
            assert_eq!(String::from_utf8(unquote(raw)).unwrap(), *want);
        }
    }

    #[test]
    fn os_release_files_are_read() {
        let cases = [
            (
                "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
                "debian|12|bookworm",
            ),
            ("ID=debian\nVERSION_CODENAME=trixie\n", "debian||trixie"),
            (
                "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux jessie/sid\"\n",
                "debian||jessie",
            ),
            (
                "ID=debian\nVERSION_ID=8\nVERSION=\"8 (jessie)\"\r\n",
                "debian|8|jessie",
            ),
            (
                "ID=ubuntu\nVERSION_ID='16.04'\nUBUNTU_CODENAME=xenial",
                "ubuntu|16.04|xenial",
            ),
            (
                "#ID=x\nID=\"AlmaLinux\"\nVERSION_ID=9.4\n",
                "almalinux|9.4|",
            ),
            ("ID=wolfi\nVERSION_ID=20230201\n", "wolfi|20230201|"),
            ("NAME=x\nVERSION_ID=1\n", "none"),
            ("ID=\"two words\"\n", "none"),
            ("root:x:0:0:root:/root:/bin/bash\n", "none"),
            ("", "none"),
        ];
        for (file, want) in cases {
            assert_eq!(brief(parse_os_release(file.as_bytes())), want, "{file}");
        }
    }

    #[test]
    fn release_files_of_older_distributions_are_read() {
        let cases: &[(Parse, &str, &str)] = &[
            (
                parse_redhat_release,
                "CentOS release 6.10 (Final)\n",
                "centos|6.10|Final",
            ),
            (
                parse_redhat_release,
                "Red Hat Enterprise Linux Server release 6.10 (Santiago)",
                "rhel|6.10|Santiago",
            ),
            (
                parse_redhat_release,
                "Oracle Linux Server release 6.10",
                "ol|6.10|",
            ),
            (
                parse_redhat_release,
                "Amazon Linux AMI release 2018.03",
                "amzn|2018.03|",
            ),
            (parse_redhat_release, "Some Linux release 1", "none"),
            (parse_alpine_release, "3.11.3\n", "alpine|3.11.3|"),
            (parse_debian_version, "8.11\n", "debian|8|"),
            (parse_debian_version, "trixie/sid\n", "debian||trixie"),
            (parse_debian_version, "root:x\n", "none"),
            (
                parse_lsb_release,
                "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\n",
                "ubuntu|14.04|trusty",
            ),
            (
                parse_suse_release,
                "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
                "sles|11.4|",
            ),
            (
                parse_suse_release,
                "openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n",
                "opensuse|13.2|Harlequin",
            ),
        ];
        for (parse, file, want) in cases {
            assert_eq!(brief(parse(file.as_bytes())), *want, "{file}");
        }
    }
}
