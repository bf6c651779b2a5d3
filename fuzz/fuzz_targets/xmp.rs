//! See `headway_ingest::meta::fuzz::fuzz_xmp` for what is held to.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ingest::meta::fuzz::fuzz_xmp(data));
