//! Holds the orders against the laws of orders.

use std::cmp::Ordering;

use plimsoll_model::range;
use plimsoll_model::version::{Scheme, deb, rpm};
use proptest::prelude::*;

/// Orders what always has a release, where the order for advisories is one for sorting too.
/// Orders what always has a release, where the order for advisories is one for sorting too.
fn compare_released(a: &str, b: &str) -> Ordering {
    rpm::compare(&format!("{a}-1"), &format!("{b}-1"))
}

/// Gives texts that often share beginnings and meet the special cases of each grammar, and some
/// that are anything at all.
fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-2]{0,2}:?[0-2]{1,2}[0-2a.~^_r+-]{0,8}",
        "[0-2](\\.0?[0-2]){0,2}[ab]?(_(alpha|rc|git|p)[0-2]?){0,2}(~[0a])?(-r[0-2])?",
        "[0-1a~^.:+é-]{0,6}",
        "v?[0-2](\\.[0-2]){0,3}[-.+_]?(alpha|beta|rc|sp|pre|dev|post|a|b|m|x|p|final)?[-.]?[0-2]?",
        "(go|8u|dev-|[0-1]!)?[0-1](\\.[0-1]){0,2}(-[0-1a]{1,2}(\\.[0-1a]{1,2}){0,2})?(\\+[0-1a])?",
        "[0-1](([.-]|)(0|1|alpha|sp|x|final)){0,4}",
        ".{0,12}",
    ]
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_version_equals_itself(a in version()) {
        for scheme in Scheme::ALL {
            prop_assert_eq!(scheme.sort_order(&a, &a), Ordering::Equal, "{:?}", scheme);
            prop_assert_eq!(scheme.compare(&a, &a), Ordering::Equal, "{:?}", scheme);
        }
        prop_assert_eq!(rpm::compare_ignoring_epoch(&a, &a), Ordering::Equal);
    }

    #[test]
    fn turning_a_pair_around_turns_the_answer_around(a in version(), b in version()) {
        for scheme in Scheme::ALL {
            let (ab, ba) = (scheme.sort_order(&a, &b), scheme.sort_order(&b, &a));
            prop_assert_eq!(ab, ba.reverse(), "{:?}", scheme);
            let (ab, ba) = (scheme.compare(&a, &b), scheme.compare(&b, &a));
            prop_assert_eq!(ab, ba.reverse(), "{:?}", scheme);
        }
        let (ab, ba) = (rpm::compare_ignoring_epoch(&a, &b), rpm::compare_ignoring_epoch(&b, &a));
        prop_assert_eq!(ab, ba.reverse());
    }

    #[test]
    fn three_versions_stand_in_a_line(a in version(), b in version(), c in version()) {
        for scheme in Scheme::ALL {
            let order = |a: &str, b: &str| scheme.sort_order(a, b);
            let (ab, bc, ac) = (order(&a, &b), order(&b, &c), order(&a, &c));
            if ab == bc {
                prop_assert_eq!(ac, ab, "{:?}", scheme);
            }
            // Equal versions are interchangeable.
            if ab == Ordering::Equal {
                prop_assert_eq!(ac, bc, "{:?}", scheme);
            }
        }
        let (ab, bc) = (compare_released(&a, &b), compare_released(&b, &c));
        if ab == bc {
            prop_assert_eq!(compare_released(&a, &c), ab);
        }
    }

    #[test]
    fn the_two_rpm_orders_differ_only_where_one_release_is_missing(a in version(), b in version()) {
        let (for_bounds, for_sorting) = (rpm::compare(&a, &b), rpm::compare_labels(&a, &b));
        prop_assert!(for_bounds == for_sorting || for_bounds == Ordering::Equal);
        if !a.contains('-') && !b.contains('-') {
            prop_assert_eq!(for_bounds, for_sorting);
        }
    }

    #[test]
    fn a_rebuild_is_newer_and_stripping_it_gives_the_source_back(
        a in "[0-9][0-9a.+~-]{0,7}[0-9a.+~]",
        n in 0u32..100,
    ) {
        let rebuilt = format!("{a}+b{n}");
        prop_assert_eq!(deb::without_binnmu(&rebuilt), a.as_str());
        prop_assert_eq!(deb::compare(&a, &rebuilt), Ordering::Less);
    }

    #[test]
    fn grammars_answer_for_any_text(a in any::<String>()) {
        for scheme in Scheme::ALL {
            let _ = scheme.is_valid(&a);
            if let Ok(intervals) = range::parse(scheme, &a) {
                let _ = range::contains(scheme, &intervals, &a);
            }
        }
        prop_assert!(a.starts_with(deb::without_binnmu(&a)));
    }
}

/// Versions may be hostile: what reads the rest again for every character takes seconds here.
#[test]
fn long_versions_are_ordered_in_linear_time() {
    let pieces = [
        "0.", "1.", "0-", "-", "a", "1a", ".", "0.0-", "_", "~", "^", "rc.", "0", "v", "go", "+",
        "dev", "x.", "1!", "post", "0a0.",
    ];
    for scheme in Scheme::ALL {
        for piece in pieces {
            let body = piece.repeat(100_000 / piece.len());
            let (a, b) = (format!("1.{body}1"), format!("1.{body}2"));
            let started = std::time::Instant::now();
            let _ = (scheme.sort_order(&a, &b), scheme.compare(&a, &b));
            let _ = (scheme.is_valid(&a), scheme.is_valid(&b));
            let took = started.elapsed();
            assert!(took.as_secs() < 5, "{scheme:?}, `{piece}`: {took:?}");
            if took.as_millis() > 100 {
                println!("{scheme:?} `{piece}` {took:?}");
            }
        }
    }
}
