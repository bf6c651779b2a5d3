//! Reading and editing items.
