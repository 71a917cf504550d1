//! Passwords that are not in the configuration. Contract: southbound 1.3, deployment 3.5.

use crate::secret::Secret;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The keyring cannot be read.
    #[error("password of user {user:?} for service {service:?} is not in the keyring: {cause}")]
    NotFound {
        /// Keyring service.
        service: String,
        /// User.
        user: String,
        /// What was looked for and why it was not found.
        cause: String,
    },
}

/// The password of `user` for `service`.
pub(crate) async fn password(service: &str, user: &str) -> Result<Secret, KeyringError> {
    Err(KeyringError::NotFound {
        service: service.to_owned(),
        user: user.to_owned(),
        cause: "no option password in the configuration".to_owned(),
    })
}
