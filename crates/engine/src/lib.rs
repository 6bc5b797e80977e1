//! Scans: reads an image, squashes its layers, matches, reports.
