//! Test helpers: txtar, image builder, real components (development only).
