//! The corpora of the fuzz targets, and what comes of them by small damage, hold what the fuzz targets check.

use std::path::Path;

#[path = "../../fuzz/checks.rs"]
mod checks;

/// Each file as it is, cut at each byte, and with each byte changed in some ways.
fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&corpus).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        check(&bytes);
        for at in 0..bytes.len().min(400) {
            check(&bytes[..at]);
            check(&bytes[at..]);
            for change in [b'"', b'\\', b'{', b'}', b'\n', b'0', b',', 0, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = change;
                check(&damaged);
            }
        }
        count += 1;
    }
    assert!(count >= 3, "{} is nearly empty", corpus.display());
}

#[test]
fn channel() {
    replay("channel", checks::channel);
}

#[test]
fn datagram() {
    replay("datagram", checks::datagram);
}

#[test]
fn server_group() {
    replay("server_group", checks::server_group);
}

#[test]
fn scale() {
    replay("scale", checks::scale);
}
