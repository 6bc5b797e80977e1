//! Orders and ranges of versions, over three lines of any text: no panic, the laws of a total
//! preorder, and intervals that are not empty.

#![no_main]

use std::cmp::Ordering;

use libfuzzer_sys::fuzz_target;
use plimsoll_model::range;
use plimsoll_model::version::{Scheme, deb, gem, rpm};

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (a, b, c) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    for scheme in Scheme::ALL {
        let order = |a: &str, b: &str| scheme.sort_order(a, b);
        let (ab, bc, ac) = (order(a, b), order(b, c), order(a, c));
        assert_eq!(order(a, a), Ordering::Equal, "{scheme:?}: equal to itself");
        assert_eq!(order(b, a), ab.reverse(), "{scheme:?}: the same both ways");
        if ab == bc {
            assert_eq!(ac, ab, "{scheme:?}: transitive");
        }
        if ab == Ordering::Equal {
            assert_eq!(ac, bc, "{scheme:?}: equal versions are interchangeable");
        }
        let bound = scheme.compare(a, b);
        assert_eq!(
            bound,
            scheme.compare(b, a).reverse(),
            "{scheme:?}: bounds, the same both ways"
        );
        // Maven contradicts itself.
        assert!(
            bound == ab || bound == Ordering::Equal || scheme == Scheme::Maven,
            "{scheme:?}: bounds only leave out"
        );
        let _ = scheme.is_valid(a);
        if let Ok(intervals) = range::parse(scheme, a) {
            let _ = range::contains(scheme, &intervals, b);
            for interval in &intervals {
                if let (Some(lower), Some(upper)) = (&interval.lower, &interval.upper) {
                    let order = scheme.sort_order(&lower.version, &upper.version);
                    assert_ne!(
                        order,
                        Ordering::Greater,
                        "{scheme:?}: a range has an inside"
                    );
                }
            }
        }
    }
    assert!(a.starts_with(gem::without_platform(a)));
    let order = rpm::compare_ignoring_epoch(a, b);
    assert_eq!(order, rpm::compare_ignoring_epoch(b, a).reverse());
    let source = deb::without_binnmu(a);
    assert!(a.starts_with(source));
    if deb::is_valid(a) {
        assert!(
            deb::is_valid(source),
            "a rebuild of a valid version is stripped to a valid one"
        );
        assert_ne!(
            deb::compare(source, a),
            Ordering::Greater,
            "a rebuild is never older"
        );
    }
});
