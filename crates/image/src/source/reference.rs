//! What a user types to name an image.
