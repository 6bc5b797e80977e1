//! Turns the files of an image into facts: package databases, os-release.
