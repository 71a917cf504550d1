//! The heartbeat, votes and notifications of a VM, from its applications up to the VIM.
