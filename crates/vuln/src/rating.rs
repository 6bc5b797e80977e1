//! CVSS vectors to scores.

use plimsoll_model::severity::Cvss;

/// Reads a CVSS vector and scores it; `None` when it is no vector of a known version.
pub(crate) fn rate(vector: &str, source: &str) -> Option<Cvss> {
    if vector.len() > 400 {
        return None;
    }
    let parsed: cvss::Cvss = vector.trim().parse().ok()?;
    let three: &[&str] = &["AV", "AC", "PR", "UI", "S", "C", "I", "A"];
    let (version, mandatory) = match parsed {
        cvss::Cvss::CvssV20(_) => ("2.0", ["AV", "AC", "Au", "C", "I", "A"].as_slice()),
        cvss::Cvss::CvssV30(_) => ("3.0", three),
        cvss::Cvss::CvssV31(_) => ("3.1", three),
        cvss::Cvss::CvssV40(_) => (
            "4.0",
            [
                "AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA",
            ]
            .as_slice(),
        ),
        _ => return None,
    };
    // A vector without its base metrics parses, and would score 0.
    let stated = |metric: &&str| {
        vector.trim().split('/').any(|part| {
            part.split_once(':')
                .is_some_and(|(name, _)| name == *metric)
        })
    };
    if !mandatory.iter().all(stated) {
        return None;
    }
    let score = parsed.score();
    (0.0..=10.0).contains(&score).then(|| Cvss {
        version: version.to_owned(),
        vector: vector.trim().to_owned(),
        score: (score * 10.0).round() / 10.0,
        source: source.to_owned(),
    })
}

/// Returns the rating to go by among several: the newest version of the scale, then the worst.
pub(crate) fn best<'a>(ratings: impl Iterator<Item = &'a Cvss>) -> Option<&'a Cvss> {
    ratings.max_by(|a, b| {
        a.version
            .cmp(&b.version)
            .then(a.score.total_cmp(&b.score))
            .then(b.vector.cmp(&a.vector))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_every_version_are_scored() {
        for (vector, version, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "3.1", 9.8),
            ("CVSS:3.0/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", "3.0", 4.0),
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", "2.0", 7.5),
            (
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
                "4.0",
                9.3,
            ),
        ] {
            let rated = rate(vector, "x").expect(vector);
            assert_eq!(rated.version, version);
            assert!(
                (rated.score - score).abs() < 0.01,
                "{vector}: {}",
                rated.score
            );
        }
        assert_eq!(rate("medium", "x"), None);
        assert_eq!(rate("CVSS:3.1/AV:N", "x"), None);
    }
}
