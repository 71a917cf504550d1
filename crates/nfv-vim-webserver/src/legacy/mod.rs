//! The URLs of the original: which one a request means, and what it is answered. Contract: vim-api 3.2, 3.3.

pub mod callback;
pub mod file;
pub mod list;
pub mod overview;
pub mod route;
