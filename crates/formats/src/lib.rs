//! Documents out: the terminal report and the JSON report.
