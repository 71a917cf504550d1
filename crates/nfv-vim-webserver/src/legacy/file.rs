//! Files of the source directory. Contract: vim-api 3.2, 3.5.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No file of a page is longer than this.
const MAX_LENGTH: u64 = 16 * 1024 * 1024;

/// The file that the target names in the directory; none when there is none, when it lies outside (by `..` or by a
/// link, which the original follows) or is no regular file.
///
/// As in the original, the target is the name: nothing is decoded, and a query is a part of it.
pub fn read(directory: &Path, target: &str) -> Option<Vec<u8>> {
    let root = directory.canonicalize().ok()?;
    let path = root.join(target.trim_start_matches('/')).canonicalize().ok()?;
    if !path.starts_with(&root) || !path.is_file() {
        return None;
    }
    let mut content = Vec::new();
    File::open(path).ok()?.take(MAX_LENGTH + 1).read_to_end(&mut content).ok()?;
    (content.len() as u64 <= MAX_LENGTH).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_the_directory_is_read() {
        let outside = tempfile::tempdir().unwrap();
        let directory = outside.path().join("webserver");
        std::fs::create_dir_all(directory.join("css")).unwrap();
        std::fs::write(outside.path().join("secret.css"), "secret").unwrap();
        std::fs::write(directory.join("css/a.css"), "body {}").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.css"), directory.join("css/link.css"))
            .unwrap();
        std::os::unix::fs::symlink(directory.join("css"), directory.join("style")).unwrap();
        assert_eq!(read(&directory, "/css/a.css").unwrap(), b"body {}");
        assert_eq!(read(&directory, "/style/a.css").unwrap(), b"body {}");
        assert_eq!(read(&directory, "/css/../css/a.css").unwrap(), b"body {}");
        for bad in [
            "/../secret.css",
            "/css/../../secret.css",
            "//secret.css",
            "/css/link.css",
            "/css",
            "/",
            "/css/a.css?x",
            "/none.css",
            "/%2e%2e/secret.css",
            "/css/a.css\0",
        ] {
            assert_eq!(read(&directory, bad), None, "{bad}");
        }
        assert_eq!(read(&outside.path().join("none"), "/a.css"), None);
        let absolute = format!("/{}", outside.path().join("secret.css").display());
        assert_eq!(read(&directory, &absolute), None);
    }
}
