//! Writers for what files carry beside their pixels: PNG text chunks, EXIF, XMP, IPTC, and the
//! containers that hold them. Small, without options nobody needs, and usable in tests as fixtures.

pub mod container;
pub mod exif;
pub mod iptc;
pub mod prompt;
pub mod text;
pub mod xmp;
