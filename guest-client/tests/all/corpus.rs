//! The corpus of the fuzz target `config`, and what comes of it by small damage, holds what the fuzz target checks.

use std::path::Path;

#[test]
fn config() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/config");
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        guest_client::check::config(&bytes);
        for at in 0..bytes.len() {
            guest_client::check::config(&bytes[..at]);
            guest_client::check::config(&bytes[at..]);
            for change in *b"=#\"'\n\r -9\0\xff" {
                let mut damaged = bytes.clone();
                damaged[at] = change;
                guest_client::check::config(&damaged);
            }
        }
        count += 1;
    }
    assert!(count >= 3, "{} is nearly empty", corpus.display());
}
