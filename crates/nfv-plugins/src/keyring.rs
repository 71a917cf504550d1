//! Passwords that are not in the configuration but in the platform's keyring. Contract: southbound 1.3,
//! deployment 3.5.
//!
//! The platform keeps them with Python's `keyring` in a directory of the software release:
//! `/opt/platform/.keyring/{release}/python_keyring`, or `$XDG_DATA_HOME/python_keyring`. Of the two files that
//! library can write, `crypted_pass.cfg` is the platform's (AES-256 in CFB-8 mode, the key made by PBKDF2 from a
//! fixed text, which is how the platform lets daemons open it), `keyring_pass.cfg` is plain.

use crate::secret::Secret;
use aes::cipher::{AsyncStreamCipher, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use nfv_common::config::Settings;
use serde_json::Value;
use sha1::Sha1;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const PLATFORM_DIRECTORY: &str = "/opt/platform/.keyring";
/// Holds a line `SW_VERSION="19.01"`.
const BUILD_INFO: &str = "/etc/build.info";
const ENCRYPTED_FILE: &str = "crypted_pass.cfg";
const PLAIN_FILE: &str = "keyring_pass.cfg";
/// The text of which the platform's library makes the key; it is no secret and the same everywhere.
const KEYRING_KEY: &str = "Please set a password for your new keyring: ";
const KEY_ROUNDS: u32 = 1000;
/// Stands before the password once it is decrypted.
const PREFIX: &[u8] = b"pw:";

/// Why there is no password. No text holds one.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "password of user {user:?} for keyring service {service:?} not found ({cause}), and no option `password`"
)]
pub(crate) struct KeyringError {
    service: String,
    user: String,
    cause: String,
}

