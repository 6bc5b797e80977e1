use plimsoll_model::advisory::FixState;

use super::*;

/// Facts of NVD's records, in the shape of a page of the API; prose and most references are left out.
const PAGE: &str = r#"{"resultsPerPage":5,"startIndex":0,"totalResults":5,"format":"NVD_CVE","version":"2.0","timestamp":"2026-08-22T09:00:00.000",
"vulnerabilities":[
 {"cve":{"id":"CVE-2021-44228","sourceIdentifier":"security@apache.org","published":"2021-12-10T10:15:09.143","lastModified":"2025-02-04T15:15:13.773","vulnStatus":"Analyzed",
  "metrics":{"cvssMetricV31":[
     {"source":"134c704f-9b21-4f2e-91b3-4a467353bcc0","type":"Secondary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H","baseScore":9.0}},
     {"source":"nvd@nist.gov","type":"Primary","cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H","baseScore":10.0}}],
   "cvssMetricV2":[{"source":"nvd@nist.gov","type":"Primary","cvssData":{"version":"2.0","vectorString":"AV:N/AC:M/Au:N/C:C/I:C/A:C","baseScore":9.3}}]},
  "configurations":[
   {"nodes":[{"operator":"OR","negate":false,"cpeMatch":[
     {"vulnerable":true,"criteria":"cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*","versionStartIncluding":"2.0.1","versionEndExcluding":"2.3.1"},
     {"vulnerable":true,"criteria":"cpe:2.3:a:apache:log4j:*:*:*:*:*:*:*:*","versionStartIncluding":"2.13.0","versionEndExcluding":"2.15.0"},
     {"vulnerable":true,"criteria":"cpe:2.3:a:apache:log4j:2.0:beta9:*:*:*:*:*:*"},
     {"vulnerable":true,"criteria":"cpe:2.3:a:apache:log4j:2.0:-:*:*:*:*:*:*"}]}]},
   {"operator":"AND","nodes":[
     {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:o:siemens:sppa-t3000_ses3000_firmware:*:*:*:*:*:*:*:*"}]},
     {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":false,"criteria":"cpe:2.3:h:siemens:sppa-t3000_ses3000:-:*:*:*:*:*:*:*"}]}]}]}},
 {"cve":{"id":"CVE-2020-0001","published":"2020-01-08T19:15:12.840","lastModified":"2022-01-01T00:00:00.000","vulnStatus":"Modified",
  "configurations":[
   {"operator":"AND","nodes":[
     {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:x:for_windows:*:*:*:*:*:*:*:*","versionEndIncluding":"7.1"}]},
     {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":false,"criteria":"cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"},{"vulnerable":false,"criteria":"cpe:2.3:o:apple:mac_os_x:-:*:*:*:*:*:*:*"}]}]},
   {"operator":"AND","nodes":[
     {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:x:for_linux:*:*:*:*:*:*:*:*","versionStartExcluding":"1.0","versionEndIncluding":"7.1"}]},
     {"operator":"OR","negate":false,"cpeMatch":[{"vulnerable":false,"criteria":"cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*"},{"vulnerable":false,"criteria":"cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"}]}]},
   {"nodes":[
     {"operator":"OR","negate":true,"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:x:negated:*:*:*:*:*:*:*:*"}]},
     {"operator":"OR","negate":false,"cpeMatch":[
       {"vulnerable":true,"criteria":"cpe:2.3:a:x:not_versioned:-:*:*:*:*:*:*:*"},
       {"vulnerable":true,"criteria":"cpe:2.3:a:x:plugin:*:*:*:*:*:wordpress:*:*","versionEndExcluding":"2"},
       {"vulnerable":true,"criteria":"cpe:2.3:o:linux:linux_kernel:*:*:*:*:*:*:*:*","versionEndExcluding":"5.4"},
       {"vulnerable":true,"criteria":"cpe:2.3:a:x:all:*:*:*:*:*:*:*:*"},
       {"vulnerable":false,"criteria":"cpe:2.3:a:x:beside:*:*:*:*:*:*:*:*"},
       {"vulnerable":true,"criteria":"nonsense"}]}]}]}},
 {"cve":{"id":"CVE-2020-0002","vulnStatus":"Rejected","published":"2020-01-08T19:15:12.840","lastModified":"2023-11-07T03:15:00.000","metrics":{},"configurations":[]}},
 {"cve":{"id":"VU#1"}}, {"cve":{"id":"CVE-2020-0003","configurations":7}}]}"#;

fn show(record: &Record) -> Vec<String> {
    let statements = record.statements.iter().map(|statement| {
        let advisory = &statement.advisory;
        let ranges: Vec<String> = (advisory.ranges.iter())
            .map(|range| {
                let (open, fixed) = (
                    if range.exclusive { "(" } else { "[" },
                    range.fixed.as_deref(),
                );
                let end = fixed.map(|fixed| format!("<{fixed}"));
                let end = end.or(range.last_affected.as_ref().map(|last| format!("<={last}")));
                format!("{open}{}{}", range.introduced, end.unwrap_or_default())
            })
            .collect();
        let (ranges, versions) = (ranges.join(" "), advisory.versions.join(" "));
        format!(
            "{} {ranges}|{versions}|{}",
            advisory.package, statement.repository
        )
    });
    statements.collect()
}

#[test]
fn pages_are_read() {
    let batch = parse(PAGE.as_bytes());
    assert_eq!((batch.read, batch.damaged), (3, 2), "{:?}", batch.notes);
    assert_eq!(batch.fetched_at, "2026-08-22T09:00:00.000Z");
    let [log4j, platforms, rejected] = batch.records.as_slice() else {
        panic!("three records")
    };
    let cvss: Vec<_> = (log4j.cvss.iter())
        .map(|cvss| {
            (
                cvss.version.as_str(),
                cvss.score.to_string(),
                cvss.source.as_str(),
            )
        })
        .collect();
    assert_eq!(
        cvss,
        [
            ("3.1", "10".to_owned(), "nvd@nist.gov"),
            (
                "3.1",
                "9".to_owned(),
                "134c704f-9b21-4f2e-91b3-4a467353bcc0"
            ),
            ("2.0", "9.3".to_owned(), "nvd@nist.gov"),
        ]
    );
    assert_eq!(log4j.published, "2021-12-10T10:15:09.143Z");
    assert_eq!(
        show(log4j),
        ["apache:log4j [2.0.1<2.3.1 [2.13.0<2.15.0|2.0 2.0-beta9 2.0beta9|"]
    );
    assert_eq!(log4j.statements[0].advisory.fix, FixState::Fixed);
    assert_eq!(log4j.statements[0].advisory.ecosystem, "CPE");
    assert_eq!(
        show(platforms),
        ["x:all [||", "x:for_linux (1.0<=7.1||on linux:linux_kernel"]
    );
    assert!(rejected.withdrawn && rejected.statements.is_empty());
}

#[test]
fn other_layouts_hold_the_same() {
    let whole = parse(PAGE.as_bytes());
    let inner: serde_json::Value = serde_json::from_str(PAGE).expect("JSON");
    let list: Vec<_> = (inner["vulnerabilities"].as_array().expect("a list").iter())
        .map(|wrapped| wrapped["cve"].clone())
        .collect();
    let mirror = serde_json::json!({"timestamp": "2026-08-22T09:00:00.000", "cve_items": list});
    assert_eq!(parse(mirror.to_string().as_bytes()).records, whole.records);
    let single = parse(list[0].to_string().as_bytes());
    assert_eq!(single.records, whole.records[..1]);
}

#[test]
fn damage_costs_what_is_damaged() {
    for end in (0..PAGE.len()).step_by(11) {
        let batch = parse(&PAGE.as_bytes()[..end]);
        assert!(batch.damaged > 0, "cut at {end}");
    }
    assert_eq!(parse(b"\xfd7zXZ\0").damaged, 1);
    let deep = format!(r#"{{"vulnerabilities":[{}]}}"#, "[".repeat(100_000));
    assert_eq!(parse(deep.as_bytes()).damaged, 1);
}

#[test]
fn files_are_recognised_and_planned() {
    let split = |path: &str| Nvd.recognises(&path.split('/').collect::<Vec<_>>());
    for path in [
        "nvd/nvdcve-2.0-2024.json.gz",
        "nvdcve-2.0-modified.json",
        "x/rest/json/cves/2.0/0.json",
        "fkie/CVE-2021.json.xz",
        "CVE-2021/CVE-2021-442xx/CVE-2021-44228.json",
    ] {
        assert!(split(path), "{path}");
    }
    for path in [
        "CVE-2021-44228.json",
        "osv/Alpine/CVE-2021-44228.json",
        "vex/2021/cve-2021-44228.json",
    ] {
        assert!(!split(path), "{path}");
    }
    let plan =
        Nvd.plan(&|_| Some(b"lastModifiedDate:2026-08-22T04:00:01-04:00\r\nsize:1\r\n".to_vec()));
    assert_eq!(plan.len(), 27);
    assert!(
        plan.iter()
            .any(|file| file.url.ends_with("nvdcve-2.0-2026.json.gz"))
    );
    assert_eq!(Nvd.plan(&|_| None).len(), 1);
}
