//! Holds the version orders against the tools that define them, and against the laws of orders.
//!
//! The tools answer for thousands of pairs each: generated ones (fixed seed, from realistic and from
//! hostile pieces), every row of the tables in `testdata/versions`, and neighbours among the versions
//! of real advisories where the shared feeds are at hand. A test whose tool is missing says so and
//! passes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::format_collect,
    clippy::print_stdout,
    reason = "the helpers of a test fail and speak as the test itself does"
)]

mod dice;
mod feeds;
mod generators;
mod languages;
mod laws;
mod ranges;
mod systems;
mod tools;
