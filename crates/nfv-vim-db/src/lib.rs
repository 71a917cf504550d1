//! The VIM database: schema, migration, repository, dump and load.
