//! Keystone: tokens and projects. Contract: southbound 1.3 to 1.6.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::Identity;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// 32 hex digits.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Project it is for.
    pub tenant: String,
    /// Until when it is good (since the lab's start).
    pub expires: Duration,
}

/// Why a token is refused to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// Wrong name or password.
    Credentials,
    /// No such project.
    Project,
}

/// Tokens and projects.
#[derive(Debug, Default)]
pub struct Keystone {
    /// Settings.
    pub settings: Identity,
    /// Projects, the admin's first.
    pub tenants: Vec<Tenant>,
    /// Tokens by id.
    pub tokens: BTreeMap<String, Token>,
}

impl Keystone {
    /// The project with this name or id.
    #[must_use]
    pub fn tenant(&self, name_or_id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.name == name_or_id || tenant.id == name_or_id)
    }

    /// Checks a user and returns the project that the token is for.
    ///
    /// # Errors
    /// Unknown user, wrong password, unknown project.
    pub fn check(&self, user: &str, password: Option<&str>, project: &str) -> Result<String, AuthFault> {
        let right_password = match &self.settings.password {
            Some(wanted) => password == Some(wanted),
            None => password.is_some(),
        };
        if user != self.settings.username || !right_password {
            return Err(AuthFault::Credentials);
        }
        self.tenant(project).map(|tenant| tenant.id.clone()).ok_or(AuthFault::Project)
    }

    /// Records a token.
    pub fn admit(&mut self, id: String, tenant: String, now: Duration) -> Token {
        self.tokens.retain(|_, token| token.expires > now);
        let lifetime = Duration::try_from_secs_f64(self.settings.token_lifetime).unwrap_or_default();
        let token = Token { tenant, expires: now + lifetime };
        self.tokens.insert(id, token.clone());
        token
    }

    /// The token, if it is known and still good.
    #[must_use]
    pub fn valid(&self, id: &str, now: Duration) -> Option<&Token> {
        self.tokens.get(id).filter(|token| token.expires > now)
    }

    /// All tokens are forgotten; who holds one gets 401.
    pub fn expire_all(&mut self) {
        self.tokens.clear();
    }
}

impl super::Cloud {
    /// A new token for the project.
    pub fn issue_token(&mut self, tenant: String) -> (String, Token) {
        let id = format!("lab-{}{}", self.fresh_id(), self.fresh_id()).replace('-', "");
        let token = self.keystone.admit(id.clone(), tenant, self.now);
        (id, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keystone(password: Option<&str>) -> Keystone {
        Keystone {
            settings: Identity {
                password: password.map(str::to_owned),
                token_lifetime: 10.0,
                ..Identity::default()
            },
            tenants: vec![Tenant { id: "aa".into(), name: "admin".into(), description: String::new() }],
            tokens: BTreeMap::new(),
        }
    }

    #[test]
    fn a_token_is_good_until_its_end() {
        let mut keystone = keystone(None);
        keystone.admit("t".into(), "aa".into(), Duration::from_secs(5));
        assert!(keystone.valid("t", Duration::from_millis(14_999)).is_some());
        assert!(keystone.valid("t", Duration::from_secs(15)).is_none());
        assert!(keystone.valid("other", Duration::from_secs(6)).is_none());
        keystone.expire_all();
        assert!(keystone.valid("t", Duration::from_secs(6)).is_none());
    }

    #[test]
    fn user_password_and_project_are_checked() {
        let open = keystone(None);
        assert_eq!(open.check("admin", Some("x"), "admin"), Ok("aa".into()));
        assert_eq!(open.check("admin", None, "admin"), Err(AuthFault::Credentials));
        assert_eq!(open.check("eve", Some("x"), "admin"), Err(AuthFault::Credentials));
        assert_eq!(open.check("admin", Some("x"), "other"), Err(AuthFault::Project));
        let closed = keystone(Some("secret"));
        assert_eq!(closed.check("admin", Some("x"), "admin"), Err(AuthFault::Credentials));
        assert_eq!(closed.check("admin", Some("secret"), "admin"), Ok("aa".into()));
    }
}
