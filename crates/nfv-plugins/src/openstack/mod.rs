//! OpenStack and the rules that all REST neighbours share. Contract: southbound 1 to 3.

pub(crate) mod caller;
pub mod catalog;
pub(crate) mod cinder;
pub(crate) mod fields;
pub(crate) mod glance;
pub mod identity;
pub(crate) mod keystone;
pub(crate) mod neutron;
pub(crate) mod neutron_network;
pub(crate) mod nova;
pub(crate) mod nova_action;
pub(crate) mod nova_server;
pub mod relay;
pub(crate) mod rest;
pub(crate) mod token;
pub(crate) mod upload;
