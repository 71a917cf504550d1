//! A simulated StarlingX cloud in one process, for demonstrations and tests.