/// The password of `user` for `service`, read anew each time.
pub(crate) async fn password(service: &str, user: &str) -> Result<Secret, KeyringError> {
    let failed = |cause| KeyringError { service: service.to_owned(), user: user.to_owned(), cause };
    let (own_service, own_user) = (service.to_owned(), user.to_owned());
    let look = move || {
        let build_info = std::fs::read_to_string(BUILD_INFO).unwrap_or_default();
        let directory = directory(std::env::var_os("XDG_DATA_HOME"), &build_info)?;
        find(&directory, &own_service, &own_user)
    };
    match tokio::task::spawn_blocking(look).await {
        Ok(result) => result.map_err(failed),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Where the keyring's files are.
fn directory(data_home: Option<OsString>, build_info: &str) -> Result<PathBuf, String> {
    if let Some(home) = data_home.filter(|home| !home.is_empty()) {
        return Ok(Path::new(&home).join("python_keyring"));
    }
    let line = build_info.lines().find_map(|line| line.strip_prefix("SW_VERSION="));
    let release = line.map(|line| line.trim().trim_matches('"')).filter(|release| !release.is_empty());
    let release = release.ok_or_else(|| {
        format!(
            "XDG_DATA_HOME is not set and {BUILD_INFO} does not tell the release under {PLATFORM_DIRECTORY}"
        )
    })?;
    Ok(Path::new(PLATFORM_DIRECTORY).join(release).join("python_keyring"))
}

/// Looks into the encrypted file, then into the plain one.
fn find(directory: &Path, service: &str, user: &str) -> Result<Secret, String> {
    let mut causes = Vec::new();
    for (file, decrypt) in [(ENCRYPTED_FILE, decrypt as fn(&[u8]) -> _), (PLAIN_FILE, plain)] {
        let path = directory.join(file);
        let shown = path.display();
        match read(&path, service, user) {
            Ok(Some(entry)) => {
                return decrypt(&entry).map_err(|cause| format!("its entry in {shown} {cause}"));
            }
            Ok(None) => causes.push(format!("{shown} has no such entry")),
            Err(cause) => causes.push(cause),
        }
    }
    Err(causes.join("; "))
}

/// The entry of a user, decoded from base64; none when there is none.
fn read(path: &Path, service: &str, user: &str) -> Result<Option<Vec<u8>>, String> {
    let shown = path.display();
    let content = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
    let settings = Settings::parse(shown.to_string(), &content)
        // the parser's own text quotes lines of the file
        .map_err(|_| format!("{shown} is no file of this kind"))?;
    let Some(value) = settings.get(&escaped(service), &escaped(user).to_lowercase()) else {
        return Ok(None);
    };
    decode(value).map(Some).map_err(|cause| format!("{shown}: the entry {cause}"))
}

/// Names are written with letters and digits only.
fn escaped(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(byte as char);
        } else {
            out.push_str(&format!("_{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    let joined: String = text.split_whitespace().collect();
    STANDARD.decode(joined).map_err(|_| "is no base64".to_owned())
}

fn plain(entry: &[u8]) -> Result<Secret, String> {
    std::str::from_utf8(entry).map(Secret::new).map_err(|_| "is no text".to_owned())
}

fn decrypt(entry: &[u8]) -> Result<Secret, String> {
    let entry: Value = serde_json::from_slice(entry).map_err(|_| "is no JSON".to_owned())?;
    let part = |key: &str| {
        let text = entry[key].as_str().ok_or_else(|| format!("lacks {key}"))?;
        decode(text).map_err(|cause| format!("{key} {cause}"))
    };
    let (salt, iv, mut text) = (part("salt")?, part("IV")?, part("password_encrypted")?);
    let mut key = [0; 32];
    pbkdf2::pbkdf2::<Hmac<Sha1>>(KEYRING_KEY.as_bytes(), &salt, KEY_ROUNDS, &mut key)
        .map_err(|_| "cannot be given a key".to_owned())?;
    let cipher = cfb8::Decryptor::<aes::Aes256>::new_from_slices(&key, &iv)
        .map_err(|_| "has an IV of a wrong length".to_owned())?;
    cipher.decrypt(&mut text);
    let password = text.strip_prefix(PREFIX).ok_or("was encrypted with another key")?;
    plain(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by the Python library (keyrings.alt) with the platform's key text.
    const ENCRYPTED: &str = "[keyring_2Dsetting]\nscheme = [PBKDF2] AES256.CFB\nversion = 1.0\n\n[CGCS]\nadmin = \n\
        \teyJzYWx0IjogIktkK2hoZ0lObDg2UnNzV3B4TnBCdlFiOEJIdTV0VlpQQ0I4dm9DUU9xQ1E9Iiwg\n\
        \tIklWIjogInhYaWhIMmNHbkRqSmY0THUvL09mZlE9PSIsICJwYXNzd29yZF9lbmNyeXB0ZWQiOiAi\n\
        \tdDJ1WmlRSmRCMGhoTHRBY3pnPT0ifQ==\na_5fb = \n\
        \teyJzYWx0IjogIlRONTYrak1zejFFZmU5bFhqMmppRWI5RVhhTitHOUwydHRWYnVJdDhuZTQ9Iiwg\n\
        \tIklWIjogIkFBVENvclZVSVlFYnE4V2ZrWWorOEE9PSIsICJwYXNzd29yZF9lbmNyeXB0ZWQiOiAi\n\
        \tc2t5QVZHUUhmSWc9In0=\n\t\n";
    const PLAIN: &str = "[CGCS]\nadmin = \n\tTGk2OW51eCo=\n\t\n";

    fn keyring(encrypted: Option<&str>, plain: Option<&str>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (file, content) in [(ENCRYPTED_FILE, encrypted), (PLAIN_FILE, plain)] {
            if let Some(content) = content {
                std::fs::write(dir.path().join(file), content).unwrap();
            }
        }
        dir
    }

    #[test]
    fn what_the_python_library_wrote_is_read() {
        for (encrypted, plain, user, password) in [
            (Some(ENCRYPTED), None, "admin", "Li69nux*Ä"),
            (Some(ENCRYPTED), None, "a_b", "other"),
            (None, Some(PLAIN), "admin", "Li69nux*"),
            (Some(ENCRYPTED), Some(PLAIN), "admin", "Li69nux*Ä"),
        ] {
            let dir = keyring(encrypted, plain);
            assert_eq!(find(dir.path(), "CGCS", user).unwrap().expose(), password);
        }
    }

    #[test]
    fn what_is_missing_or_damaged_is_named() {
        let json = |json: &str| format!("[CGCS]\nadmin = {}\n", STANDARD.encode(json));
        let parts = r#"{"salt": "AAAA", "IV": "AAAA", "password_encrypted": "AAAA"}"#;
        let other_key = parts.replacen("\"IV\": \"AAAA\"", "\"IV\": \"AAAAAAAAAAAAAAAAAAAAAA==\"", 1);
        for (encrypted, service, words) in [
            (None, "CGCS", "No such file"),
            (Some(ENCRYPTED.to_owned()), "other", "has no such entry"),
            (Some("[CGCS]\nadmin = ***\n".to_owned()), "CGCS", "is no base64"),
            (Some("no file of this kind".to_owned()), "CGCS", "is no file of this kind"),
            (Some(json("[1]")), "CGCS", "lacks salt"),
            (Some(json("{")), "CGCS", "is no JSON"),
            (Some(json(parts)), "CGCS", "IV of a wrong length"),
            (Some(json(&other_key)), "CGCS", "another key"),
        ] {
            let dir = keyring(encrypted.as_deref(), None);
            let cause = find(dir.path(), service, "admin").unwrap_err();
            assert!(cause.contains(words) && cause.contains(ENCRYPTED_FILE), "{cause}");
        }
    }

    #[test]
    fn the_directory_is_that_of_the_release() {
        let info = "### Build information\nOS=\"centos\"\nSW_VERSION=\"19.01\"\n";
        let path = |home: Option<&str>, info: &str| directory(home.map(OsString::from), info);
        assert_eq!(path(None, info).unwrap(), Path::new("/opt/platform/.keyring/19.01/python_keyring"));
        assert_eq!(path(Some(""), info).unwrap(), Path::new("/opt/platform/.keyring/19.01/python_keyring"));
        assert_eq!(path(Some("/x"), "").unwrap(), Path::new("/x/python_keyring"));
        assert!(path(None, "SW_VERSION=\"\"").unwrap_err().contains("/etc/build.info"));
    }
}
