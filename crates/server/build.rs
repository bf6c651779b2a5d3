//! The dashboard is embedded from `ui/dist`. Where it has not been built yet, a page that says so stands in for it.

use std::{env, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    let dist = Path::new(&root).join("../../ui/dist");
    let index = dist.join("index.html");
    println!("cargo:rerun-if-changed=assets/placeholder.html");
    println!("cargo:rerun-if-changed={}", dist.display());
    if !index.exists() {
        let made = fs::create_dir_all(&dist)
            .and_then(|()| fs::copy(Path::new(&root).join("assets/placeholder.html"), &index));
        if let Err(error) = made {
            println!("cargo:warning=the placeholder of the dashboard could not be written: {error}");
        }
    }
}
