//! Sockets, inotify, signals and time around the watch: one thread, one epoll.

mod channels;
mod directory;
mod lateness;
mod start;
mod turn;

pub use start::run;
