//! One user's talk with the VIM: logging in, and again when a token has run out.

use crate::command::{Command, Invocation};
use crate::keystone;
use crate::refusal::Failed;
use crate::rest::RestClient;
use crate::settings::Credentials;
use crate::strategy::Strategy;
use crate::vim::Vim;
use std::time::Duration;

/// Longest waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of Keystone.
    pub keystone: Duration,
    /// Of the VIM, which itself waits up to 30 s.
    pub vim: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { keystone: Duration::from_secs(30), vim: Duration::from_secs(40) }
    }
}

/// A user who is logged in.
#[derive(Debug)]
pub struct Session {
    client: RestClient,
    credentials: Credentials,
    limits: Limits,
    vim: Vim,
}

impl Session {
    /// Logs in and looks for the VIM.
    ///
    /// # Errors
    /// No token, or the VIM is not in the catalog.
    pub async fn open(client: RestClient, credentials: Credentials, limits: Limits) -> Result<Self, Failed> {
        let vim = find_vim(&client, &credentials, limits).await?;
        Ok(Self { client, credentials, limits, vim })
    }

    /// Logs in anew.
    ///
    /// # Errors
    /// As at the first time; the old token stays in use.
    pub async fn renew(&mut self) -> Result<(), Failed> {
        self.vim = find_vim(&self.client, &self.credentials, self.limits).await?;
        Ok(())
    }

    /// The VIM.
    pub fn vim(&self) -> &Vim {
        &self.vim
    }

    /// Does what is asked for; the strategy as it is then, if there is one.
    ///
    /// # Errors
    /// The VIM refuses or cannot be asked.
    pub async fn carry_out(&self, invocation: &Invocation) -> Result<Option<Strategy>, Failed> {
        let name = invocation.strategy;
        let strategy = match &invocation.command {
            Command::Create(plan) => Some(self.vim.create(name, plan).await?),
            Command::Delete { force } => {
                self.vim.delete(name, *force).await?;
                None
            }
            Command::Apply { stage } => Some(self.vim.apply(name, stage.as_deref()).await?),
            Command::Abort { stage } => Some(self.vim.abort(name, stage.as_deref()).await?),
            Command::Show { .. } => self.vim.show(name).await?,
        };
        Ok(strategy)
    }
}

async fn find_vim(client: &RestClient, credentials: &Credentials, limits: Limits) -> Result<Vim, Failed> {
    let token = keystone::login(client, credentials, limits.keystone).await.map_err(Failed::Login)?;
    let url = token.vim(&credentials.region_name, &credentials.interface);
    let url = url.ok_or_else(|| Failed::NoEndpoint(token.vim_endpoints().cloned().collect()))?;
    Ok(Vim::new(client.clone(), url, token.id.clone(), limits.vim))
}
