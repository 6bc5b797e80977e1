//! Advisory feeds, the matching database and the matcher.
